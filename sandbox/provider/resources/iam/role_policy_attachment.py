"""aws.iam.RolePolicyAttachment."""

from sandbox.provider.kit import Call, Gone, Props, Resource

RESOURCE = Resource(__name__, replace="policyArn role", names={"role": "RoleName"})


def create(call: Call, inputs: Props) -> str:
    call.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
    return f"{inputs['role']}/{inputs['policyArn']}"


def read(call: Call, id_: str, prior: Props) -> Props:
    role, _, arn = id_.partition("/")
    pages = call.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    if not any(each["PolicyArn"] == arn for page in pages for each in page["AttachedPolicies"]):
        raise Gone
    return {"role": role, "policyArn": arn}


def delete(call: Call, id_: str, state: Props) -> None:
    role, _, arn = id_.partition("/")
    call.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)
