"""aws.ssm.Parameter."""

from sandbox.provider.kit import Autoname, Call, Names, Problems, Props, Resource, deleter, first, tag_map, tagger

RESOURCE = Resource(
    __name__,
    "AWS::SSM::Parameter",
    autoname=Autoname(),
    unserved="arn insecureValue",
    replace="dataType",
    secret="value valueWo",  # noqa: S106
)
_BY_ID = ("add_tags_to_resource", "remove_tags_from_resource", "ResourceId")
tag, untag = tagger("ssm", *_BY_ID, ResourceType="Parameter")
_VALUES = ("value", "valueWo")
_SETTINGS = ("name", "type", "allowedPattern", "dataType", "description", "keyId", "tier")
delete = deleter("ssm", "delete_parameter", "Name")


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
        tag(call, name, RESOURCE.to_aws(inputs, "tags")["Tags"])
    return name


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if recomputed(new, changed):
        call.client("ssm").put_parameter(**_parameters(new), Overwrite=True)


def recomputed(new: Props, changed: set[str]) -> Names:
    return ("version",) if changed - {"tags", "overwrite"} else ()


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
        **{name: value for name, value in computed.items() if value is not None},
    }
    if not prior.get("valueWo"):
        reading["value"] = parameter["Value"]
    return reading


def check(inputs: Props) -> Problems:
    if sum(name in inputs for name in _VALUES) != 1:
        yield "value", f"set exactly one of {', '.join(_VALUES)}"
