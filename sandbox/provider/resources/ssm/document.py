"""aws.ssm.Document."""

from sandbox.provider.kit import Autoname, Call, Names, Props, Resource, deleter, tag_list, tag_map, tagger

RESOURCE = Resource(
    __name__,
    "AWS::SSM::Document",
    autoname=Autoname(length=128),
    unserved="attachmentsSources permissions",
    defaults={"documentFormat": "JSON"},
    in_place="content documentFormat targetType versionName",
    kinds={"content": "json"},
)
_BY_ID = ("add_tags_to_resource", "remove_tags_from_resource", "ResourceId")
tag, untag = tagger("ssm", *_BY_ID, ResourceType="Document")
delete = deleter("ssm", "delete_document", "Name")
_SETTINGS = ("name", "content", "documentFormat", "documentType", "targetType", "versionName")


def create(call: Call, inputs: Props) -> str:
    name = str(inputs["name"])
    settings = RESOURCE.to_aws(inputs, *_SETTINGS)
    if pairs := tag_list(inputs.get("tags")):
        settings["Tags"] = pairs
    call.client("ssm").create_document(**settings)
    call.created(name)
    return name


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if not recomputed(new, changed):
        return
    settings = RESOURCE.to_aws(new, "name", "content", "documentFormat", "targetType", "versionName")
    ssm = call.client("ssm")
    made = ssm.update_document(**settings, DocumentVersion="$LATEST")["DocumentDescription"]
    ssm.update_document_default_version(Name=id_, DocumentVersion=made["DocumentVersion"])


def recomputed(new: Props, changed: set[str]) -> Names:
    made = ("defaultVersion", "description", "documentVersion", "hash", "latestVersion", "parameters", "schemaVersion")
    return made if changed - {"tags"} else ()


def read(call: Call, id_: str, prior: Props) -> Props:
    ssm = call.client("ssm")
    about = ssm.describe_document(Name=id_)["Document"]
    ssm.describe_document_permission(Name=id_, PermissionType="Share")  # upstream reads it too, for `permissions`
    content = ssm.get_document(Name=id_, DocumentFormat=about["DocumentFormat"])["Content"]
    return {
        **RESOURCE.from_aws(about, *(name for name in _SETTINGS if name != "content")),
        "content": content,
        "tags": tag_map(about.get("Tags")),
        "arn": call.arn("ssm", f"document/{id_}"),
        "createdDate": about["CreatedDate"].isoformat(),
        "defaultVersion": about["DefaultVersion"],
        "description": about.get("Description", ""),
        "documentVersion": about["DocumentVersion"],
        "hash": about["Hash"],
        "hashType": about["HashType"],
        "latestVersion": about["LatestVersion"],
        "owner": about["Owner"],
        "platformTypes": about.get("PlatformTypes", []),
        "schemaVersion": about["SchemaVersion"],
        "status": about["Status"],
        "parameters": [
            {
                "name": one["Name"],
                "type": one.get("Type"),
                "description": one.get("Description"),
                "defaultValue": one.get("DefaultValue"),
            }
            for one in about.get("Parameters", [])
        ],
    }
