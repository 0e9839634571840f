"""aws.ec2.RouteTable, with or without routes of its own."""

from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resource import Resource
from sandbox.provider.schema import Props
from sandbox.provider.tags import tag_map, tag_specification
from sandbox.provider.translate import first, from_aws, stripped, to_aws

RESOURCE = Resource(
    __name__,
    "AWS::EC2::RouteTable",
    unserved="propagatingVgws routes.coreNetworkArn routes.odbNetworkArn",
    names={
        "routes.cidrBlock": "DestinationCidrBlock",
        "routes.egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
        "routes.ipv6CidrBlock": "DestinationIpv6CidrBlock",
    },
)


def create(call: Call, inputs: Props) -> str:
    tags = tag_specification("route-table", inputs)
    reply = call.client("ec2").create_route_table(VpcId=inputs["vpcId"], TagSpecifications=tags)
    id_ = str(reply["RouteTable"]["RouteTableId"])
    call.created(id_)
    _set_routes(call, id_, [], inputs.get("routes") or [])
    return id_


def _set_routes(call: Call, table: str, old: list[Props], new: list[Props]) -> None:
    ec2, fields = call.client("ec2"), RESOURCE.fields["routes"].inner
    have = {_destination(route): route for route in (to_aws(fields, r) for r in old)}
    want = {_destination(route): route for route in (to_aws(fields, r) for r in new)}
    for destination in have.keys() - want.keys():
        ec2.delete_route(RouteTableId=table, **dict([destination]))
    for destination, route in want.items():
        if destination not in have:
            ec2.create_route(RouteTableId=table, **route)
        elif have[destination] != route:
            ec2.replace_route(RouteTableId=table, **route)


def _destination(route: dict[str, Any]) -> tuple[str, str]:
    """Return the API's parameter for where the route goes, and its value."""
    return next((name, value) for name, value in route.items() if name.startswith("Destination"))


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if "routes" in changed:
        _set_routes(call, id_, old.get("routes") or [], new.get("routes") or [])


def read(call: Call, id_: str, prior: Props) -> Props | None:
    table = describe(call, id_)
    if table is None:
        return None
    reading = {
        "vpcId": table["VpcId"],
        "tags": tag_map(table.get("Tags")),
        "arn": call.arn("ec2", f"route-table/{id_}"),
        "ownerId": table.get("OwnerId") or call.account,
    }
    if prior.get("routes"):  # else they are resources of their own, and not this one's
        routes = [r for r in table["Routes"] if r.get("Origin") == "CreateRoute"]
        reading["routes"] = [stripped(from_aws(RESOURCE.fields["routes"].inner, r)) for r in routes]
    return reading


def describe(call: Call, id_: str) -> dict[str, Any] | None:
    return first(call.client("ec2").describe_route_tables(RouteTableIds=[id_])["RouteTables"])


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").delete_route_table(RouteTableId=id_)
