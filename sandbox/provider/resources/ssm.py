"""aws.ssm: Parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resources.translate import first, removed_tags, stripped, tag_list, tag_map, to_aws
from sandbox.provider.schema import TAGS, Autoname, Field, Props, Resource, flag, number, text

_VALUES = ("value", "insecureValue", "valueWo")
_FIELDS: dict[str, Field] = {
    "name": text(replace=True, computed=True),
    "type": text(required=True),
    "value": text(computed=True, secret=True),
    "insecureValue": text(computed=True),
    "valueWo": text(secret=True),
    "valueWoVersion": number(),
    "allowedPattern": text(),
    "dataType": text(replace=True, computed=True),
    "description": text(),
    "keyId": text(computed=True),
    "overwrite": flag(),
    "tier": text(computed=True),
    "tags": TAGS,
}
_SETTINGS = ("name", "type", "allowedPattern", "dataType", "description", "keyId", "tier")


def _parameters(props: Props) -> dict[str, Any]:
    settings = to_aws(_FIELDS, props, *_SETTINGS)
    if settings["Type"] != "SecureString":
        settings.pop("KeyId", None)
    return {**settings, "Value": next(props[name] for name in _VALUES if props.get(name))}


def _create(call: Call, props: Props) -> str:
    ssm, name = call.client("ssm"), str(props["name"])
    ssm.put_parameter(**_parameters(props), Overwrite=bool(props.get("overwrite")))
    call.created(name)
    if props.get("tags"):
        # PutParameter takes tags only where it does not overwrite.
        ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tag_list(props["tags"]))
    return name


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    ssm = call.client("ssm")
    if changed - {"tags", "overwrite"}:
        ssm.put_parameter(**_parameters(new), Overwrite=True)
    if "tags" in changed:
        gone = removed_tags(old, new)
        if gone:
            ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=id_, TagKeys=gone)
        if new.get("tags"):
            ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=id_, Tags=tag_list(new["tags"]))


def _recomputed(new: Props, changed: set[str]) -> Sequence[str]:
    return ("version",) if changed - {"tags", "overwrite"} else ()


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    ssm = call.client("ssm")
    parameter = ssm.get_parameter(Name=id_, WithDecryption=True)["Parameter"]
    filters = [{"Key": "Name", "Option": "Equals", "Values": [id_]}]
    about = first(ssm.describe_parameters(ParameterFilters=filters)["Parameters"]) or {}
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=id_)["TagList"]
    reading = {
        "name": parameter["Name"],
        "type": parameter["Type"],
        "description": about.get("Description"),
        "allowedPattern": about.get("AllowedPattern"),
        "tags": tag_map(tags),
        "arn": parameter["ARN"],
        "version": parameter["Version"],
        "hasValueWo": bool(prior.get("valueWo")),
    }
    computed = {"dataType": parameter.get("DataType"), "keyId": about.get("KeyId"), "tier": about.get("Tier")}
    reading |= stripped(computed)
    if not prior.get("valueWo"):
        reading["insecureValue" if prior.get("insecureValue") else "value"] = parameter["Value"]
    return reading


def _delete(call: Call, id_: str, state: Props) -> None:
    call.client("ssm").delete_parameter(Name=id_)


def _check(inputs: Props) -> Sequence[tuple[str, str]]:
    if sum(name in inputs for name in _VALUES) != 1:
        return [("value", f"set exactly one of {', '.join(_VALUES)}")]
    if "insecureValue" in inputs and inputs["type"] == "SecureString":
        return [("insecureValue", "is not for a SecureString; set value, or valueWo to keep it out of the state")]
    return ()


RESOURCES = (
    Resource(
        type="aws:ssm/parameter:Parameter",
        cfn="AWS::SSM::Parameter",
        fields=_FIELDS,
        outputs=("arn", "hasValueWo", "tagsAll", "version"),
        recomputed=_recomputed,
        autoname=Autoname(),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        check=_check,
    ),
)
