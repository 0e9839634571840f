"""aws.ec2.RouteTable; its routes are resources of their own."""

from sandbox.provider.kit import Call, Props, Resource, deleter, ec2_tags, only, tag_map

RESOURCE = Resource(__name__, "AWS::EC2::RouteTable", unserved="propagatingVgws routes")
delete = deleter("ec2", "delete_route_table", "RouteTableId")


def create(call: Call, inputs: Props) -> str:
    tags = ec2_tags("route-table", inputs)
    reply = call.client("ec2").create_route_table(VpcId=inputs["vpcId"], TagSpecifications=tags)
    return str(reply["RouteTable"]["RouteTableId"])


def read(call: Call, id_: str, prior: Props) -> Props:
    table = only(call.client("ec2").describe_route_tables(RouteTableIds=[id_])["RouteTables"])
    return {
        "vpcId": table["VpcId"],
        "tags": tag_map(table.get("Tags")),
        "arn": call.arn("ec2", f"route-table/{id_}"),
        "ownerId": table.get("OwnerId") or call.account,
    }
