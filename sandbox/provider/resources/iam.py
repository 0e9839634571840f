"""aws.iam: Role, RolePolicy, RolePolicyAttachment, InstanceProfile."""

from __future__ import annotations

import json
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resources.translate import first, from_aws, removed_tags, tag_list, tag_map, to_aws
from sandbox.provider.schema import TAGS, Autoname, Field, Props, Resource, flag, json_text, number, text

_ROLE: dict[str, Field] = {
    "name": text(replace=True, computed=True, aws="RoleName"),
    "namePrefix": text(replace=True),
    "path": text(default="/", replace=True),
    "assumeRolePolicy": json_text(required=True, aws="AssumeRolePolicyDocument"),
    "description": text(),
    "maxSessionDuration": number(default=3600),
    "permissionsBoundary": text(),
    "forceDetachPolicies": flag(default=False),
    "tags": TAGS,
}
_ROLE_SETTINGS = ("name", "path", "description", "maxSessionDuration", "permissionsBoundary", "assumeRolePolicy")


def _create_role(call: Call, props: Props) -> str:
    call.client("iam").create_role(**to_aws(_ROLE, props, *_ROLE_SETTINGS), Tags=tag_list(props.get("tags")))
    return str(props["name"])


def _update_role(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    iam = call.client("iam")
    if "assumeRolePolicy" in changed:
        iam.update_assume_role_policy(RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
    if changed & {"description", "maxSessionDuration"}:
        iam.update_role(
            RoleName=id_,
            Description=new.get("description") or "",
            MaxSessionDuration=new["maxSessionDuration"],
        )
    if "permissionsBoundary" in changed and new.get("permissionsBoundary"):
        iam.put_role_permissions_boundary(RoleName=id_, PermissionsBoundary=new["permissionsBoundary"])
    elif "permissionsBoundary" in changed:
        iam.delete_role_permissions_boundary(RoleName=id_)
    if "tags" in changed:
        iam.untag_role(RoleName=id_, TagKeys=removed_tags(old, new))
        iam.tag_role(RoleName=id_, Tags=tag_list(new.get("tags")))


def _read_role(call: Call, id_: str, prior: Props) -> Props | None:
    role = call.client("iam").get_role(RoleName=id_)["Role"]
    return {
        **from_aws(_ROLE, role, "name", "path", "description", "maxSessionDuration"),
        "assumeRolePolicy": _document(role["AssumeRolePolicyDocument"]),
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tags": tag_map(role.get("Tags")),
        **_identity(role, "RoleId"),
    }


def _identity(reply: dict[str, Any], id_name: str) -> Props:
    return {"arn": reply["Arn"], "createDate": reply["CreateDate"].isoformat(), "uniqueId": reply[id_name]}


def _document(document: str | dict[str, Any]) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _delete_role(call: Call, id_: str, state: Props) -> None:
    iam = call.client("iam")
    for profile in iam.list_instance_profiles_for_role(RoleName=id_)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(RoleName=id_, InstanceProfileName=profile["InstanceProfileName"])
    if state.get("forceDetachPolicies"):
        for policy in iam.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=id_, PolicyArn=policy["PolicyArn"])
        for name in iam.list_role_policies(RoleName=id_)["PolicyNames"]:
            iam.delete_role_policy(RoleName=id_, PolicyName=name)
    iam.delete_role(RoleName=id_)


def _put_policy(call: Call, props: Props) -> str:
    role, name = str(props["role"]), str(props["name"])
    call.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=props["policy"])
    return f"{role}:{name}"


