"""aws.route53.HealthCheck."""

import uuid

from sandbox.provider.kit import Call, Names, Pairs, Props, Resource, deleter, partition, tag_list, tag_map

RESOURCE = Resource(
    __name__,
    unserved="cloudwatchAlarm* routingControlArn",
    computed="requestInterval",
    given="regions triggers",
    replace="type requestInterval measureLatency referenceName",
    off="disabled measureLatency",
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
delete = deleter("route53", "delete_health_check", "HealthCheckId")


def _config(inputs: Props, *without: str) -> Props:
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


def tag(call: Call, id_: str, pairs: Pairs) -> None:
    call.client("route53").change_tags_for_resource(ResourceType="healthcheck", ResourceId=id_, AddTags=pairs)


def untag(call: Call, id_: str, keys: Names) -> None:
    call.client("route53").change_tags_for_resource(ResourceType="healthcheck", ResourceId=id_, RemoveTagKeys=keys)


def read(call: Call, id_: str, prior: Props) -> Props:
    route53 = call.client("route53")
    config = route53.get_health_check(HealthCheckId=id_)["HealthCheck"]["HealthCheckConfig"]
    tags = route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=id_)["ResourceTagSet"]["Tags"]
    settings = {k: v for k, v in RESOURCE.from_aws(config).items() if k not in _LOCAL}
    return {
        **{k: v for k, v in settings.items() if v is not None or k not in ("failureThreshold", "enableSni")},
        "tags": tag_map(tags),
        "arn": f"arn:{partition(call.region)}:route53:::healthcheck/{id_}",
    }
