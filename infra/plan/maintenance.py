"""What a deploy says of a stack that is in maintenance: it goes on, and its rules on the balancer stay."""

from __future__ import annotations

from infra.plan import lookup
from infra.settings import Settings
from release import names
from release.clients import client
from release.errors import ReleaseError, StoreError
from release.maintenance.balancer import Balancer, Listener
from release.maintenance.record import Record


def look(settings: Settings, bucket: str) -> tuple[list[str], list[str]]:
    """Return problems and warnings. Before its first `up` a stack has no bucket. Raises ReleaseError."""
    try:
        current = Record(bucket, client("s3", settings.region)).current(settings.stack)
    except StoreError as error:
        if lookup.has_no_bucket(error):
            return [], []
        raise
    if current is None:
        return [], []
    said = f"stack {settings.stack} is {current}"
    try:
        listeners = Balancer(settings.stack, settings.region).listeners()
    except ReleaseError:  # there is none, or it can't be asked
        listeners = []
    if not listeners or not all(listener.answers for listener in listeners):
        return [], [
            f"{said}, but its balancer has no rule for that, and serves: after the deploy, put it back "
            f"(`python -m release maintenance on --stack {settings.stack}`) or end it (`… off`)"
        ]
    return list(_held(settings, listeners)), [
        f"{said}: clients get its page also after this deploy; `python -m release maintenance off` ends it"
    ]


def _held(settings: Settings, listeners: list[Listener]) -> list[str]:
    """Return the fleets that are to go, and that who is let through is still led to: ELB removes no group in use."""
    wanted = {names.target_group_name(settings.stack, name, fleet.port) for name, fleet in settings.fleets.items()}
    led = {
        names.target_group_in(str(action["TargetGroupArn"]))
        for listener in listeners
        for rule in listener.rules
        if rule.ours
        for action in rule.actions
        if "TargetGroupArn" in action
    }
    return [
        f"fleets: the stack is in maintenance, and who is let through is led to the target group {name}, which is to "
        f"go: `python -m release maintenance off --stack {settings.stack}` first"
        for name in sorted(led - wanted)
    ]
