"""The cart: a cookie such as `harbour-mug:2.sea-salt:1`. Its content is checked; it has no prices."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from shop.catalogue import PRODUCTS

COOKIE = "cart"
MOST = 9  # of one product


def read(header: str | None) -> dict[str, int]:
    """Return the cart in a Cookie header, without anything unknown or malformed."""
    try:
        cookie = SimpleCookie(header or "").get(COOKIE)
    except CookieError:
        return {}
    cart: dict[str, int] = {}
    for part in (cookie.value if cookie else "").split("."):
        sku, _, quantity = part.partition(":")
        if sku in PRODUCTS and len(quantity) == 1 and quantity in "123456789":
            cart[sku] = int(quantity)
    return cart


def changed(cart: dict[str, int], sku: str, quantity: int) -> dict[str, int]:
    """Return the cart with that many of a product; 0 removes it."""
    rest = {known: number for known, number in cart.items() if known != sku}
    return {**rest, sku: min(quantity, MOST)} if quantity > 0 and sku in PRODUCTS else rest


def cookie(cart: dict[str, int], *, secure: bool) -> str:
    """Return the Set-Cookie header that keeps a cart for a week."""
    value = ".".join(f"{sku}:{quantity}" for sku, quantity in cart.items())
    return f"{COOKIE}={value}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"


def total(cart: dict[str, int]) -> int:
    """Return the total in cents."""
    return sum(PRODUCTS[sku].cents * quantity for sku, quantity in cart.items())
