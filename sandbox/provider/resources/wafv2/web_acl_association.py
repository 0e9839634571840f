"""aws.wafv2.WebAclAssociation: which web ACL decides about a load balancer's requests."""

from sandbox.provider.kit import Call, Gone, Props, Resource

RESOURCE = Resource(__name__, "AWS::WAFv2::WebACLAssociation", names={"webAclArn": "WebACLArn"})


def create(call: Call, inputs: Props) -> str:
    call.client("wafv2").associate_web_acl(**RESOURCE.to_aws(inputs))
    return f"{inputs['webAclArn']},{inputs['resourceArn']}"


def read(call: Call, id_: str, prior: Props) -> Props:
    resource = id_.partition(",")[2]
    found = call.client("wafv2").get_web_acl_for_resource(ResourceArn=resource).get("WebACL")
    if not found:
        raise Gone
    return {"webAclArn": found["ARN"], "resourceArn": resource}


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("wafv2").disassociate_web_acl(ResourceArn=state["resourceArn"])
