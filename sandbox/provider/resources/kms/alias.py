"""aws.kms.Alias."""

from sandbox.provider.kit import Autoname, Call, Names, Props, Resource, deleter, only

RESOURCE = Resource(__name__, "AWS::KMS::Alias", autoname=Autoname(start="alias/"), names={"name": "AliasName"})
delete = deleter("kms", "delete_alias", "AliasName")


def create(call: Call, inputs: Props) -> str:
    call.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
    return str(inputs["name"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    call.client("kms").update_alias(AliasName=id_, TargetKeyId=new["targetKeyId"])


def recomputed(new: Props, changed: set[str]) -> Names:
    return ("targetKeyArn",) if "targetKeyId" in changed else ()


def read(call: Call, id_: str, prior: Props) -> Props:
    pages = call.client("kms").get_paginator("list_aliases").paginate()
    alias = only(a for page in pages for a in page["Aliases"] if a["AliasName"] == id_)
    target = alias["TargetKeyId"]
    arn = call.arn("kms", f"key/{target}")
    return {
        "name": id_,
        "targetKeyId": arn if prior.get("targetKeyId") == arn else target,
        "arn": alias["AliasArn"],
        "targetKeyArn": arn,
    }
