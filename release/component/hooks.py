"""Where a rollout meets Pulumi: the hook on the group, and the proof of what serves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from release.clients import FAILURES, client, described
from release.component import told
from release.errors import ReleaseError
from release.rollout.aws import Aws
from release.rollout.conflicts import Conflicts
from release.rollout.drive import Rollout
from release.rollout.observed import Template
from release.rollout.proof import Proof
from release.rollout.record import Record
from release.rollout.spec import RolloutSpec
from release.rollout.together import Together
from release.rollout.watch import explained_aws
from release.store.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One fleet's rollout, and what the ledger is to say of it.

    `image` is the machine image's name; `together` are the stack's fleets, this one among them.
    """

    spec: RolloutSpec
    stack: str
    region: str
    bucket: str
    image: str
    digest: pulumi.Output[str]
    together: Together

    def rollout(self, digest: str, tell: Callable[[str], None], warn: Callable[[str], None]) -> Rollout:
        """The rollout, once the digest is known."""
        return Rollout(spec=self.spec, aws=_aws(self.region), record=self._record(digest), tell=tell, warn=warn)

    def proof(self, digest: str, tell: Callable[[str], None], warn: Callable[[str], None]) -> Proof:
        """The proof of it."""
        return Proof(spec=self.spec, aws=_aws(self.region), record=self._record(digest), tell=tell, warn=warn)

    def conflicts(self, tell: Callable[[str], None]) -> Conflicts:
        """What `pulumi up` would refuse, for a preview; the digest does not matter for it."""
        return Conflicts(spec=self.spec, aws=_aws(self.region), record=self._record(""), tell=tell)

    def _record(self, digest: str) -> Record:
        return Record(
            ledger=Ledger(self.bucket, client("s3", self.region)),
            stack=self.stack,
            fleet=self.spec.fleet,
            sha=self.spec.sha,
            digest=digest,
            image=self.image,
        )


@cache
def _aws(region: str) -> Aws:
    return Aws(region)


def rollout_hook(name: str, deployment: Deployment) -> pulumi.ResourceHook:
    """A before_update hook for an Auto Scaling group: it rolls the group out before the provider updates it.

    Its failure fails the update before anything is saved, so the state keeps the release that serves.
    """

    async def roll_out(args: pulumi.ResourceHookArgs) -> None:
        desired = desired_configuration(args.new_inputs or {})
        digest = await deployment.digest.future()  # known: the launch template has it
        async with _explained(deployment):
            rollout = deployment.rollout(digest or "", teller(args.urn), warner(args.urn))
            if _before(args.old_inputs) == desired:  # another change of the group, which is no rollout
                await rollout.refuse_other(template_of(desired))
            else:
                await rollout.run(desired, template_of(desired))

    return pulumi.ResourceHook(name, roll_out)


