"""aws.iam.InstanceProfile."""

from sandbox.provider.kit import Autoname, Call, Props, Resource, first, tag_list, tag_map, tagger
from sandbox.provider.resources.iam import identity

RESOURCE = Resource(
    __name__,
    "AWS::IAM::InstanceProfile",
    autoname=Autoname(length=128),
    defaults={"path": "/"},
    names={"name": "InstanceProfileName", "role": "Roles"},
)
tag, untag = tagger("iam", "tag_instance_profile", "untag_instance_profile", "InstanceProfileName")


def create(call: Call, inputs: Props) -> str:
    name = str(inputs["name"])
    parameters = RESOURCE.to_aws(inputs, "name", "path")
    call.client("iam").create_instance_profile(**parameters, Tags=tag_list(inputs.get("tags")))
    call.created(name)
    _set_role(call, name, inputs)
    return name


def _set_role(call: Call, name: str, inputs: Props) -> None:
    iam = call.client("iam")
    roles = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    have, want = first(r["RoleName"] for r in roles), inputs.get("role")
    if have and have != want:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=have)
    if want and have != want:
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=want)


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    _set_role(call, id_, new)


def read(call: Call, id_: str, prior: Props) -> Props:
    profile = call.client("iam").get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]
    return {
        **RESOURCE.from_aws(profile, "name", "path"),
        "role": first(r["RoleName"] for r in profile["Roles"]),
        "tags": tag_map(profile.get("Tags")),
        **identity(profile, "InstanceProfileId"),
    }


def delete(call: Call, id_: str, state: Props) -> None:
    _set_role(call, id_, {})
    call.client("iam").delete_instance_profile(InstanceProfileName=id_)
