"""aws.ssm.Parameter."""

from sandbox.provider.kit import (
    Autoname,
    Call,
    Names,
    Pairs,
    Problems,
    Props,
    Resource,
    first,
    stripped,
    tag_list,
    tag_map,
)

RESOURCE = Resource(
    __name__,
    "AWS::SSM::Parameter",
    autoname=Autoname(),
    unserved="arn",
    replace="dataType",
    secret="value valueWo",  # noqa: S106
)
_VALUES = ("value", "insecureValue", "valueWo")
_SETTINGS = ("name", "type", "allowedPattern", "dataType", "description", "keyId", "tier")


def _parameters(inputs: Props) -> Props:
    settings = RESOURCE.to_aws(inputs, *_SETTINGS)
    if settings["Type"] != "SecureString":
        settings.pop("KeyId", None)
    return {**settings, "Value": next(inputs[name] for name in _VALUES if inputs.get(name))}


def create(call: Call, inputs: Props) -> str:
    name = str(inputs["name"])
    call.client("ssm").put_parameter(**_parameters(inputs), Overwrite=bool(inputs.get("overwrite")))
    call.created(name)
    if inputs.get("tags"):  # PutParameter takes tags only where it does not overwrite
        tag(call, name, tag_list(inputs["tags"]))
    return name


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if recomputed(new, changed):
        call.client("ssm").put_parameter(**_parameters(new), Overwrite=True)


def recomputed(new: Props, changed: set[str]) -> Names:
    return ("version",) if changed - {"tags", "overwrite"} else ()


def tag(call: Call, id_: str, pairs: Pairs) -> None:
    call.client("ssm").add_tags_to_resource(ResourceType="Parameter", ResourceId=id_, Tags=pairs)


def untag(call: Call, id_: str, keys: Names) -> None:
    call.client("ssm").remove_tags_from_resource(ResourceType="Parameter", ResourceId=id_, TagKeys=keys)


def read(call: Call, id_: str, prior: Props) -> Props:
    ssm = call.client("ssm")
    parameter = ssm.get_parameter(Name=id_, WithDecryption=True)["Parameter"]
    filters = [{"Key": "Name", "Option": "Equals", "Values": [id_]}]
    about = first(ssm.describe_parameters(ParameterFilters=filters)["Parameters"]) or {}
    computed = {"dataType": parameter.get("DataType"), "keyId": about.get("KeyId"), "tier": about.get("Tier")}
    reading = {
        "name": parameter["Name"],
        "type": parameter["Type"],
        "description": about.get("Description"),
        "allowedPattern": about.get("AllowedPattern"),
        "tags": tag_map(ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=id_)["TagList"]),
        "arn": parameter["ARN"],
        "version": parameter["Version"],
        "hasValueWo": bool(prior.get("valueWo")),
        **stripped(computed),
    }
    if not prior.get("valueWo"):
        reading["insecureValue" if prior.get("insecureValue") else "value"] = parameter["Value"]
    return reading


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("ssm").delete_parameter(Name=id_)


def check(inputs: Props) -> Problems:
    if sum(name in inputs for name in _VALUES) != 1:
        yield "value", f"set exactly one of {', '.join(_VALUES)}"
    elif "insecureValue" in inputs and inputs["type"] == "SecureString":
        yield "insecureValue", "is not for a SecureString; set value, or valueWo to keep it out of the state"
