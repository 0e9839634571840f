"""`activate`: bring up a stack that is kept for recovery, with nothing but AWS in its own region."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from release import postures
from release.clients import FAILURES, client
from release.commands import fleets, word
from release.commands.options import stack_name
from release.commands.output import as_json, progress, progress_ended, tell
from release.errors import ReleaseError
from release.notify.fact import ACTIVATION
from release.notify.word import Word
from release.phase.left import not_run
from release.rollout.activate import Activation, Target
from release.rollout.aws import Aws
from release.rollout.serving import Serving
from release.store.ledger import Ledger
from release.store.notes import Notes
from release.store.releases import Store

HELP = "bring up a stack that is kept for recovery, with nothing but AWS in its region"


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument(
        "--posture",
        choices=("active", "warm"),
        default="active",
        help="active: the sizes of the settings (the default); warm: one instance in each zone",
    )


def run(arguments: argparse.Namespace) -> None:
    """Bring the fleets up, and print what they serve then and where. Raises ReleaseError."""
    aws, stack = Aws(arguments.region), stack_name(arguments)
    there = fleets.found(arguments, stack, aws.fleets)
    s3 = client("s3", arguments.region)
    activation = Activation(
        stack=stack,
        posture=arguments.posture,
        aws=aws,
        store=Store(there[0].store, s3),
        ledger=Ledger(there[0].store, s3),
        tell=tell,
        warn=lambda line: tell(f"warning: {line}"),
        progress=progress,
    )
    targets = activation.targets(there)
    if newer := activation.newer(targets):
        activation.warn(newer)
    now = {target.fleet.name: activation.serving(target) for target in targets}
    changed = not all(_is_done(target, now[target.fleet.name]) for target in targets)
    if changed and (left := not_run(stack, Notes(there[0].store, "phases", s3))):
        tell(left)
    if changed:
        spoken = _word(activation, targets)
        try:
            with word.spread(spoken):
                now = asyncio.run(replace(activation, heard=spoken.heard).run(targets))
        except KeyboardInterrupt:
            raise ReleaseError(
                "stopped watching; AWS goes on: `python -m release status` shows it; the same command follows it again"
            ) from None
        finally:
            progress_ended()
    if arguments.posture == postures.ACTIVE:
        for group in aws.groups.let_work_begin(stack):
            tell(f"{group}: its scheduled work begins")
    _show(arguments, activation, targets, now, changed=changed)


def _word(activation: Activation, targets: Sequence[Target]) -> Word:
    region = activation.aws.fleets.region
    return Word(
        told=word.looked_up(activation.stack, region),
        stack=activation.stack,
        region=region,
        sha=targets[0].release.sha,
        fleets=[target.fleet.name for target in targets],
        action=ACTIVATION,
    )


def _is_done(target: Target, serving: Serving) -> bool:
    return target.is_set and serving.is_exactly(target.release.sha, target.release.digest)


def _show(
    arguments: argparse.Namespace,
    activation: Activation,
    targets: Sequence[Target],
    now: Mapping[str, Serving],
    *,
    changed: bool,
) -> None:
    url, posture = (
        _url(activation.aws, targets),
        min((target.posture for target in targets), key=postures.POSTURES.index),
    )
    if arguments.json:
        shown = {name: asdict(serving) for name, serving in now.items()}
        facts = {"stack": activation.stack, "posture": posture, "changed": changed, "url": url}
        as_json({**facts, "region": activation.aws.fleets.region, "fleets": shown})
        return
    print(f"{activation.stack} is {posture}{'' if changed else ' already'}")
    for name, serving in now.items():
        print(f"{name}: {serving}{f' at {url}' if url else ''}")


def _url(aws: Aws, targets: Sequence[Target]) -> str | None:
    """Return where the stack serves; None if AWS can't be asked: that must not hide that it serves."""
    try:
        balanced = [arn for target in targets for arn in target.fleet.group.target_group_arns]
        return aws.groups.url(balanced)
    except FAILURES:
        return None
