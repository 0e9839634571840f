"""What has to be allowed besides: to hand a role to a service, and to launch what a launch template says.

Auto Scaling asks for the latter of whoever gives a group a launch template, and starts a refresh to one ("Control
Amazon EC2 launch template usage in Auto Scaling groups" in its user guide).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.iam.models import iam_backends

from sandbox.aws.ec2.models import sandbox_ec2
from sandbox.aws.iam import ec2
from sandbox.aws.iam.calls import Call
from sandbox.aws.iam.policy import Ask

_LAUNCHED = ("instance", "network-interface", "volume")


def asks(call: Call) -> Iterator[Ask]:
    """Return the permissions needed in addition to the call's own action."""
    parameters = call.parameters
    if call.operation == "AddRoleToInstanceProfile":
        yield _pass(f"arn:aws:iam::{ACCOUNT}:role/{parameters['RoleName']}", "ec2.amazonaws.com")
    elif call.operation == "CreateFlowLogs" and parameters.get("DeliverLogsPermissionArn"):
        yield _pass(parameters["DeliverLogsPermissionArn"], "vpc-flow-logs.amazonaws.com")
    elif call.operation == "PutBucketReplication" and parameters.get("ReplicationConfiguration"):
        yield _pass(parameters["ReplicationConfiguration"]["Role"], "s3.amazonaws.com")
    elif call.service == "s3control" and parameters.get("RoleArn"):
        yield _pass(parameters["RoleArn"], "batchoperations.s3.amazonaws.com")
    elif call.service == "ec2" and call.operation == "RunInstances":
        subnets = [parameters["SubnetId"]] if "SubnetId" in parameters else []
        for template in _templates(parameters):
            yield from _launch(call.region, template, subnets)
        for specification in parameters.get("TagSpecifications", []):
            yield _tagging(call.region, specification["ResourceType"])
    elif call.service == "autoscaling":
        wanted = {**parameters, **parameters.get("DesiredConfiguration", {})}
        subnets = [each for each in str(parameters.get("VPCZoneIdentifier", "")).split(",") if each]
        for template in _templates(wanted):
            yield from _launch(call.region, template, subnets)


def _tagging(region: str, kind: str) -> Ask:
    made = {"ec2:CreateAction": "RunInstances"}
    return Ask(action="ec2:CreateTags", resource=f"arn:aws:ec2:{region}:{ACCOUNT}:{kind}/0", context=made)


def _pass(role: str, service: str) -> Ask:
    return Ask(action="iam:PassRole", resource=role, context={"iam:PassedToService": service})


def _templates(wanted: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    if given := wanted.get("LaunchTemplate"):
        yield given
    mixed = wanted.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    if given := mixed.get("LaunchTemplateSpecification"):
        yield given


def _launch(region: str, given: Mapping[str, str], subnets: list[str]) -> Iterator[Ask]:
    backend = sandbox_ec2(ACCOUNT, region)
    template = next(
        (
            each
            for each in backend.launch_templates.values()
            if each.id == given.get("LaunchTemplateId") or each.name == given.get("LaunchTemplateName")
        ),
        None,
    )
    if template is None:
        return
    data: Mapping[str, Any] = template.get_version(given.get("Version", "$Default")).data
    context = {"ec2:LaunchTemplate": ec2.arn(region, template.id)}
    groups = list(data.get("SecurityGroupIds", []))
    groups += [group for each in data.get("NetworkInterfaces", []) for group in each.get("Groups", [])]
    for name in [template.id, *groups, *subnets]:
        yield Ask(
            action="ec2:RunInstances", resource=ec2.arn(region, name), context={**context, **ec2.of(region, name)}
        )
    image = f"arn:aws:ec2:{region}::image/{data.get('ImageId')}"
    for resource in [image, *(f"arn:aws:ec2:{region}:{ACCOUNT}:{kind}/0" for kind in _LAUNCHED)]:
        yield Ask(action="ec2:RunInstances", resource=resource, context=context)
    for specification in data.get("TagSpecifications", []):
        yield _tagging(region, specification["ResourceType"])
    for role in _roles(data.get("IamInstanceProfile", {})):
        yield _pass(role, "ec2.amazonaws.com")


def _roles(profile: Mapping[str, str]) -> list[str]:
    known = iam_backends[ACCOUNT]["aws"].instance_profiles.values()
    wanted = [each for each in known if profile.get("Arn") == each.arn or profile.get("Name") == each.name]
    return [str(role.arn) for each in wanted for role in each.roles]
