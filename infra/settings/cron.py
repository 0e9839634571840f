"""Cron expressions and time zones, as scheduled actions of Auto Scaling take them. Pure.

Five fields of traditional cron, numbers only: minute, hour, day of the month, month, day of the week (0 is Sunday).
Names, `?`, `L`, `W` and `#` are EventBridge's, and refused. Source: EC2 Auto Scaling user guide, "Scheduled scaling".
"""

from __future__ import annotations

import re
from zoneinfo import available_timezones

from infra.settings.kinds import Kind, text, wrong, wrong_type

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 6))
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART = re.compile(r"(\*|([0-9]{1,2})(-([0-9]{1,2}))?)(/([0-9]{1,2}))?")
_WANTED = "must be five fields (minute, hour, day of the month, month, day of the week: `30 2 * * 1-5`)"


def _read_cron(value: object) -> str:
    """Return the expression with single spaces between its fields."""
    if not isinstance(value, str):
        raise wrong_type(_WANTED)
    fields = value.split()
    if len(fields) != len(_FIELDS):
        raise wrong(f"{_WANTED}, has {len(fields)}")
    values = [_values(field, *limits) for field, limits in zip(fields, _FIELDS, strict=True)]
    days, months = values[2], values[3]
    if fields[4] == "*" and not any(min(days) <= _DAYS[month - 1] for month in months):
        raise wrong(f"never comes: there is no day {min(days)} in month {', '.join(map(str, sorted(months)))}")
    return " ".join(fields)


def _values(field: str, name: str, low: int, high: int) -> set[int]:
    """Return the values that a field stands for. Raises Wrong."""
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise wrong(f"has {part!r} for the {name}; a field has *, numbers, ranges (1-5), steps (*/15) and commas")
        first, last, step = match[2], match[4], match[6]
        if step and not (match[1] == "*" or last):
            raise wrong(f"has {part!r} for the {name}; a step needs * or a range before it, such as */{step}")
        begin = low if first is None else int(first)
        end = int(last) if last else high if first is None else begin
        if not low <= begin <= end <= high or step == "0" * len(step or "x"):
            hint = "; 0 is Sunday" if name == "day of the week" and end == 7 else ""
            raise wrong(f"has {part!r} for the {name}, which goes from {low} to {high}{hint}")
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def _read_zone(value: object) -> object:
    given = _ZONE.read(value)
    known = available_timezones()  # none, where a machine has no database of them: then AWS decides
    if known and given not in known:
        raise wrong(f"is no time zone: {given}; IANA's names are such as Europe/Berlin and Etc/UTC")
    return given


_ZONE = text(r"[A-Za-z0-9+_-]{1,30}(/[A-Za-z0-9+_-]{1,30}){0,2}", "an IANA time zone such as Europe/Berlin")
CRON = Kind("five fields of cron", {"type": "string", "pattern": r"^\s*([0-9*,/-]+\s+){4}[0-9*,/-]+\s*$"}, _read_cron)
TIME_ZONE = Kind("an IANA time zone", _ZONE.json, _read_zone)
