"""What has changed between two looks, a line each, for a log. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from release.watch import rows
from release.watch.seen import Fleet, Member, Seen


def first(seen: Seen) -> Iterator[str]:
    """Yield what the first look has found."""
    yield from (f"{seen.stack}: {mark}" for mark in seen.marks)
    for fleet in seen.fleets:
        cells = dict(zip(rows.FLEETS, rows.fleet(fleet), strict=True))
        yield (
            f"{fleet.name}: {cells['RELEASE']}, {cells['SERVING']} serving ({cells['ZONES']}); "
            f"requests {cells['REQUESTS']}, {cells['FAILED']} failed; rollout {cells['ROLLOUT']}"
        )
        yield from (f"{fleet.name}: {_member(member)}" for member in fleet.members if not member.serves)
    yield from (f"could not ask for {what}" for what in seen.unknown)


def between(before: Seen, now: Seen) -> Iterator[str]:
    """Yield what is different now; nothing if nothing is. Numbers of requests that succeed are no change."""
    known = {fleet.name: fleet for fleet in before.fleets}
    yield from (f"{now.stack}: {mark}" for mark in now.marks if mark not in before.marks)
    yield from (f"{now.stack}: no longer {mark}" for mark in before.marks if mark not in now.marks)
    for fleet in now.fleets:
        if fleet.name not in known:
            yield f"{fleet.name}: made"
        yield from (f"{fleet.name}: {line}" for line in _of_fleet(known.get(fleet.name), fleet))
    yield from (f"{name}: gone" for name in known if name not in {fleet.name for fleet in now.fleets})
    seen = {event.order for event in before.events}
    unread = any(what.startswith("the ledger:") for what in before.unknown) and not seen
    for event in reversed(now.events):
        if event.order not in seen and not unread:
            _, fleet, action, sha, outcome, took, by, reason = rows.event(event)
            parts = [f"{action} of {sha} {outcome}", f"after {took}" if took else "", f"by {by}", reason]
            yield f"{fleet}: {', '.join(part for part in parts if part)}"
    yield from (f"could not ask for {what}" for what in now.unknown if what not in before.unknown)
    yield from (f"could ask again for {what.partition(':')[0]}" for what in before.unknown if _told(what, now))


def _told(what: str, now: Seen) -> bool:
    about = what.partition(":")[0]
    return about not in {each.partition(":")[0] for each in now.unknown}


def _of_fleet(before: Fleet | None, now: Fleet) -> Iterator[str]:
    if before and (before.desired, before.least, before.largest) != (now.desired, now.least, now.largest):
        yield f"{now.desired} instances wanted ({now.least} to {now.largest}); before {before.desired}"
    was, rolled = before.rolling if before else None, now.rolling
    if rolled and (was is None or rows.rolling(was) != rows.rolling(rolled)):
        yield f"rollout {rolled.refresh.id} {rows.rolling(rolled)}"
    if was and (rolled is None or rolled.refresh.id != was.refresh.id):
        yield f"rollout {was.refresh.id} has ended"
    if before and before.sha != now.sha:
        yield f"launches {rows.short(now.sha)}; before {rows.short(before.sha)}"
    members = {member.id: member for member in before.members} if before else {}
    for member in now.members:
        if members.get(member.id) != member:
            yield _member(member)
    yield from (f"{gone} is gone" for gone in members if gone not in {member.id for member in now.members})
    yield from _failed(before, now)
    if before and not before.calm and now.calm:
        yield f"all {now.desired} serve"


def _failed(before: Fleet | None, now: Fleet) -> Iterator[str]:
    """Yield how many requests failed, if any did and it is another number than before."""
    failed = now.requests.failed if now.requests else 0
    then = before.requests.failed if before and before.requests else 0
    if now.requests and failed and failed != then:
        yield f"{failed:,} of {now.requests.total:,} requests failed in {now.requests.minutes} min"


def _member(member: Member) -> str:
    _, _, zone, sha, state, health = rows.member(member, "")
    return f"{member.id} {state} {health} {sha} in {zone}"
