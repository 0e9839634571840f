"""aws.ec2.InternetGateway."""

from sandbox.provider.kit import Call, Props, Resource, ec2_tags, first, tag_map

RESOURCE = Resource(__name__, "AWS::EC2::InternetGateway", given="vpcId")


def create(call: Call, inputs: Props) -> str:
    tags = ec2_tags("internet-gateway", inputs)
    gateway = call.client("ec2").create_internet_gateway(TagSpecifications=tags)["InternetGateway"]
    id_ = str(gateway["InternetGatewayId"])
    call.created(id_)
    _attach(call, id_, inputs.get("vpcId"))
    return id_


def _gateway(call: Call, id_: str) -> Props:
    return first(call.client("ec2").describe_internet_gateways(InternetGatewayIds=[id_])["InternetGateways"])


def _attach(call: Call, id_: str, vpc: str | None) -> None:
    attached = first(a["VpcId"] for a in _gateway(call, id_)["Attachments"])
    if attached and attached != vpc:
        call.client("ec2").detach_internet_gateway(InternetGatewayId=id_, VpcId=attached)
    if vpc and attached != vpc:
        call.client("ec2").attach_internet_gateway(InternetGatewayId=id_, VpcId=vpc)


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    _attach(call, id_, new.get("vpcId"))


def read(call: Call, id_: str, prior: Props) -> Props:
    gateway = _gateway(call, id_)
    return {
        "vpcId": first(a["VpcId"] for a in gateway["Attachments"]),
        "tags": tag_map(gateway.get("Tags")),
        "arn": call.arn("ec2", f"internet-gateway/{id_}"),
        "ownerId": gateway.get("OwnerId") or call.account,
    }


def delete(call: Call, id_: str, state: Props) -> None:
    _attach(call, id_, None)
    call.client("ec2").delete_internet_gateway(InternetGatewayId=id_)