def _update_policy(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    _put_policy(call, new)


def _read_policy(call: Call, id_: str, prior: Props) -> Props | None:
    role, _, name = id_.partition(":")
    reply = call.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": _document(reply["PolicyDocument"])}


def _delete_policy(call: Call, id_: str, state: Props) -> None:
    role, _, name = id_.partition(":")
    call.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


def _attach(call: Call, props: Props) -> str:
    role, policy = str(props["role"]), str(props["policyArn"])
    call.client("iam").attach_role_policy(RoleName=role, PolicyArn=policy)
    return f"{role}/{policy}"


def _read_attachment(call: Call, id_: str, prior: Props) -> Props | None:
    role, _, arn = id_.partition("/")
    pages = call.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    attached = first(p for page in pages for p in page["AttachedPolicies"] if p["PolicyArn"] == arn)
    return {"role": role, "policyArn": arn} if attached else None


def _detach(call: Call, id_: str, state: Props) -> None:
    role, _, arn = id_.partition("/")
    call.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


_PROFILE: dict[str, Field] = {
    "name": text(replace=True, computed=True, aws="InstanceProfileName"),
    "namePrefix": text(replace=True),
    "path": text(default="/", replace=True),
    "role": text(aws="Roles"),
    "tags": TAGS,
}


def _create_profile(call: Call, props: Props) -> str:
    name = str(props["name"])
    call.client("iam").create_instance_profile(
        InstanceProfileName=name, Path=props["path"], Tags=tag_list(props.get("tags"))
    )
    call.created(name)
    _set_profile_role(call, name, props)
    return name


def _set_profile_role(call: Call, name: str, props: Props) -> None:
    iam = call.client("iam")
    roles = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    have, want = first(r["RoleName"] for r in roles), props.get("role")
    if have and have != want:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=have)
    if want and have != want:
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=want)


def _update_profile(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    _set_profile_role(call, id_, new)
    if "tags" in changed:
        iam = call.client("iam")
        iam.untag_instance_profile(InstanceProfileName=id_, TagKeys=removed_tags(old, new))
        iam.tag_instance_profile(InstanceProfileName=id_, Tags=tag_list(new.get("tags")))


def _read_profile(call: Call, id_: str, prior: Props) -> Props | None:
    profile = call.client("iam").get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]
    return {
        **from_aws(_PROFILE, profile, "name", "path"),
        "role": first(r["RoleName"] for r in profile["Roles"]),
        "tags": tag_map(profile.get("Tags")),
        **_identity(profile, "InstanceProfileId"),
    }


def _delete_profile(call: Call, id_: str, state: Props) -> None:
    _set_profile_role(call, id_, {})
    call.client("iam").delete_instance_profile(InstanceProfileName=id_)


RESOURCES = (
    Resource(
        type="aws:iam/role:Role",
        cfn="AWS::IAM::Role",
        fields=_ROLE,
        outputs=("arn", "createDate", "tagsAll", "uniqueId"),
        autoname=Autoname(length=64),
        regional=False,
        create=_create_role,
        read=_read_role,
        update=_update_role,
        delete=_delete_role,
    ),
    Resource(
        type="aws:iam/rolePolicy:RolePolicy",
        cfn="AWS::IAM::RolePolicy",
        fields={
            "role": text(required=True, replace=True, aws="RoleName"),
            "name": text(replace=True, computed=True, aws="PolicyName"),
            "namePrefix": text(replace=True),
            "policy": json_text(required=True, aws="PolicyDocument"),
        },
        autoname=Autoname(length=128),
        regional=False,
        create=_put_policy,
        read=_read_policy,
        update=_update_policy,
        delete=_delete_policy,
    ),
    Resource(
        type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        cfn="",
        fields={"role": text(required=True, replace=True), "policyArn": text(required=True, replace=True)},
        regional=False,
        create=_attach,
        read=_read_attachment,
        delete=_detach,
    ),
    Resource(
        type="aws:iam/instanceProfile:InstanceProfile",
        cfn="AWS::IAM::InstanceProfile",
        fields=_PROFILE,
        outputs=("arn", "createDate", "tagsAll", "uniqueId"),
        autoname=Autoname(length=128),
        regional=False,
        create=_create_profile,
        read=_read_profile,
        update=_update_profile,
        delete=_delete_profile,
    ),
)
