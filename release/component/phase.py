"""Where a release phase meets the engine: the step of the gate that runs it, and what a preview says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from release.clients import client
from release.component.gate import Step
from release.component.launch_template import LaunchTemplate
from release.component.once import once
from release.component.user_data import Boot, render
from release.errors import ReleaseError
from release.phase.instances import Instances
from release.phase.output import Output
from release.phase.run import Phase
from release.phase.spec import PhaseSpec, Place
from release.phase.warden import Warden
from release.store.notes import Notes


@dataclass(frozen=True, kw_only=True)
class PhaseArgs:
    """What to run, and what of the stack the instance needs. Times are in seconds."""

    stack: str
    region: str
    bucket: str
    fleet: str
    log_group: str
    sha: str
    command: str
    timeout: int
    again: bool
    tags: Mapping[str, str]
    types: Sequence[str]
    template: LaunchTemplate
    boot: pulumi.Output[Boot]
    subnets: Sequence[pulumi.Output[str]]
    ready: Sequence[pulumi.Resource]
    """What has to exist before an instance can boot."""


def step(args: PhaseArgs) -> Step:
    """Return what runs the release phase at the gate."""
    known = pulumi.Output.all(
        args.boot, args.template.id, args.template.version, *args.subnets, *(each.urn for each in args.ready)
    )

    async def run(tell: Callable[[str], None], _warn: Callable[[str], None]) -> None:
        boot, template, version, *more = await known.future() or []
        spec = _spec(args, boot.digest, boot.boot_timeout)
        told = once(boot, command=args.command, timeout=args.timeout, stream=spec.stream)
        place = Place(
            template=template,
            version=version,
            user_data=render(told),
            subnets=tuple(more[: len(args.subnets)]),
            types=tuple(args.types),
            tags=args.tags,
        )
        loop = asyncio.get_running_loop()  # pulumi.log wants it: threads have none

        def said(how: Callable[[str], None]) -> Callable[[str], None]:
            def later(line: str) -> None:
                loop.call_soon_threadsafe(how, line)

            return later

        await asyncio.to_thread(_phase(args, spec, said(pulumi.log.info), said(tell)).run, place)

    return run


def foresee(args: PhaseArgs, digest: str | None) -> None:
    """Say in a preview what `pulumi up` would run. It does not fail on what can't be asked."""
    try:
        run = (
            digest
            and not args.again
            and _phase(args, _spec(args, digest, 0), pulumi.log.info, pulumi.log.info).has_run()
        )
    except ReleaseError:  # before a stack's first `up` there is no bucket
        run = None
    if not run:
        pulumi.log.info(
            f"release phase: before `pulumi up` replaces anything, it would run `{args.command}` on an instance of "
            f"fleet {args.fleet}"
        )


def _spec(args: PhaseArgs, digest: str, boot_timeout: int) -> PhaseSpec:
    return PhaseSpec(
        stack=args.stack,
        fleet=args.fleet,
        log_group=args.log_group,
        sha=args.sha,
        digest=digest,
        command=args.command,
        timeout=args.timeout,
        boot_timeout=boot_timeout,
        again=args.again,
    )


def _phase(args: PhaseArgs, spec: PhaseSpec, say: Callable[[str], None], tell: Callable[[str], None]) -> Phase:
    s3 = client("s3", args.region)
    return Phase(
        spec,
        instances=Instances(args.region),
        notes=Notes(args.bucket, "phases", s3),
        done=Notes(args.bucket, f"phased/{args.sha}", s3),
        say=say,
        tell=tell,
        output=lambda wanted, instance: Output(wanted, instance, args.region),
        guard=lambda instance: Warden(instance, args.region),
    )
