"""Where a deployment meets the engine: the hook that rolls a group out, and the proof of what it serves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pulumi
import pulumi_aws as aws

from release import names
from release.clients import FAILURES, described
from release.component import told
from release.component.deployment import Deployment
from release.component.instances import desired_configuration, templates
from release.component.told import teller, warner
from release.errors import ReleaseError
from release.rollout.observed import Template
from release.rollout.spec import RolloutSpec
from release.rollout.watch import explained_aws


def rollout_hook(name: str, deployment: Deployment) -> pulumi.ResourceHook:
    """Return a before_update hook that rolls an Auto Scaling group out before the provider updates it.

    Its failure fails the update before anything is saved, so the state keeps the release that serves.
    """

    async def roll_out(args: pulumi.ResourceHookArgs) -> None:
        wanted = desired_configuration(args.new_inputs or {})
        digest = await deployment.digest.future()  # known: the launch template has it
        async with _explained(deployment):
            rollout = deployment.rollout(digest or "", teller(args.urn), warner(args.urn))
            if _before(args.old_inputs) == wanted:  # another change of the group, which needs no rollout
                await rollout.refuse_other(wanted[1])
            else:
                await rollout.run(*wanted)

    return pulumi.ResourceHook(name, roll_out)


def creation_hook(name: str, deployment: Deployment) -> pulumi.ResourceHook:
    """Return a before_create hook that passes the gate before an Auto Scaling group is made with instances in it."""

    async def create(args: pulumi.ResourceHookArgs) -> None:
        if deployment.spec.wants_none:
            return
        async with _explained(deployment):
            await deployment.pass_gate(teller(args.urn), warner(args.urn))

    return pulumi.ResourceHook(name, create)


def _before(inputs: Mapping[str, Any] | None) -> tuple[dict[str, Any], Template] | None:
    """Return what the group was configured with; None if its template is not known, as that of an imported group."""
    known = inputs and (inputs.get("launchTemplate") or inputs.get("mixedInstancesPolicy"))
    return desired_configuration(inputs) if inputs and known else None


def serving(group: aws.autoscaling.Group, deployment: Deployment) -> pulumi.Output[str]:
    """Return the SHA that the fleet serves, once its instances have proved it.

    It is asked in each `pulumi up`, also if nothing changed: a first deploy that failed is not "unchanged". In a
    preview it is the SHA that is asked for, with warnings of what `pulumi up` would refuse.
    """
    places = templates(group)
    if pulumi.runtime.is_dry_run():
        return group.urn.apply(lambda urn: _foreseen(urn, places, deployment))
    return pulumi.Output.all(group.urn, deployment.digest, *places).apply(
        lambda known: _proved(known[0], known[1], next(filter(None, known[2:])), deployment)
    )


async def _proved(urn: str, digest: str, wanted: Template, deployment: Deployment) -> str:
    """Return what the fleet serves by its instances' word, or what the state has if this `up` left the rollout out."""
    spec, proof = deployment.spec, deployment.proof(digest, teller(urn), warner(urn))
    try:
        async with _explained(deployment):
            left = await proof.ask(proof.aws.templates.release_of, wanted)
            if left and left != spec.sha:
                warner(urn)(_left_out(spec, left))
                await deployment.shared.settled(spec.fleet)
                return left
            found = await proof.prove(wanted)
    except ReleaseError as error:
        raise told.run_error(error) from None
    told.answer(urn, proof.summary(found))
    await deployment.shared.settled(spec.fleet)
    return spec.sha


def _left_out(spec: RolloutSpec, sha: str) -> str:
    """Return what to say if the engine did not update the group: its outputs are the state's, with `sha` in them."""
    return (
        f"fleet {spec.fleet}: {spec.sha} was not deployed, because this `pulumi up` left the fleet's rollout out "
        f"(--target, --exclude); the stack's state has {sha}. `pulumi up` without these options deploys it"
    )


async def _foreseen(urn: str, places: Sequence[pulumi.Output[Template | None]], deployment: Deployment) -> str:
    """Warn of what `pulumi up` would refuse. The preview does not fail on what cannot be asked."""
    found = [await place.future() for place in places]
    try:
        refusals = await deployment.conflicts(teller(urn)).refusals(next(filter(None, found), None))
    except (ReleaseError, *FAILURES) as error:
        teller(urn)(f"{deployment.spec.fleet}: could not ask what `pulumi up` would refuse: {described(error)}")
        return deployment.spec.sha
    for refusal in refusals:
        warner(urn)(f"{names.FORESEEN}{refusal}")
    return deployment.spec.sha


@asynccontextmanager
async def _explained(deployment: Deployment) -> AsyncGenerator[None]:
    """Make an error say which fleet it is about, and what the others serve; then do what comes after a failure."""
    spec, word = deployment.spec, deployment.shared.word
    try:
        async with deployment.shared.together.step():
            with word.failing(spec.fleet), explained_aws(spec.fleet, spec.group):
                yield
    except ReleaseError as error:
        await deployment.shared.failed(str(error))
        raise
