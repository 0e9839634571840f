"""Which instances a refresh replaces, which it brought, which it leaves alone."""

from dataclasses import dataclass

from sandbox.aws.autoscaling.group import Group
from sandbox.aws.autoscaling.members import Member
from sandbox.aws.autoscaling.refresh import Refresh


@dataclass(frozen=True)
class Selection:
    """A group's active instances, told apart. `blocked` says what the refresh was told to wait for."""

    old: list[Member]
    new: list[Member]
    kept: list[Member]
    standby_to_end: list[Member]
    blocked: str | None


def select(group: Group, refresh: Refresh) -> Selection:
    """Tell the group's instances apart as `refresh`, or its rollback, sees them."""
    old: list[Member] = []
    new: list[Member] = []
    kept: list[Member] = []
    for member in group.active():
        if member.refresh == refresh.marker:
            new.append(member)
        elif _outdated(group, refresh, member) and not _protected(refresh, member):
            old.append(member)
        else:
            kept.append(member)
    standby = [m for m in group.members if m.lifecycle_state == "Standby" and _outdated(group, refresh, m)]
    ending = standby if refresh.preferences.standby == "Terminate" else []
    return Selection(old, new, kept, ending, _blocked(group, refresh, kept, standby))


def _outdated(group: Group, refresh: Refresh, member: Member) -> bool:
    if refresh.rolling_back:
        return member.refresh == refresh.id
    if not refresh.preferences.skip_matching:
        return True
    return not refresh.launching.matches(group.ec2, member.launch_template, str(member.instance_type))


def _protected(refresh: Refresh, member: Member) -> bool:
    return bool(member.protected_from_scale_in) and refresh.preferences.protected != "Refresh"


def _blocked(group: Group, refresh: Refresh, kept: list[Member], standby: list[Member]) -> str | None:
    preferences = refresh.preferences
    protected = [m for m in kept if _protected(refresh, m) and _outdated(group, refresh, m)]
    if protected and preferences.protected == "Wait":
        return f"Waiting for scale-in protection to be removed. For example: {protected[0].id} is protected."
    if standby and preferences.standby == "Wait":
        return f"Waiting for instances to leave Standby. For example: {standby[0].id} is in Standby."
    return None
