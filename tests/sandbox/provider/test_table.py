"""The table of types against two authorities: CloudFormation's schemas, and the SDK that programs are written in."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import Any

import pytest

from sandbox.provider.registry import INVOKES, RESOURCES
from sandbox.provider.schema import Field

# The SDK loads a module when an attribute of it is first asked for, and warns then of types that are not used here.
pytestmark = pytest.mark.filterwarnings("ignore:.* has been deprecated in favor of:DeprecationWarning")

# Where the provider rightly differs from CloudFormation, as upstream does.
_REPLACED_HERE = {
    "aws:acm/certificate:Certificate": {"validationMethod"},  # RequestCertificate alone takes it
    "aws:autoscaling/policy:Policy": {"name"},  # PutScalingPolicy makes another policy
    "aws:autoscaling/schedule:Schedule": {"scheduledActionName"},  # CloudFormation names it itself
    "aws:cloudwatch/logGroup:LogGroup": {"logGroupClass"},  # CreateLogGroup alone takes it
    "aws:ec2/eip:Eip": {"domain", "publicIpv4Pool"},  # AllocateAddress alone takes them
    "aws:kms/key:Key": {"keyUsage", "customerMasterKeySpec", "multiRegion"},  # CloudFormation fails instead
    "aws:route53/record:Record": {"name"},  # ForceNew upstream, where type and set_identifier are not
    "aws:s3/bucket:Bucket": {"objectLockEnabled"},  # CreateBucket takes it
    "aws:ssm/parameter:Parameter": {"dataType"},  # ForceNew upstream (internal/service/ssm/parameter.go)
}
# What forces a new resource and CloudFormation does not know: ForceNew in terraform-provider-aws's schemas.
_ANYWHERE = {
    "region",  # every regional resource has it since pulumi-aws 7: a resource does not move
    "namePrefix",  # another way to say the name
    "bucketPrefix",
}
_FORCE_NEW_UPSTREAM = {
    "aws:acm/certificateValidation:CertificateValidation": {"certificateArn", "validationRecordFqdns"},
    "aws:cloudwatch/eventTarget:EventTarget": {"rule", "targetId"},
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"vpcId"},
    "aws:ec2/flowLog:FlowLog": {"vpcId"},  # ResourceId to CloudFormation, create-only too
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"policyArn", "role"},
    "aws:route53/healthCheck:HealthCheck": {"measureLatency", "referenceName", "requestInterval", "type"},
    **{
        f"aws:s3/{name}:{name[0].upper()}{name[1:]}": {"bucket"}
        for name in ("bucketOwnershipControls", "bucketPublicAccessBlock", "bucketReplicationConfig")
    },
    **{
        f"aws:s3/{name}:{name[0].upper()}{name[1:]}": {"bucket", "expectedBucketOwner"}
        for name in (
            "bucketLifecycleConfiguration",
            "bucketLogging",
            "bucketServerSideEncryptionConfiguration",
            "bucketVersioning",
        )
    },
}
_FORCE_NEW_UPSTREAM["aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"] = {
    *("bucket", "expectedBucketOwner", "objectLockEnabled")
}
_CONDITIONALLY = {
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"privateDnsEnabled"},  # only where it is no interface endpoint
    "aws:lb/loadBalancer:LoadBalancer": {"securityGroups", "subnets"},  # only of a network load balancer
}
_RULE = {"ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6"}
_UPDATED_HERE = {
    "aws:ec2/routeTableAssociation:RouteTableAssociation": {"routeTableId"},  # by ReplaceRouteTableAssociation
    # By ModifySecurityGroupRules, which is younger than CloudFormation's types.
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _RULE,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {*_RULE, "prefixListId", "referencedSecurityGroupId"},
}


@cache
def _create_only(cfn: str) -> tuple[set[str], set[str]]:
    """The top-level properties of a CloudFormation type, and which of them are create-only."""
    root = files("cfnlint.data.schemas")
    providers = json.loads((root / "providers" / "us-east-1.json").read_text())
    schema = json.loads((root / "resources" / f"{providers[cfn]}.json").read_text())
    only = {p.split("/")[2] for p in schema.get("createOnlyProperties", []) if p.count("/") == 2}
    return set(schema["properties"]), only


@pytest.mark.parametrize("type_", sorted(t for t, r in RESOURCES.items() if r.cfn))
def test_replace_keys_are_those_of_cloudformation(type_: str):
    """What forces a new resource here is what CloudFormation calls create-only, but for exceptions with a reason."""
    resource = RESOURCES[type_]
    known, only = _create_only(resource.cfn)
    names = {name: field.aws_name(name) for name, field in resource.fields.items()}
    here = {name for name, cfn_name in names.items() if cfn_name in known and resource.fields[name].replace}
    there = {name for name, cfn_name in names.items() if cfn_name in only}
    assert here - there == _REPLACED_HERE.get(type_, set())
    assert there - here == _UPDATED_HERE.get(type_, set())


@pytest.mark.parametrize("type_", sorted(RESOURCES))
def test_every_replace_key_is_known_from_somewhere(type_: str):
    """What no CloudFormation schema can confirm is known from upstream's, and is written down here."""
    resource = RESOURCES[type_]
    known = _create_only(resource.cfn)[0] if resource.cfn else set()
    unconfirmed = {n for n, f in resource.inputs.items() if f.replace and f.aws_name(n) not in known}
    assert unconfirmed - _ANYWHERE == _FORCE_NEW_UPSTREAM.get(type_, set())


