"""aws.kms.Key."""

from sandbox.provider.kit import Call, Gone, Names, Pairs, Props, Resource, tag_list

RESOURCE = Resource(
    __name__,
    "AWS::KMS::Key",
    unserved="customKeyStoreId xksKeyId",
    computed="enableKeyRotation",
    replace="keyUsage customerMasterKeySpec multiRegion",
    kinds={"policy": "json"},
    off="bypassPolicyLockoutSafetyCheck",
    defaults={"customerMasterKeySpec": "SYMMETRIC_DEFAULT", "isEnabled": True, "keyUsage": "ENCRYPT_DECRYPT"},
    names={
        "customerMasterKeySpec": "KeySpec",
        "deletionWindowInDays": "PendingWindowInDays",
        "isEnabled": "Enabled",
        "policy": "KeyPolicy",
    },
)
_SETTINGS = ("description", "keyUsage", "customerMasterKeySpec", "multiRegion", "bypassPolicyLockoutSafetyCheck")


def create(call: Call, inputs: Props) -> str:
    kms, parameters = call.client("kms"), RESOURCE.to_aws(inputs, *_SETTINGS)
    if inputs.get("policy"):
        parameters["Policy"] = inputs["policy"]
    reply = kms.create_key(**parameters, Tags=_pairs(tag_list(inputs.get("tags"))))
    id_ = str(reply["KeyMetadata"]["KeyId"])
    call.created(id_)
    _set_rotation(call, id_, inputs)
    if not inputs["isEnabled"]:
        kms.disable_key(KeyId=id_)
    return id_


def _pairs(pairs: Pairs) -> list[dict[str, str]]:
    return [{"TagKey": p["Key"], "TagValue": p["Value"]} for p in pairs]


def _set_rotation(call: Call, id_: str, inputs: Props) -> None:
    if inputs.get("enableKeyRotation"):
        call.client("kms").enable_key_rotation(KeyId=id_, **RESOURCE.to_aws(inputs, "rotationPeriodInDays"))
    elif inputs.get("enableKeyRotation") is False:
        call.client("kms").disable_key_rotation(KeyId=id_)


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    kms = call.client("kms")
    if "isEnabled" in changed and new["isEnabled"]:  # a disabled key takes no other change but that of its tags
        kms.enable_key(KeyId=id_)
    if "description" in changed:
        kms.update_key_description(KeyId=id_, Description=new.get("description") or "")
    if "policy" in changed and new.get("policy"):
        kms.put_key_policy(KeyId=id_, PolicyName="default", Policy=new["policy"])
    if changed & {"enableKeyRotation", "rotationPeriodInDays"}:
        _set_rotation(call, id_, new)
    if "isEnabled" in changed and not new["isEnabled"]:
        kms.disable_key(KeyId=id_)


def tag(call: Call, id_: str, pairs: Pairs) -> None:
    call.client("kms").tag_resource(KeyId=id_, Tags=_pairs(pairs))


def untag(call: Call, id_: str, keys: Names) -> None:
    call.client("kms").untag_resource(KeyId=id_, TagKeys=keys)


def read(call: Call, id_: str, prior: Props) -> Props:
    kms = call.client("kms")
    key: Props = kms.describe_key(KeyId=id_)["KeyMetadata"]
    if key["KeyState"] in ("PendingDeletion", "PendingReplicaDeletion"):
        raise Gone
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


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("kms").schedule_key_deletion(KeyId=id_, **RESOURCE.to_aws(state, "deletionWindowInDays"))
