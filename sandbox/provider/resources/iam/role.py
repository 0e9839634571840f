"""aws.iam.Role."""

import json

from sandbox.provider.kit import Autoname, Call, Props, Resource, tag_list, tag_map, tagger
from sandbox.provider.resources.iam import identity

RESOURCE = Resource(
    __name__,
    "AWS::IAM::Role",
    autoname=Autoname(length=64),
    unserved="inlinePolicies managedPolicyArns",
    off="forceDetachPolicies",
    defaults={"maxSessionDuration": 3600, "path": "/"},
    names={"assumeRolePolicy": "AssumeRolePolicyDocument", "name": "RoleName"},
)
tag, untag = tagger("iam", "tag_role", "untag_role", "RoleName")
_SETTINGS = ("name", "path", "description", "maxSessionDuration")


def create(call: Call, inputs: Props) -> str:
    parameters = RESOURCE.to_aws(inputs, *_SETTINGS, "permissionsBoundary", "assumeRolePolicy")
    call.client("iam").create_role(**parameters, Tags=tag_list(inputs.get("tags")))
    return str(inputs["name"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    iam = call.client("iam")
    if "assumeRolePolicy" in changed:
        iam.update_assume_role_policy(RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
    if changed & {"description", "maxSessionDuration"}:
        description = new.get("description") or ""
        iam.update_role(RoleName=id_, Description=description, MaxSessionDuration=new["maxSessionDuration"])
    if "permissionsBoundary" in changed and new.get("permissionsBoundary"):
        iam.put_role_permissions_boundary(RoleName=id_, PermissionsBoundary=new["permissionsBoundary"])
    elif "permissionsBoundary" in changed:
        iam.delete_role_permissions_boundary(RoleName=id_)


def read(call: Call, id_: str, prior: Props) -> Props:
    role = call.client("iam").get_role(RoleName=id_)["Role"]
    return {
        **RESOURCE.from_aws(role, *_SETTINGS),
        "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tags": tag_map(role.get("Tags")),
        **identity(role, "RoleId"),
    }


def delete(call: Call, id_: str, state: Props) -> None:
    iam = call.client("iam")
    for profile in iam.list_instance_profiles_for_role(RoleName=id_)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(RoleName=id_, InstanceProfileName=profile["InstanceProfileName"])
    if state.get("forceDetachPolicies"):
        for policy in iam.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=id_, PolicyArn=policy["PolicyArn"])
        for name in iam.list_role_policies(RoleName=id_)["PolicyNames"]:
            iam.delete_role_policy(RoleName=id_, PolicyName=name)
    iam.delete_role(RoleName=id_)
