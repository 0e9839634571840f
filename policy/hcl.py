"""Writes declared resources as Terraform would have them (HCL), so that tools made for Terraform can check them. Pure.

pulumi-aws is made from the Terraform provider, and its names follow from Terraform's (pulumi-terraform-bridge, "Name
mapping"): snake_case becomes camelCase, and lists get a plural name. Types of resources are grouped anew, so that their
Terraform names are stated here. What is not known before a deploy becomes a reference to the resource that it is of.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from policy.resource import UNKNOWN, Resource

TYPES: Mapping[str, str] = {
    "aws:acm/certificate:Certificate": "aws_acm_certificate",
    "aws:acm/certificateValidation:CertificateValidation": "aws_acm_certificate_validation",
    "aws:autoscaling/group:Group": "aws_autoscaling_group",
    "aws:autoscaling/lifecycleHook:LifecycleHook": "aws_autoscaling_lifecycle_hook",
    "aws:autoscaling/policy:Policy": "aws_autoscaling_policy",
    "aws:autoscaling/schedule:Schedule": "aws_autoscaling_schedule",
    "aws:cloudwatch/logGroup:LogGroup": "aws_cloudwatch_log_group",
    "aws:cloudwatch/eventRule:EventRule": "aws_cloudwatch_event_rule",
    "aws:cloudwatch/eventTarget:EventTarget": "aws_cloudwatch_event_target",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "aws_cloudwatch_log_metric_filter",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "aws_cloudwatch_metric_alarm",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "aws_default_security_group",
    "aws:ec2/eip:Eip": "aws_eip",
    "aws:ec2/flowLog:FlowLog": "aws_flow_log",
    "aws:ec2/internetGateway:InternetGateway": "aws_internet_gateway",
    "aws:ec2/launchTemplate:LaunchTemplate": "aws_launch_template",
    "aws:ec2/natGateway:NatGateway": "aws_nat_gateway",
    "aws:ec2/route:Route": "aws_route",
    "aws:ec2/routeTable:RouteTable": "aws_route_table",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "aws_route_table_association",
    "aws:ec2/securityGroup:SecurityGroup": "aws_security_group",
    "aws:ec2/subnet:Subnet": "aws_subnet",
    "aws:ec2/vpc:Vpc": "aws_vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "aws_vpc_endpoint",
    "aws:iam/instanceProfile:InstanceProfile": "aws_iam_instance_profile",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "aws_iam_openid_connect_provider",
    "aws:iam/policy:Policy": "aws_iam_policy",
    "aws:iam/role:Role": "aws_iam_role",
    "aws:iam/rolePolicy:RolePolicy": "aws_iam_role_policy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "aws_iam_role_policy_attachment",
    "aws:kms/alias:Alias": "aws_kms_alias",
    "aws:kms/key:Key": "aws_kms_key",
    "aws:kms/replicaKey:ReplicaKey": "aws_kms_replica_key",
    "aws:lb/listener:Listener": "aws_lb_listener",
    "aws:lb/listenerRule:ListenerRule": "aws_lb_listener_rule",
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:lb/targetGroup:TargetGroup": "aws_lb_target_group",
    "aws:route53/healthCheck:HealthCheck": "aws_route53_health_check",
    "aws:route53/record:Record": "aws_route53_record",
    "aws:s3/bucket:Bucket": "aws_s3_bucket",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "aws_s3_bucket_lifecycle_configuration",
    "aws:s3/bucketLogging:BucketLogging": "aws_s3_bucket_logging",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": "aws_s3_bucket_object_lock_configuration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "aws_s3_bucket_ownership_controls",
    "aws:s3/bucketPolicy:BucketPolicy": "aws_s3_bucket_policy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "aws_s3_bucket_public_access_block",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "aws_s3_bucket_replication_configuration",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "aws_s3_bucket_server_side_encryption_configuration"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "aws_s3_bucket_versioning",
    "aws:ssm/document:Document": "aws_ssm_document",
    "aws:ssm/parameter:Parameter": "aws_ssm_parameter",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "aws_vpc_security_group_egress_rule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "aws_vpc_security_group_ingress_rule",
    "aws:wafv2/webAclAssociation:WebAclAssociation": "aws_wafv2_web_acl_association",
}
"""The Terraform name of each type."""

_MAPS = {"tags", "dimensions", "variables"}
"""Objects whose keys are the user's: Terraform has them as values, and all others as blocks."""
_PLURAL = {"block_device_mappings", "tag_specifications", "network_interfaces"}
"""Blocks whose name is plural in Terraform too."""
_LISTS = {"vpcZoneIdentifiers": "vpc_zone_identifier"}
"""Lists of plain values whose name is singular in Terraform; those of all others are plural there too."""
_FILLED_IN = {"region"}
"""What pulumi-aws fills in where nothing is said."""
_MADE_FIRST = {"aws_acm_certificate"}
"""What Pulumi makes anew before it removes the old one, as it does where nothing has a fixed name; Terraform has to be
told (`create_before_destroy`)."""
_SHA = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28}\b")
_ARNS = ("arn", "arns", "destination")
"""How the names of properties end whose values are ARNs; those of others are ids."""


class UnnamedTypeError(ValueError):
    """A resource's type has no Terraform name in TYPES."""


@dataclass(frozen=True)
class Converted:
    """HCL, and the URN of each resource in it by its address (`aws_s3_bucket.store`)."""

    text: str
    urns: Mapping[str, str]


