"""An instance's way through its group: Pending, held by hooks, in service, drained, terminated."""

import contextlib
from collections.abc import Callable

from moto.elbv2.exceptions import ELBClientError

from sandbox.aws.autoscaling import health, hooks
from sandbox.aws.autoscaling.group import Group
from sandbox.aws.autoscaling.hooks import Action
from sandbox.aws.autoscaling.members import Member
from sandbox.aws.state import Tick, state

Step = Callable[[Group, Member, Tick], None]


def advance(group: Group, member: Member, tick: Tick) -> None:
    """Take a member one step further where it can go further."""
    step = STEPS.get(member.lifecycle_state)
    if step:
        step(group, member, tick)


def terminate(group: Group, member: Member, cause: str, tick: Tick) -> None:
    """Take a member out of service: it drains, its hooks run, then EC2 terminates it."""
    member.ending = group.record(
        f"Terminating EC2 instance: {member.id}", cause, member.zone, member.instance.subnet_id
    )
    if member.pending:
        member.activity.end("Cancelled", "Instance was terminated before it came into service.")
        member.abandoned = True
    member.actions = {}
    for arn in group.target_group_arns:
        with contextlib.suppress(ELBClientError):
            group.elbv2.deregister_targets(arn, [{"Id": member.id}])
    _enter(member, "Terminating")
    advance(group, member, tick)


def _enter(member: Member, lifecycle_state: str) -> None:
    member.lifecycle_state = lifecycle_state
    state.wake()


def _pending(group: Group, member: Member, tick: Tick) -> None:
    if _lost(group, member, tick) or member.instance.state != "running":
        return
    if member.actions:
        member.activity.status = "MidLifecycleAction"
    _enter(member, "Pending:Wait" if member.actions else "Pending:Proceed")


def _pending_wait(group: Group, member: Member, tick: Tick) -> None:
    if _lost(group, member, tick):
        return
    waiting = _waiting(member, tick)
    failed = next((a for a in member.actions.values() if a.result == hooks.ABANDON), None)
    if failed:
        member.activity.end(
            "Cancelled",
            "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token "
            f"{failed.token} was abandoned: {failed.reason}",
        )
        group.failed(tick.now)
        terminate(group, member, "an instance was taken out of service in response to a lifecycle action result.", tick)
    elif not waiting:
        _enter(member, "Pending:Proceed")


def _pending_proceed(group: Group, member: Member, tick: Tick) -> None:
    if _lost(group, member, tick):
        return
    if not group.suspended("AddToLoadBalancer"):
        for arn in group.target_group_arns:
            with contextlib.suppress(ELBClientError):
                group.elbv2.register_targets(arn, [{"Id": member.id}])
    member.in_service_at = tick.now
    member.activity.end("Successful")
    _enter(member, "InService")


def _in_service(group: Group, member: Member, tick: Tick) -> None:
    cause = health.check(group, member, tick)
    if cause is None:
        return
    if member.health_status != "Unhealthy":
        member.health_status = "Unhealthy"
        state.wake()
    if not (group.suspended("ReplaceUnhealthy") or group.suspended("Terminate")):
        group.failed(tick.now)
        terminate(group, member, cause, tick)


def _terminating(group: Group, member: Member, tick: Tick) -> None:
    draining = any(group.elbv2.health_of(arn, member.id).state == "draining" for arn in group.target_group_arns)
    if draining and member.alive:
        if member.ending:
            member.ending.status = "WaitingForELBConnectionDraining"
        return
    wanted = [] if member.abandoned or not member.alive else group.hooks_for(hooks.TERMINATING)
    member.actions = {hook.name: Action(hook, tick.now) for hook in wanted}
    if wanted and member.ending:
        member.ending.status = "MidLifecycleAction"
    _enter(member, "Terminating:Wait" if wanted else "Terminating:Proceed")


def _terminating_wait(_: Group, member: Member, tick: Tick) -> None:
    if not _waiting(member, tick) or not member.alive:
        _enter(member, "Terminating:Proceed")


def _terminating_proceed(group: Group, member: Member, _: Tick) -> None:
    if member.alive or member.halted:
        if member.ending:
            member.ending.status = "InProgress"
        group.ec2.terminate_instances([member.id])
    elif member.instance.state == "terminated":
        if member.ending:
            member.ending.end("Successful")
        group.members.remove(member)
        state.wake()


def _lost(group: Group, member: Member, tick: Tick) -> bool:
    """Return whether a member died before it came into service; then it leaves."""
    if member.alive:
        return False
    reason = member.instance.state_reason.message or "the instance was terminated"
    member.activity.end(
        "Failed",
        f"Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: {reason}",
    )
    group.failed(tick.now)
    terminate(group, member, health.EC2_FAILURE, tick)
    return True


def _waiting(member: Member, tick: Tick) -> bool:
    """Return whether an action of the member is neither completed nor timed out."""
    for action in member.actions.values():
        action.expire(tick.now)
        if action.result is None:
            tick.at(action.deadline)
    return any(action.result is None for action in member.actions.values())


STEPS: dict[str, Step] = {
    "Pending": _pending,
    "Pending:Wait": _pending_wait,
    "Pending:Proceed": _pending_proceed,
    "InService": _in_service,
    "Terminating": _terminating,
    "Terminating:Wait": _terminating_wait,
    "Terminating:Proceed": _terminating_proceed,
}
