"""Drives an instance refresh: replace, wait until ready, bake; fail, roll back, cancel."""

from dataclasses import replace

from moto.cloudwatch.models import cloudwatch_backends

from sandbox.aws.autoscaling.group import Group
from sandbox.aws.autoscaling.health import waiting_for
from sandbox.aws.autoscaling.lifecycle import terminate
from sandbox.aws.autoscaling.members import Member
from sandbox.aws.autoscaling.refresh import Refresh
from sandbox.aws.autoscaling.refresh_step import Counts, Step, next_step
from sandbox.aws.autoscaling.selection import Selection, select
from sandbox.aws.autoscaling.zones import first_to_go
from sandbox.aws.state import Tick, state

CAUSE = "an instance was taken out of service in response to an instance refresh."


class Limits:
    """How long a refresh goes on without progress before it fails: AWS's hour, unless the sandbox is told otherwise."""

    stalled = 3600.0


def advance(group: Group, refresh: Refresh, tick: Tick) -> Step | None:
    """Advance the refresh; return None if the group is kept at its capacity as without a refresh."""
    before = (refresh.status, refresh.reason, replace(refresh.progress))
    result = None
    if refresh.status == "Cancelling":
        _finish_cancelling(group, refresh)
    elif group.suspended("InstanceRefresh"):
        refresh.reason = "The InstanceRefresh process of the group is suspended."
    elif not _alarmed(group, refresh, tick):
        result = _replace(group, refresh, tick)
    if before != (refresh.status, refresh.reason, refresh.progress):
        state.wake()
    return result if refresh.active else None


def fail(group: Group, refresh: Refresh, reason: str, now: float) -> None:
    """Fail the refresh, or roll it back if auto rollback is on; a failed rollback is final."""
    if refresh.rolling_back:
        refresh.end("RollbackFailed", reason)
    elif refresh.preferences.auto_rollback:
        roll_back(group, refresh, f"Automatically rolling back: {reason}", now)
    else:
        refresh.end("Failed", reason)
    state.wake()


def roll_back(group: Group, refresh: Refresh, reason: str, now: float) -> None:
    """Roll it back: replace the instances it launched, with the configuration from before."""
    refresh.begin_rollback(reason, now)
    group.forgive()
    state.wake()


def _finish_cancelling(group: Group, refresh: Refresh) -> None:
    moving = [m for m in group.members if m.pending or m.leaving]
    if not (moving and refresh.wait_for_transitions):
        refresh.end("Cancelled", "Cancelled by user.")


def _alarmed(group: Group, refresh: Refresh, tick: Tick) -> bool:
    if refresh.rolling_back:
        return False
    alarms = cloudwatch_backends[group.account_id][group.region].alarms
    for name in refresh.preferences.alarms:
        if name in alarms and alarms[name].state_value == "ALARM":
            fail(group, refresh, f"CloudWatch alarm {name} is in the ALARM state.", tick.now)
            return True
    return False


def _replace(group: Group, refresh: Refresh, tick: Tick) -> Step | None:
    if refresh.status == "Pending":
        refresh.start(tick.now)
    chosen = select(group, refresh)
    lacking = {m.id: waiting_for(group, m, refresh.preferences.warmup, tick) for m in chosen.new}
    ready = sum(1 for reason in lacking.values() if reason is None)
    needed = max(0, group.capacity - len(chosen.kept))
    refresh.note(needed, ready, len(chosen.old), tick.now)
    allowed, final = refresh.pass_checkpoint(needed, tick)
    left = len(chosen.old) - (needed - allowed if final else 0)
    leaving = any(m.leaving for m in group.members)
    if left <= 0 and not chosen.blocked and ready >= allowed and final and not leaving:
        _complete(group, refresh, tick)
        return None
    if tick.now >= refresh.progressed_at + Limits.stalled:
        fail(group, refresh, _explain(chosen, lacking), tick.now)
        return None
    tick.at(refresh.progressed_at + Limits.stalled)
    if refresh.status == "Baking":
        return None
    refresh.reason = _explain(chosen, lacking)
    may_terminate = not group.suspended("Terminate")
    if may_terminate:
        for member in [m for m in chosen.old if m.pending] + chosen.standby_to_end:
            terminate(group, member, CAUSE, tick)
    old = [m for m in chosen.old if m.active]
    serving = [m for m in old + chosen.kept if m.in_service and m.alive]
    counts = Counts(
        capacity=group.capacity,
        kept=len(chosen.kept),
        old=len(old),
        new=len(chosen.new),
        ready=len(serving) + ready,
        allowed=allowed,
    )
    decided = next_step(counts, refresh.preferences)
    if may_terminate:
        _take_out(group, old, decided.terminate, tick)
    return decided


def _take_out(group: Group, old: list[Member], count: int, tick: Tick) -> None:
    """Terminate `count` of the old instances, unfit ones first."""
    candidates = [m for m in old if m.in_service]
    for _ in range(min(count, len(candidates))):
        unfit = [m for m in candidates if waiting_for(group, m, 0, tick)]
        victim = first_to_go(unfit or candidates, [m.zone for m in group.active()])
        candidates.remove(victim)
        terminate(group, victim, CAUSE, tick)


def _complete(group: Group, refresh: Refresh, tick: Tick) -> None:
    if refresh.rolling_back:
        refresh.end("RollbackSuccessful", refresh.reason)
        return
    bake = refresh.preferences.bake_time
    if bake and refresh.baking_until is None:
        refresh.status, refresh.reason = "Baking", f"Baking for {bake} seconds."
        refresh.baking_until = refresh.progressed_at = tick.now + bake
    if refresh.baking_until is not None and tick.now < refresh.baking_until:
        tick.at(refresh.baking_until)
        return
    if refresh.desired:
        group.save(refresh.desired)
    refresh.end("Successful")


def _explain(chosen: Selection, lacking: dict[str, str | None]) -> str:
    """Return the status reason: what the refresh waits for, with one instance as an example."""
    if chosen.blocked:
        return chosen.blocked
    example = next(((id_, reason) for id_, reason in lacking.items() if reason), None)
    if example and example[1] == "warming up":
        return f"Waiting for instances to warm up before continuing. For example: {example[0]} is warming up."
    if example:
        return f"Waiting for remaining instances to be available. For example: {example[0]} is {example[1]}."
    if chosen.old:
        return f"Replacing instances. For example: {chosen.old[0].id} is to be replaced."
    return "Waiting for instances to launch or to terminate."
