"""Data sources, by token."""

from collections.abc import Callable

from sandbox.provider.call import Call
from sandbox.provider.invokes import environment, lookups
from sandbox.provider.invokes.policy_document import policy_document
from sandbox.provider.schema import Props


def _token(module: str, name: str) -> str:
    return f"aws:{module}/{name}:{name}"


INVOKES: dict[str, Callable[[Call, Props], Props]] = {
    _token("index", "getAvailabilityZones"): environment.availability_zones,
    _token("index", "getCallerIdentity"): environment.caller_identity,
    _token("index", "getRegion"): environment.region,
    _token("index", "getPartition"): environment.partition_,
    _token("elb", "getServiceAccount"): environment.service_account,
    _token("iam", "getPolicyDocument"): policy_document,
    _token("ec2", "getAmi"): lookups.ami,
    _token("ec2", "getVpc"): lookups.vpc,
    _token("ec2", "getSubnets"): lookups.subnets,
    _token("route53", "getZone"): lookups.zone,
    _token("s3", "getBucket"): lookups.bucket,
    _token("ssm", "getParameter"): lookups.parameter,
    _token("acm", "getCertificate"): lookups.certificate,
}

# What of an answer is a secret.
SECRETS = {_token("ssm", "getParameter"): ("value",)}
