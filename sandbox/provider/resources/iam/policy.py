"""aws.iam.Policy: a managed policy, whose id is its ARN; AWS keeps at most five versions of it."""

import json

from sandbox.provider.kit import Autoname, Call, Client, Pairs, Props, Resource, tag_list, tag_map, tagger

RESOURCE = Resource(
    __name__,
    "AWS::IAM::ManagedPolicy",
    autoname=Autoname(length=128),
    unserved="delayAfterPolicyCreationInMs",
    kinds={"policy": "json"},
    defaults={"path": "/"},
    names={"name": "ManagedPolicyName", "policy": "PolicyDocument"},
)
tag, untag = tagger("iam", "tag_policy", "untag_policy", "PolicyArn")
_KEPT = 5


def create(call: Call, inputs: Props) -> str:
    reply = call.client("iam").create_policy(
        PolicyName=inputs["name"],
        PolicyDocument=inputs["policy"],
        **RESOURCE.to_aws(inputs, "path", "description"),
        **_tags(tag_list(inputs.get("tags"))),
    )
    return str(reply["Policy"]["Arn"])


def _tags(pairs: Pairs) -> Props:
    return {"Tags": pairs} if pairs else {}


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if "policy" not in changed:
        return
    iam = call.client("iam")
    others = _others(iam, id_)
    if len(others) + 1 >= _KEPT:
        oldest = min(others, key=lambda version: int(version.removeprefix("v")))
        iam.delete_policy_version(PolicyArn=id_, VersionId=oldest)
    iam.create_policy_version(PolicyArn=id_, PolicyDocument=new["policy"], SetAsDefault=True)


def _others(iam: Client, arn: str) -> list[str]:
    """Return the versions that are not in force."""
    pages = iam.get_paginator("list_policy_versions").paginate(PolicyArn=arn)
    return [each["VersionId"] for page in pages for each in page["Versions"] if not each["IsDefaultVersion"]]


def read(call: Call, id_: str, prior: Props) -> Props:
    iam = call.client("iam")
    policy = iam.get_policy(PolicyArn=id_)["Policy"]
    version = iam.get_policy_version(PolicyArn=id_, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    return {
        "name": policy["PolicyName"],
        "path": policy["Path"],
        "description": policy.get("Description"),
        "policy": json.dumps(version["Document"]),
        "tags": tag_map(policy.get("Tags")),
        "arn": id_,
        "attachmentCount": policy["AttachmentCount"],
        "policyId": policy["PolicyId"],
    }


def delete(call: Call, id_: str, state: Props) -> None:
    iam = call.client("iam")
    for version in _others(iam, id_):
        iam.delete_policy_version(PolicyArn=id_, VersionId=version)
    iam.delete_policy(PolicyArn=id_)
