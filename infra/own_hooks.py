"""From the settings to the commands of the user's own that run around a deploy."""

from __future__ import annotations

import pulumi

from infra.settings import Settings
from release.component.deployment import Deployments
from release.component.own_hooks import Commands, Facts, OwnHooks
from release.store.ledger import Ledger


def declare(settings: Settings, deployments: Deployments, sha: str, url: pulumi.Output[str]) -> None:
    """Have the stack's commands run around its deploy, if it has any. They come first at the gate."""
    given = settings.hooks
    commands = Commands(
        before_deploy=given.before_deploy,
        after_deploy=given.after_deploy,
        after_failure=given.after_failure,
        timeout=given.timeout,
    )
    if not commands:
        return
    facts = Facts(
        stack=settings.stack,
        region=settings.region,
        sha=sha,
        fleets=sorted(settings.fleets),
        before=lambda: _served(deployments.ledger, settings.stack),
        url=url.future,
    )
    hooks = OwnHooks(commands=commands, facts=facts)
    deployments.gate.add(hooks.before)
    deployments.gate.add_ending(hooks.after)


def _served(ledger: Ledger, stack: str) -> str:
    """Return the release that serves as far as the ledger knows; "" if there is none, or fleets differ."""
    shas = {event.sha for event in ledger.live(stack).values()}
    return shas.pop() if len(shas) == 1 else ""