def _before(inputs: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the group was configured with; None where its template is not known, as of one that was imported."""
    known = inputs and (inputs.get("launchTemplate") or inputs.get("mixedInstancesPolicy"))
    return desired_configuration(inputs) if inputs and known else None


def serving(group: aws.autoscaling.Group, deployment: Deployment) -> pulumi.Output[str]:
    """The SHA that the fleet serves, once its instances have proved it.

    It is asked in each `pulumi up`, also where nothing changed: a first deploy that failed is not "unchanged". In a
    preview it is the SHA that is asked for, with warnings of what `pulumi up` would refuse.
    """
    template = group.launch_template.apply(lambda shown: shown and {"id": shown.id, "version": shown.version})
    mixed = group.mixed_instances_policy.apply(_mixed_template)
    if pulumi.runtime.is_dry_run():
        return group.urn.apply(
            lambda urn: _foreseen(urn, {"launchTemplate": template, "mixedInstancesPolicy": mixed}, deployment)
        )
    return pulumi.Output.all(
        urn=group.urn, digest=deployment.digest, launchTemplate=template, mixedInstancesPolicy=mixed
    ).apply(lambda known: _proved(known["urn"], known["digest"], template_of(desired_configuration(known)), deployment))


async def _proved(urn: str, digest: str, wanted: Template, deployment: Deployment) -> str:
    """What the fleet serves by its instances' word; what the state has where the rollout was left out of this `up`."""
    spec, proof = deployment.spec, deployment.proof(digest, teller(urn), warner(urn))
    try:
        async with _explained(deployment):
            left = await proof.ask(proof.aws.templates.release_of, wanted)
            if left and left != spec.sha:
                warner(urn)(_left_out(spec, left))
                return left
            found = await proof.prove(wanted)
    except ReleaseError as error:
        raise told.run_error(error) from None
    pulumi.log.info(proof.summary(found), resource=_named(urn))  # kept: it is the answer
    return spec.sha


def _left_out(spec: RolloutSpec, sha: str) -> str:
    """What is said where the engine did not update the group: its outputs are then the state's, with `sha` in them."""
    return (
        f"fleet {spec.fleet}: {spec.sha} was not deployed, since this `pulumi up` left the fleet's rollout out "
        f"(--target, --exclude); its stack's state has {sha}. `pulumi up` without them deploys it"
    )


async def _foreseen(urn: str, outputs: Mapping[str, pulumi.Output[Any]], deployment: Deployment) -> str:
    """Warns of what `pulumi up` would refuse. What cannot be asked fails no preview."""
    # Each by itself: in a preview, what the group does not have is not known either.
    known = {name: value for name, output in outputs.items() if (value := await output.future())}
    wanted = template_of(desired_configuration(known)) if known else None
    try:
        refusals = await deployment.conflicts(teller(urn)).refusals(wanted)
    except (ReleaseError, *FAILURES) as error:
        teller(urn)(f"{deployment.spec.fleet}: what `pulumi up` would refuse could not be asked: {described(error)}")
        return deployment.spec.sha
    for refusal in refusals:
        warner(urn)(f"`pulumi up` will be refused: {refusal}")
    return deployment.spec.sha


def _mixed_template(shown: Any) -> dict[str, Any] | None:  # noqa: ANN401 - an output type of pulumi-aws, or None
    if not shown:
        return None
    named = shown.launch_template.launch_template_specification
    return {
        "launchTemplate": {
            "launchTemplateSpecification": {"launchTemplateId": named.launch_template_id, "version": named.version}
        }
    }


def desired_configuration(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The group's inputs (Pulumi's names) as DesiredConfiguration of StartInstanceRefresh."""
    mixed = inputs.get("mixedInstancesPolicy")
    if not mixed:
        template = inputs["launchTemplate"]
        return {"LaunchTemplate": {"LaunchTemplateId": template["id"], "Version": str(template["version"])}}
    template = mixed["launchTemplate"]
    specification = template["launchTemplateSpecification"]
    policy: dict[str, Any] = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {
                "LaunchTemplateId": specification["launchTemplateId"],
                "Version": str(specification["version"]),
            },
            "Overrides": [{"InstanceType": override["instanceType"]} for override in template.get("overrides", [])],
        }
    }
    distribution = mixed.get("instancesDistribution")
    if distribution:
        # The engine's numbers are floating-point, the API's are integers; pulumi-aws notes its `__defaults` in each
        # object.
        policy["InstancesDistribution"] = {
            key[0].upper() + key[1:]: int(value) if isinstance(value, float) else value
            for key, value in distribution.items()
            if not key.startswith("__")
        }
    return {"MixedInstancesPolicy": policy}


def template_of(desired: Mapping[str, Any]) -> Template:
    """The launch template version that a DesiredConfiguration names."""
    mixed = desired.get("MixedInstancesPolicy")
    named = mixed["LaunchTemplate"]["LaunchTemplateSpecification"] if mixed else desired["LaunchTemplate"]
    return Template(id=named["LaunchTemplateId"], version=named["Version"])


@asynccontextmanager
async def _explained(deployment: Deployment) -> AsyncGenerator[None]:
    """An error says which fleet it is about, and what the others serve."""
    async with deployment.together.step():
        with explained_aws(deployment.spec.fleet, deployment.spec.group):
            yield


class _Named:
    """As much of a resource as pulumi.log needs: in a hook the resource itself has no URN yet."""

    def __init__(self, urn: str) -> None:
        self.urn = pulumi.Output.from_input(urn)


def teller(urn: str) -> Callable[[str], None]:
    """Progress on the resource's own line: redrawn on a terminal, a line a change in a log."""
    resource = _named(urn)
    return lambda line: pulumi.log.info(line, resource=resource, ephemeral=True)


def warner(urn: str) -> Callable[[str], None]:
    """Warnings, which stay."""
    resource = _named(urn)
    return lambda line: pulumi.log.warn(line, resource=resource)


def _named(urn: str) -> pulumi.Resource:
    return cast("pulumi.Resource", _Named(urn))
