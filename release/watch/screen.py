"""What was seen, on a terminal: drawn for the size that it has at the moment, with rich. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from release.text import one_line
from release.watch import rows
from release.watch.seen import Fleet, Member, Seen

_WIDE = 100
"""Columns of a terminal below which _LESS is left out: the instances tell their zones themselves."""
_LESS = ("ZONES", "REQUESTS")
_AROUND = 7
"""Lines beside those of the tables: head, headings, gaps, foot."""
_FEWEST_EVENTS = 2
_ENDS = {"succeeded": "green", "failed": "red", "rolled-back": "yellow", "unproved": "yellow"}


@dataclass(kw_only=True)
class Screen:
    """The view of one stack. It is drawn several times a second; `seen` and `trouble` change in between."""

    stack: str
    age: Callable[[], float]
    """Returns how many seconds ago it was looked."""
    seen: Seen | None = None
    trouble: str = ""
    """Why AWS does not answer now; what was seen before stays."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height or console.height
        yield self._head()
        if self.seen is None:
            yield Text("looking …", style="dim")
            return
        notes = [*self.seen.marks, *([self.trouble] if self.trouble else []), *self.seen.unknown][: max(1, height // 4)]
        for note in notes:
            yield _text(note, "bold yellow" if note in self.seen.marks else "red")
        left = height - _AROUND - len(notes)
        fleets = self.seen.fleets[: max(1, left)]
        shown = [name for name in rows.FLEETS if options.max_width >= _WIDE or name not in _LESS]
        yield _table(shown, (_fleet(fleet, shown) for fleet in fleets), flexible="ROLLOUT")
        left -= len(fleets)
        events = min(len(self.seen.events), max(_FEWEST_EVENTS, left // 3))
        members = sorted(
            ((member, fleet.name) for fleet in self.seen.fleets for member in fleet.members),
            key=lambda each: each[0].serves,  # those that need a look first
        )
        room = max(0, left - events - 1)
        if room > 1 and members:
            yield Text()
            few = members if len(members) <= room else members[: room - 1]
            yield _table(rows.MEMBERS, (_member(*each) for each in few), flexible="HEALTH")
            if len(few) < len(members):
                yield Text(f"and {len(members) - len(few)} more", style="dim")
        if left > 0 and events:
            yield Text()
            yield _table(rows.EVENTS, (_event(cells) for cells in map(rows.event, self.seen.events[:events])), "REASON")

    def _head(self) -> Text:
        head = Text(no_wrap=True, overflow="ellipsis")
        head.append(self.stack, style="bold")
        if self.seen:
            calm = all(fleet.calm for fleet in self.seen.fleets)
            head.append(f" in {self.seen.region}  {self.seen.at:%H:%M:%S} UTC")
            head.append(f", {self.age():.0f} s ago  ", style="dim" if not self.trouble else "red")
            head.append("all serve" if calm else "not all is calm", style="green" if calm else "yellow")
        return head.append("   q leaves", style="dim")


def _text(text: str, style: str = "") -> Text:
    """Return what a stranger may have written (a reason, a name) without what steers a terminal, and not as markup."""
    return Text(one_line(text), style=style, no_wrap=True, overflow="ellipsis")


def _table(headings: Sequence[str], cells: Iterable[Sequence[Text]], flexible: str) -> Table:
    """Return a table whose last columns give way where the terminal is narrow; one row is one line."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False, expand=True)
    for heading in headings:
        table.add_column(heading, no_wrap=True, overflow="ellipsis", ratio=1 if heading == flexible else None)
    for row in cells:
        table.add_row(*row)
    return table


def _fleet(found: Fleet, shown: Sequence[str]) -> list[Text]:
    styles = {
        "FLEET": "bold",
        "SERVING": "green" if found.serving == found.desired else "yellow" if found.serving else "red",
        "FAILED": "red" if found.requests and found.requests.failed else "",
        "ROLLOUT": ("cyan" if found.rolling.forward else "yellow") if found.rolling else "",
    }
    cells = dict(zip(rows.FLEETS, rows.fleet(found), strict=True))
    return [_text(cells[name], styles.get(name, "")) for name in shown]


def _member(found: Member, fleet: str) -> list[Text]:
    style = "" if found.serves else "red" if "nhealthy" in rows.health(found) else "yellow"
    return [_text(cell, style) for cell in rows.member(found, fleet)]


def _event(cells: Sequence[str]) -> list[Text]:
    return [
        _text(cell, _ENDS.get(cell, "") if name == "OUTCOME" else "")
        for name, cell in zip(rows.EVENTS, cells, strict=True)
    ]
