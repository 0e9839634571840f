"""aws.route53.HealthCheck."""

import uuid
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resource import Resource
from sandbox.provider.resources.route53 import common, tag
from sandbox.provider.schema import Props
from sandbox.provider.tags import tag_list

RESOURCE = Resource(
    __name__,
    unserved="cloudwatchAlarm* routingControlArn",
    computed="requestInterval",
    given="regions triggers",
    replace="type requestInterval measureLatency referenceName",
    defaults={"disabled": False, "measureLatency": False},
    names={
        "childHealthThreshold": "HealthThreshold",
        "childHealthchecks": "ChildHealthChecks",
        "enableSni": "EnableSNI",
        "fqdn": "FullyQualifiedDomainName",
        "invertHealthcheck": "Inverted",
        "ipAddress": "IPAddress",
    },
)
_FIXED = ("type", "requestInterval", "measureLatency")
_LOCAL = ("referenceName", "triggers", "tags")


def _config(inputs: Props, *without: str) -> dict[str, Any]:
    return RESOURCE.to_aws({**inputs, **dict.fromkeys((*_LOCAL, *without))})


def create(call: Call, inputs: Props) -> str:
    reference = f"{inputs.get('referenceName', '')}{uuid.uuid4().hex}"
    reply = call.client("route53").create_health_check(CallerReference=reference, HealthCheckConfig=_config(inputs))
    id_ = str(reply["HealthCheck"]["Id"])
    call.created(id_)
    if inputs.get("tags"):
        tag(call, id_, tag_list(inputs["tags"]))
    return id_


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if changed - set(_LOCAL):
        call.client("route53").update_health_check(HealthCheckId=id_, **_config(new, *_FIXED))


def read(call: Call, id_: str, prior: Props) -> Props | None:
    config = call.client("route53").get_health_check(HealthCheckId=id_)["HealthCheck"]["HealthCheckConfig"]
    settings = {k: v for k, v in RESOURCE.from_aws(config).items() if k not in _LOCAL}
    told = {k: v for k, v in settings.items() if v is not None or k not in ("failureThreshold", "enableSni")}
    return {**told, **common(call, id_)}


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("route53").delete_health_check(HealthCheckId=id_)
