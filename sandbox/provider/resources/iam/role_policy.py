"""aws.iam.RolePolicy."""

import json

from sandbox.provider.kit import Autoname, Call, Props, Resource

RESOURCE = Resource(
    __name__,
    "AWS::IAM::RolePolicy",
    autoname=Autoname(length=128),
    names={"policy": "PolicyDocument", "role": "RoleName", "name": "PolicyName"},
)


def create(call: Call, inputs: Props) -> str:
    call.client("iam").put_role_policy(**RESOURCE.to_aws(inputs, "role", "name", "policy"))
    return f"{inputs['role']}:{inputs['name']}"


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    create(call, new)


def read(call: Call, id_: str, prior: Props) -> Props:
    role, _, name = id_.partition(":")
    reply = call.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": json.dumps(reply["PolicyDocument"])}


def delete(call: Call, id_: str, state: Props) -> None:
    role, _, name = id_.partition(":")
    call.client("iam").delete_role_policy(RoleName=role, PolicyName=name)
