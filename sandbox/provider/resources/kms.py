"""aws.kms: Key and Alias."""

from __future__ import annotations

from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resources.translate import first, removed_tags, to_aws
from sandbox.provider.schema import TAGS, Autoname, Field, Props, Resource, flag, json_text, number, text

_KEY: dict[str, Field] = {
    "description": text(computed=True),
    "keyUsage": text(default="ENCRYPT_DECRYPT", replace=True),
    "customerMasterKeySpec": text(default="SYMMETRIC_DEFAULT", replace=True, aws="KeySpec"),
    "multiRegion": flag(computed=True, replace=True),
    "policy": json_text(computed=True, aws="KeyPolicy"),
    "bypassPolicyLockoutSafetyCheck": flag(default=False),
    "deletionWindowInDays": number(aws="PendingWindowInDays"),
    "enableKeyRotation": flag(computed=True),
    "isEnabled": flag(default=True, aws="Enabled"),
    "rotationPeriodInDays": number(computed=True),
    "tags": TAGS,
}


def _create_key(call: Call, props: Props) -> str:
    kms = call.client("kms")
    parameters = to_aws(_KEY, props, "description", "keyUsage", "customerMasterKeySpec", "multiRegion")
    if props.get("policy"):
        parameters["Policy"] = props["policy"]
    reply = kms.create_key(
        **parameters,
        BypassPolicyLockoutSafetyCheck=props["bypassPolicyLockoutSafetyCheck"],
        Tags=_tags(props.get("tags")),
    )
    id_ = str(reply["KeyMetadata"]["KeyId"])
    call.created(id_)
    _set_rotation(call, id_, props)
    if not props["isEnabled"]:
        kms.disable_key(KeyId=id_)
    return id_


def _tags(tags: Props | None) -> list[dict[str, str]]:
    return [{"TagKey": k, "TagValue": v} for k, v in sorted((tags or {}).items())]


def _set_rotation(call: Call, id_: str, props: Props) -> None:
    if props.get("enableKeyRotation"):
        call.client("kms").enable_key_rotation(KeyId=id_, **to_aws(_KEY, props, "rotationPeriodInDays"))
    elif props.get("enableKeyRotation") is False:
        call.client("kms").disable_key_rotation(KeyId=id_)


def _update_key(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    kms = call.client("kms")
    if "isEnabled" in changed and new["isEnabled"]:  # what is disabled takes no other change
        kms.enable_key(KeyId=id_)
    if "description" in changed:
        kms.update_key_description(KeyId=id_, Description=new.get("description") or "")
    if "policy" in changed and new.get("policy"):
        kms.put_key_policy(KeyId=id_, PolicyName="default", Policy=new["policy"])
    if changed & {"enableKeyRotation", "rotationPeriodInDays"}:
        _set_rotation(call, id_, new)
    if "tags" in changed:
        kms.untag_resource(KeyId=id_, TagKeys=removed_tags(old, new))
        kms.tag_resource(KeyId=id_, Tags=_tags(new.get("tags")))
    if "isEnabled" in changed and not new["isEnabled"]:
        kms.disable_key(KeyId=id_)


def _read_key(call: Call, id_: str, prior: Props) -> Props | None:
    kms = call.client("kms")
    key: dict[str, Any] = kms.describe_key(KeyId=id_)["KeyMetadata"]
    if key["KeyState"] in ("PendingDeletion", "PendingReplicaDeletion"):
        return None
    rotation = kms.get_key_rotation_status(KeyId=id_)
    tags = kms.list_resource_tags(KeyId=id_).get("Tags", [])
    period = rotation.get("RotationPeriodInDays")
    return {
        "description": key.get("Description", ""),
        "keyUsage": key["KeyUsage"],
        "customerMasterKeySpec": key.get("KeySpec") or key["CustomerMasterKeySpec"],
        "multiRegion": key.get("MultiRegion", False),
        "policy": kms.get_key_policy(KeyId=id_, PolicyName="default")["Policy"],
        "enableKeyRotation": rotation["KeyRotationEnabled"],
        **({"rotationPeriodInDays": period} if period else {}),
        "isEnabled": key["Enabled"],
        "tags": {t["TagKey"]: t["TagValue"] for t in tags if not t["TagKey"].startswith("aws:")},
        "arn": key["Arn"],
        "keyId": id_,
    }


def _delete_key(call: Call, id_: str, state: Props) -> None:
    call.client("kms").schedule_key_deletion(KeyId=id_, **to_aws(_KEY, state, "deletionWindowInDays"))


def _create_alias(call: Call, props: Props) -> str:
    call.client("kms").create_alias(AliasName=props["name"], TargetKeyId=props["targetKeyId"])
    return str(props["name"])


def _update_alias(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    call.client("kms").update_alias(AliasName=id_, TargetKeyId=new["targetKeyId"])


def _read_alias(call: Call, id_: str, prior: Props) -> Props | None:
    kms = call.client("kms")
    pages = kms.get_paginator("list_aliases").paginate()
    alias = first(a for page in pages for a in page["Aliases"] if a["AliasName"] == id_)
    if alias is None:
        return None
    target = alias["TargetKeyId"]
    arn = call.arn("kms", f"key/{target}")
    return {
        "name": id_,
        "targetKeyId": arn if prior.get("targetKeyId") == arn else target,
        "arn": alias["AliasArn"],
        "targetKeyArn": arn,
    }


def _delete_alias(call: Call, id_: str, state: Props) -> None:
    call.client("kms").delete_alias(AliasName=id_)


RESOURCES = (
    Resource(
        type="aws:kms/key:Key",
        cfn="AWS::KMS::Key",
        fields=_KEY,
        outputs=("arn", "keyId", "tagsAll"),
        create=_create_key,
        read=_read_key,
        update=_update_key,
        delete=_delete_key,
    ),
    Resource(
        type="aws:kms/alias:Alias",
        cfn="AWS::KMS::Alias",
        fields={
            "name": text(replace=True, computed=True, aws="AliasName"),
            "namePrefix": text(replace=True),
            "targetKeyId": text(required=True),
        },
        outputs=("arn", "targetKeyArn"),
        recomputed=lambda new, changed: ("targetKeyArn",) if "targetKeyId" in changed else (),
        autoname=Autoname(start="alias/"),
        create=_create_alias,
        read=_read_alias,
        update=_update_alias,
        delete=_delete_alias,
    ),
)
