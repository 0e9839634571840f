"""The products. Prices are in cents; a picture is the content of an SVG of 240 by 180."""

from __future__ import annotations

from dataclasses import dataclass

INK, SAND, SEA, FOAM, RUST, SUN, MOSS, CLAY = (
    "#1f2a37", "#ead9bd", "#2f6f86", "#dcebee", "#c4553a", "#e9b44c", "#5f7a52", "#a9745a",
)  # fmt: skip


@dataclass(frozen=True)
class Product:
    """One product."""

    sku: str
    name: str
    cents: int
    background: str
    line: str
    story: str
    picture: str


_PRODUCTS = [
    Product(
        "harbour-mug", "Harbour mug", 2400, FOAM, "Stoneware that stays warm",
        "Thrown thick at the base and thin at the lip. Holds three decilitres, and a morning.",
        f'<path d="M78 58h70v56a22 22 0 0 1-22 22h-26a22 22 0 0 1-22-22z" fill="{SEA}"/>'
        f'<path d="M148 72h12a18 18 0 0 1 0 36h-12" fill="none" stroke="{SEA}" stroke-width="10"/>'
        f'<path d="M78 82h70" stroke="{SAND}" stroke-width="6"/>'
        f'<path d="M98 46q-8-10 0-20M118 46q-8-10 0-20" fill="none" stroke="{INK}" stroke-width="3" opacity=".35"/>',
    ),
    Product(
        "storm-lantern", "Storm lantern", 5900, SAND, "Burns in a gale, folds for a pocket",
        "A brass cage around a glass that can be had again. Runs eleven hours on one filling.",
        f'<path d="M100 36a20 20 0 0 1 40 0" fill="none" stroke="{INK}" stroke-width="4"/>'
        f'<rect x="94" y="40" width="52" height="12" rx="4" fill="{INK}"/>'
        f'<rect x="98" y="52" width="44" height="72" rx="10" fill="{FOAM}"/>'
        f'<path d="M120 74q18 22 0 36q-18-14 0-36" fill="{SUN}"/>'
        f'<rect x="88" y="122" width="64" height="18" rx="4" fill="{INK}"/>',
    ),
    Product(
        "pilot-jumper", "Pilot jumper", 13900, FOAM, "Wool that has seen weather",
        "Knitted in one piece from undyed wool of hardy sheep. It will outlive two of you.",
        f'<path d="M92 42l28 10 28-10 28 16 16 72-20 5-20-56v63H88V79l-20 56-20-5 16-72z" fill="{INK}"/>'
        f'<path d="M106 47a14 9 0 0 0 28 0" fill="{FOAM}"/>'
        f'<path d="M88 104h64M88 114h64" stroke="{SAND}" stroke-width="4"/>',
    ),
    Product(
        "tide-clock", "Tide clock", 8400, SAND, "One hand, two tides a day",
        "Goes round once in twelve hours and twenty-five minutes, as the sea does.",
        f'<circle cx="120" cy="90" r="54" fill="{FOAM}" stroke="{INK}" stroke-width="7"/>'
        f'<path d="M70 96q12-10 25 0t25 0 25 0 25 0a50 50 0 0 1-100 0z" fill="{SEA}"/>'
        f'<path d="M120 90l26-30" stroke="{RUST}" stroke-width="6" stroke-linecap="round"/>'
        f'<circle cx="120" cy="90" r="6" fill="{INK}"/>',
    ),
    Product(
        "oak-tray", "Oak tray", 4700, FOAM, "For breakfast, and for the rest",
        "One plank, steamed and bent. The grain is never the same twice.",
        f'<rect x="46" y="62" width="148" height="62" rx="16" fill="{CLAY}"/>'
        f'<rect x="56" y="72" width="128" height="42" rx="9" fill="{SAND}"/>'
        f'<path d="M64 84q50 10 112 0M64 100q60-10 112 2" fill="none" stroke="{CLAY}" stroke-width="2" opacity=".6"/>',
    ),
    Product(
        "sail-bag", "Sail bag", 9600, SAND, "Cut from a mainsail that retired",
        "Every one has a past: the number of the boat it drove is stitched inside.",
        f'<path d="M94 70c0-42 52-42 52 0" fill="none" stroke="{RUST}" stroke-width="7"/>'
        f'<path d="M72 66h96l10 74H62z" fill="#fbf7ef" stroke="{INK}" stroke-width="3"/>'
        f'<path d="M120 84l20 34h-20zM114 90v28H98z" fill="{SEA}"/>',
    ),
    Product(
        "sea-salt", "Grey sea salt", 900, FOAM, "Raked by hand, dried by wind",
        "Two hundred grams of a whole summer. Keeps longer than you will.",
        f'<path d="M88 62h64l6 70a10 10 0 0 1-10 10H92a10 10 0 0 1-10-10z" fill="#fff" stroke="{INK}" '
        'stroke-width="3"/>'
        f'<rect x="86" y="42" width="68" height="20" rx="6" fill="{CLAY}"/>'
        f'<path d="M83 104q37-22 74 0l3 28a10 10 0 0 1-11 10H92a10 10 0 0 1-11-10z" fill="#c9ced3"/>',
    ),
    Product(
        "chart-notebook", "Chart notebook", 1800, SAND, "Soundings on every other page",
        "Ninety-six leaves of sea chart paper. Takes ink, pencil and rain.",
        f'<rect x="76" y="34" width="88" height="112" rx="6" fill="{SEA}"/>'
        f'<rect x="76" y="34" width="14" height="112" rx="4" fill="{INK}"/>'
        f'<path d="M104 66q20-16 48 0M104 84q24-16 48 0M104 102q18-16 48 0" fill="none" stroke="{FOAM}" '
        'stroke-width="3"/>'
        f'<rect x="150" y="34" width="5" height="112" fill="{RUST}"/>',
    ),
    Product(
        "fern-pot", "Fern in a pot", 3200, FOAM, "Grows in north light",
        "A hart's-tongue fern, two years old, in clay that breathes.",
        f'<path d="M90 100h60l-8 44H98z" fill="{RUST}"/>'
        f'<rect x="84" y="92" width="72" height="14" rx="4" fill="{CLAY}"/>'
        f'<path d="M120 94q-46-10-50-52q40 4 50 52q-6-46 20-64q22 28-20 64q16-38 52-34q-6 34-52 34" fill="{MOSS}"/>',
    ),
    Product(
        "rope-mat", "Rope mat", 6800, SAND, "Old mooring lines, new knots",
        "A flat knot that sailors made on long watches. Lies still, wherever it is put.",
        f'<g fill="none" stroke="{CLAY}" stroke-width="9"><ellipse cx="120" cy="92" rx="66" ry="42"/>'
        f'<ellipse cx="120" cy="92" rx="48" ry="28"/><ellipse cx="120" cy="92" rx="29" ry="14"/></g>'
        f'<path d="M56 92h128" stroke="{SAND}" stroke-width="3" stroke-dasharray="5 6"/>',
    ),
    Product(
        "signal-kite", "Signal kite", 3900, FOAM, "Flies in four knots of wind",
        "Spinnaker cloth and a spar of ash. Visible from further than a shout carries.",
        f'<path d="M120 24l44 50-44 60-44-60z" fill="{RUST}"/><path d="M120 24v110l44-60z" fill="{SUN}"/>'
        f'<path d="M76 74h88M120 24v110" stroke="{INK}" stroke-width="2"/>'
        f'<path d="M120 134q-20 12-4 22t-8 18" fill="none" stroke="{INK}" stroke-width="3"/>',
    ),
    Product(
        "driftwood-stool", "Driftwood stool", 11200, SAND, "Three legs, no two alike",
        "Made of what the winter brings. Three legs stand on any floor.",
        f'<path d="M92 84l-14 60M148 84l14 60M120 88v58" stroke="{CLAY}" stroke-width="10" stroke-linecap="round"/>'
        f'<ellipse cx="120" cy="76" rx="60" ry="20" fill="{INK}"/>'
        f'<ellipse cx="120" cy="70" rx="60" ry="20" fill="{CLAY}"/>'
        f'<ellipse cx="120" cy="70" rx="38" ry="11" fill="none" stroke="{SAND}" stroke-width="2" opacity=".7"/>',
    ),
]  # fmt: skip

PRODUCTS = {product.sku: product for product in _PRODUCTS}
