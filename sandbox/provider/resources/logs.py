"""aws.cloudwatch: LogGroup (the service is CloudWatch Logs)."""

from __future__ import annotations

from sandbox.provider.call import Call
from sandbox.provider.resources.translate import first, removed_tags, stripped
from sandbox.provider.schema import TAGS, Autoname, Props, Resource, flag, number, text


def _create(call: Call, props: Props) -> str:
    logs, name = call.client("logs"), str(props["name"])
    logs.create_log_group(
        **stripped(
            {
                "logGroupName": name,
                "kmsKeyId": props.get("kmsKeyId"),
                "tags": props.get("tags") or None,
                "logGroupClass": props.get("logGroupClass"),
            }
        )
    )
    call.created(name)
    _set_retention(call, name, props)
    return name


def _set_retention(call: Call, name: str, props: Props) -> None:
    logs = call.client("logs")
    if props.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=props["retentionInDays"])
    else:
        logs.delete_retention_policy(logGroupName=name)


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    logs = call.client("logs")
    if "retentionInDays" in changed:
        _set_retention(call, id_, new)
    if "kmsKeyId" in changed and new.get("kmsKeyId"):
        logs.associate_kms_key(logGroupName=id_, kmsKeyId=new["kmsKeyId"])
    elif "kmsKeyId" in changed:
        logs.disassociate_kms_key(logGroupName=id_)
    if "tags" in changed:
        gone = removed_tags(old, new)
        if gone:
            logs.untag_resource(resourceArn=_arn(call, id_), tagKeys=gone)
        if new.get("tags"):
            logs.tag_resource(resourceArn=_arn(call, id_), tags=new["tags"])


def _arn(call: Call, name: str) -> str:
    return call.arn("logs", f"log-group:{name}")


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    logs = call.client("logs")
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=id_)
    group = first(g for page in pages for g in page["logGroups"] if g["logGroupName"] == id_)
    if group is None:
        return None
    return {
        "name": id_,
        "retentionInDays": group.get("retentionInDays", 0),
        "kmsKeyId": group.get("kmsKeyId"),
        "logGroupClass": group.get("logGroupClass", "STANDARD"),
        "tags": logs.list_tags_for_resource(resourceArn=_arn(call, id_)).get("tags", {}),
        "arn": _arn(call, id_),
    }


def _delete(call: Call, id_: str, state: Props) -> None:
    if not state.get("skipDestroy"):
        call.client("logs").delete_log_group(logGroupName=id_)


RESOURCES = (
    Resource(
        type="aws:cloudwatch/logGroup:LogGroup",
        cfn="AWS::Logs::LogGroup",
        fields={
            "name": text(replace=True, computed=True, aws="LogGroupName"),
            "namePrefix": text(replace=True),
            "kmsKeyId": text(),
            "logGroupClass": text(replace=True, computed=True),
            "retentionInDays": number(default=0),
            "skipDestroy": flag(default=False),
            "tags": TAGS,
        },
        outputs=("arn", "tagsAll"),
        autoname=Autoname(length=512),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
