"""aws.cloudwatch.LogGroup; the service is CloudWatch Logs."""

from sandbox.provider.kit import Autoname, Call, Names, Pairs, Props, Resource, only, stripped

RESOURCE = Resource(
    __name__,
    "AWS::Logs::LogGroup",
    autoname=Autoname(length=512),
    unserved="deletionProtectionEnabled",
    replace="logGroupClass",
    off="skipDestroy",
    defaults={"retentionInDays": 0},
    names={"name": "LogGroupName"},
)


def create(call: Call, inputs: Props) -> str:
    name = str(inputs["name"])
    optional = {"tags": inputs.get("tags") or None, **{n: inputs.get(n) for n in ("kmsKeyId", "logGroupClass")}}
    call.client("logs").create_log_group(logGroupName=name, **stripped(optional))
    call.created(name)
    _set_retention(call, name, inputs)
    return name


def _set_retention(call: Call, name: str, inputs: Props) -> None:
    logs = call.client("logs")
    if inputs.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=inputs["retentionInDays"])
    else:
        logs.delete_retention_policy(logGroupName=name)


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if "retentionInDays" in changed:
        _set_retention(call, id_, new)
    if "kmsKeyId" in changed and new.get("kmsKeyId"):
        call.client("logs").associate_kms_key(logGroupName=id_, kmsKeyId=new["kmsKeyId"])
    elif "kmsKeyId" in changed:
        call.client("logs").disassociate_kms_key(logGroupName=id_)


def tag(call: Call, id_: str, pairs: Pairs) -> None:
    call.client("logs").tag_resource(resourceArn=_arn(call, id_), tags={p["Key"]: p["Value"] for p in pairs})


def untag(call: Call, id_: str, keys: Names) -> None:
    call.client("logs").untag_resource(resourceArn=_arn(call, id_), tagKeys=keys)


def _arn(call: Call, name: str) -> str:
    return call.arn("logs", f"log-group:{name}")


def read(call: Call, id_: str, prior: Props) -> Props:
    logs = call.client("logs")
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=id_)
    group = only(g for page in pages for g in page["logGroups"] if g["logGroupName"] == id_)
    return {
        "name": id_,
        "retentionInDays": group.get("retentionInDays", 0),
        "kmsKeyId": group.get("kmsKeyId"),
        "logGroupClass": group.get("logGroupClass", "STANDARD"),
        "tags": logs.list_tags_for_resource(resourceArn=_arn(call, id_)).get("tags", {}),
        "arn": _arn(call, id_),
    }


def delete(call: Call, id_: str, state: Props) -> None:
    if not state.get("skipDestroy"):
        call.client("logs").delete_log_group(logGroupName=id_)
