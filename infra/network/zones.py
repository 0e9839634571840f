"""The availability zones that a stack is in. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from infra.network.cidr import LETTERS
from infra.settings import SettingsError


def choose(wanted: int | tuple[str, ...], names: Collection[str], *, stack: str, region: str) -> tuple[str, ...]:
    """Return the zone names, sorted; `names` are all that the account sees in the region.

    A zone's state plays no part: a stack must not move out of a zone because it is impaired for an hour. Local and
    Wavelength zones are left out. Raises SettingsError if the region lacks what is wanted.
    """
    there = sorted(name for name in names if re.fullmatch(f"{re.escape(region)}[{LETTERS}]", name))
    if isinstance(wanted, int):
        if len(there) < wanted:
            raise SettingsError(
                stack, [f"network.zones: must be at most {len(there)}, the zones of {region}, is {wanted}"]
            )
        return tuple(there[:wanted])
    missing = [letter for letter in wanted if f"{region}{letter}" not in there]
    if missing:
        raise SettingsError(
            stack,
            [f"network.zones: {region} has no zone {', '.join(missing)}; it has {', '.join(there) or 'none'}"],
        )
    return tuple(f"{region}{letter}" for letter in wanted)
