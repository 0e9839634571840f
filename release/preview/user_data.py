"""Launch templates' user data, for people: what an instance is told, by name, without the packed boot script. Pure.

The other side of release/component/user_data.py. Other user data is compared line by line.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

BOOT_SCRIPT = "boot script"
"""What the packed boot.sh is called; its value is a checksum."""
_NAMES = {"SHA": "release", "DIGEST": "digest", "DEFAULT_PORT": "port"}
RELEASE = frozenset({"release", "digest"})
"""What says which release it is, and nothing else."""
_SCRIPT = "\n# What follows is release/boot.sh"
_ASSIGNED = re.compile(
    r"""^(?P<name>[A-Z_]+)=(?:\((?P<list>(?:'[^']*'|"[^"]*"|\\.|[^)'"])*)\)|(?P<word>(?:'[^']*'|"[^"]*"|\\.|[^\s'"])*))$""",
    re.MULTILINE | re.DOTALL,
)
"""An assignment as `shlex.quote` writes it, or a list of such words."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Something that instances are told differently; None where it is not told."""

    name: str
    before: str | None
    after: str | None


def decoded(user_data: object) -> str | None:
    """Return user data as text, or None if it is none in base64."""
    try:
        return base64.b64decode(str(user_data), validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def differences(before: str, after: str) -> tuple[Told, ...]:
    """Return what differs between two user data in plain text, in the order of the newer one; either may be empty."""
    old, new = _told(before), _told(after)
    if not all(told or not text for told, text in ((old, before), (new, after))):
        return tuple(_lines(before, after))
    names = dict.fromkeys((*new, *old))
    return tuple(
        Told(name=name, before=old.get(name), after=new.get(name)) for name in names if old.get(name) != new.get(name)
    )


def _told(text: str) -> Mapping[str, str]:
    """Return what Slipway's user data says, the app's variables by their own names; empty if it is not Slipway's."""
    said, packed, script = text.partition(_SCRIPT)
    if not packed:
        return {}
    found: dict[str, str] = {}
    for match in _ASSIGNED.finditer(said):
        name, words = match["name"], shlex.split(match["list"] if match["word"] is None else match["word"])
        if name == "ENVIRONMENT":
            found |= {_variable(key): value for key, value in json.loads(words[0]).items()}
        elif name == "SECRETS":
            found |= {f"secret {key.rpartition('/')[2]}": f"{key}:{at}" for key, _, at in map(_selector, words)}
        elif name == "PACKAGES":
            found |= {f"package {word}": "installed" for word in words}
        else:
            found[_NAMES.get(name, name.lower().replace("_", " "))] = "".join(words)
    return {**found, BOOT_SCRIPT: f"{binascii.crc32(script.encode()):08x}"}


def _variable(name: str) -> str:
    """Return what a variable of the app is called here: Slipway's own are in small letters."""
    return name if name.upper() == name else f"variable {name}"


def _selector(word: str) -> tuple[str, str, str]:
    return word.rpartition(":")


def _lines(before: str, after: str) -> Iterator[Told]:
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        sign, text = line[:1], line[2:]
        if sign in "+-" and text.strip():
            yield Told(name="user data", before=text if sign == "-" else None, after=text if sign == "+" else None)