def convert(resources: Sequence[Resource]) -> Converted:
    """Return the resources of AWS as HCL. Raises UnnamedTypeError for a type that is not in TYPES."""
    declared = [found for found in resources if found.type.startswith("aws:")]
    unknown = sorted({found.type for found in declared} - TYPES.keys())
    if unknown:
        raise UnnamedTypeError(f"no Terraform name is known of {', '.join(unknown)}: add it to TYPES in policy/hcl.py")
    addresses = {found.urn: f"{TYPES[found.type]}.{_label(found.name)}" for found in declared}
    blocks = [
        "\n".join(
            [f"resource {_quoted(TYPES[found.type])} {_quoted(_label(found.name))} {{", *_lines(found, addresses)]
        )
        for found in declared
    ]
    return Converted("\n}\n\n".join([*blocks, ""]), {address: urn for urn, address in addresses.items()})


def _lines(found: Resource, addresses: Mapping[str, str]) -> Iterator[str]:
    for key, value in found.props.items():
        if key in _FILLED_IN or key.startswith("__"):
            continue
        origins = [addresses[urn] for urn in found.sources(key) if urn in addresses]
        yield from _property(key, _decoded(value) if key == "userData" else value, _References(origins), 1)
    if TYPES[found.type] in _MADE_FIRST:
        yield "  lifecycle {"
        yield "    create_before_destroy = true"
        yield "  }"


def _decoded(value: object) -> object:
    """Return user data as text: tools look for secrets in what it says, and see none in base64.

    A commit is named by 12 digits: in full it has the form of a secret access key, and would be taken for one.
    """
    try:
        return _SHA.sub(r"\1", base64.b64decode(str(value), validate=True).decode())
    except ValueError:  # it is not known yet, or is no text
        return value


class _References:
    """What the values of one property refer to, in the order in which they ask."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = origins
        self._asked = 0

    def next(self, name: str) -> str:
        """Return an expression for an unknown value of this name; some text where nothing says what it is of."""
        if not self._origins:
            return _quoted("known after the deploy")
        fitting = [origin for origin in self._origins if _fits(name, origin)] or self._origins
        origin = fitting[self._asked % len(fitting)]
        self._asked += 1
        return f"{origin}.{'arn' if name.endswith(_ARNS) else 'id'}"


def _fits(name: str, origin: str) -> bool:
    """Return whether a property's name says of what type its value is: `vpc_id`, `target_group_arns`."""
    type_ = origin.partition(".")[0].removeprefix("aws_").removeprefix("lb_")
    meant = re.sub(r"_?(ids?|arns?)$", "", name).rstrip("s")
    return bool(meant) and meant in type_


def _property(key: str, value: object, known: _References, depth: int) -> Iterator[str]:
    name = _LISTS.get(key) or _snake(key)
    indent = "  " * depth
    if isinstance(value, Mapping) and key not in _MAPS:
        yield from _block(name, cast("Mapping[str, object]", value), known, depth)
    elif _is_blocks(value):
        singular = name if name in _PLURAL else _singular(name)
        for each in cast("Sequence[Mapping[str, object]]", value):
            yield from _block(singular, each, known, depth)
    else:
        written = _expression(value, name, known, depth)
        if written is not None:
            yield f"{indent}{name} = {written}"


def _block(name: str, value: Mapping[str, object], known: _References, depth: int) -> Iterator[str]:
    indent = "  " * depth
    yield f"{indent}{name} {{"
    for key, inner in value.items():
        if not key.startswith("__"):
            yield from _property(key, inner, known, depth + 1)
    yield f"{indent}}}"


def _expression(value: object, name: str, known: _References, depth: int) -> str | None:
    """Return a value as an expression, None for one that is not set. Numbers and truth values are as in JSON."""
    if value is None:
        return None
    if isinstance(value, int | float):
        return json.dumps(value)
    if value == UNKNOWN:
        return known.next(name)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        written = ((key, _expression(inner, key, known, depth + 1)) for key, inner in items)
        indent = "  " * depth
        lines = [f"{indent}  {_quoted(key)} = {text}" for key, text in written if text is not None]
        return "\n".join(["{", *lines, f"{indent}}}"])
    if isinstance(value, Sequence):
        inner = [_expression(each, name, known, depth) for each in cast("Sequence[object]", value)]
        return f"[{', '.join(each for each in inner if each is not None)}]"
    raise TypeError(f"{name}: no JSON value: {value!r}")


def _is_blocks(value: object) -> bool:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return False
    return isinstance(cast("Sequence[object]", value)[0], Mapping)


def _label(name: str) -> str:
    """Return a resource's name as HCL takes it."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return plain if plain[:1].isalpha() else f"_{plain}"


def _snake(key: str) -> str:
    """Return Terraform's name: the bridge makes a capital of each letter after an underscore, and of no other."""
    return re.sub(r"([A-Z])", r"_\1", key).lower()


def _singular(name: str) -> str:
    """Undo the plural of the bridge for the words that pulumi-aws has."""
    for plural, single in (("ies", "y"), ("sses", "ss"), ("ases", "as"), ("s", "")):
        if name.endswith(plural) and not name.endswith("ss"):
            return name.removesuffix(plural) + single
    return name


def _quoted(text: str) -> str:
    """Return a text in quotes: JSON's escapes are HCL's too, and what begins a template is doubled."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