@pytest.mark.parametrize("type_", sorted(RESOURCES))
def test_what_the_sdk_says_forces_a_new_resource_does(type_: str):
    """The SDK's own documentation, as far as it says so."""
    resource = RESOURCES[type_]
    _, _, args = _sdk(type_)
    documentation = inspect.getdoc(args.__init__) or ""
    documented = re.findall(r":param [^:]*? (\w+): (.*?)(?=\n:param|\Z)", documentation, re.DOTALL)
    wire = {name: getattr(getattr(args, name).fget, "_pulumi_name", name) for name, _ in documented}
    forcing = re.compile(r"forces? (a |the )?(new resource|replacement|recreation|creation of)", re.IGNORECASE)
    forced = {wire[name] for name, text in documented if forcing.search(text)} & set(resource.inputs)
    here = {name for name, field in resource.inputs.items() if field.replace}
    assert forced - here == _CONDITIONALLY.get(type_, set())


def _sdk(type_: str) -> tuple[ModuleType, type[Any], type[Any]]:
    """The SDK's resource class and the class of its arguments."""
    matched = re.fullmatch(r"aws:(\w+)/\w+:(\w+)", type_)
    assert matched is not None
    module_name, name = matched.groups()
    module = importlib.import_module(f"pulumi_aws.{module_name}")
    cls = getattr(module, name)
    return module, cls, getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")


def _arguments(cls: type[Any]) -> dict[str, tuple[bool, str]]:
    """The properties that an SDK class takes: by wire name, whether it is required, and its annotation."""
    found = {}
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        getter = getattr(cls, name, None)
        if isinstance(getter, property):
            wire = getattr(getter.fget, "_pulumi_name", name)
            found[wire] = (parameter.default is inspect.Parameter.empty, str(parameter.annotation))
    return found


def _compare(fields: Mapping[str, Field], cls: type[Any], module: ModuleType, path: str) -> None:
    arguments = _arguments(cls)
    for name, field in fields.items():
        where = f"{path}.{name}"
        assert name in arguments, f"{where} is not in the SDK"
        required, annotation = arguments[name]
        assert not required or field.required, f"{where} is required by the SDK"
        block = field if field.kind == "block" else field.of
        nested = re.search(r"'(\w+Args)'", annotation)
        if block is not None and block.kind == "block":
            assert nested, f"{where} is a block here, and none in the SDK"
            _compare(block.fields, getattr(module, nested.group(1)), module, where)


@pytest.mark.parametrize("type_", sorted(RESOURCES))
def test_every_property_is_one_of_the_sdk(type_: str):
    """No name in the table is misspelt: each field, at any depth, and each output is one that the SDK has."""
    resource = RESOURCES[type_]
    module, cls, args = _sdk(type_)
    _compare(resource.inputs, args, module, type_)
    getters = inspect.getmembers(cls, lambda member: isinstance(member, property))
    outputs = {getattr(getter.fget, "_pulumi_name", name) for name, getter in getters}
    assert set(resource.outputs) <= outputs
    assert ("region" in _arguments(args)) == resource.regional


def test_every_data_source_is_one_of_the_sdk():
    """The tokens of the data sources are those that the SDK calls."""
    for token in INVOKES:
        matched = re.fullmatch(r"aws:(\w+)/(\w+):\w+", token)
        assert matched is not None
        module_name, name = matched.groups()
        snake = re.sub(r"([A-Z])", r"_\1", name).lower()
        package = "pulumi_aws" if module_name == "index" else f"pulumi_aws.{module_name}"
        source = inspect.getsource(importlib.import_module(f"{package}.{snake}"))
        assert f"'{token}'" in source
