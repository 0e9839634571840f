"""aws.ec2.Route."""

import zlib

from sandbox.provider.kit import Call, Problems, Props, Resource, only, stripped

RESOURCE = Resource(
    __name__,
    "AWS::EC2::Route",
    unserved="coreNetworkArn odbNetworkArn",
    given="networkInterfaceId",
    names={"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"},
)
_DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")


def _targets() -> list[str]:
    return [name for name in RESOURCE.fields if name not in (*_DESTINATIONS, "routeTableId")]


def create(call: Call, inputs: Props) -> str:
    call.client("ec2").create_route(**RESOURCE.to_aws(inputs))
    destination = next(str(inputs[name]) for name in _DESTINATIONS if inputs.get(name))
    return f"r-{inputs['routeTableId']}{zlib.crc32(destination.encode())}"


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    call.client("ec2").replace_route(**RESOURCE.to_aws(new))


def read(call: Call, id_: str, prior: Props) -> Props:
    if not prior.get("routeTableId"):  # an import: <route table>_<destination>
        table_id, _, destination = id_.partition("_")
    else:
        table_id = prior["routeTableId"]
        destination = next(prior[name] for name in _DESTINATIONS if prior.get(name))
    table = only(call.client("ec2").describe_route_tables(RouteTableIds=[table_id])["RouteTables"])
    names = [RESOURCE.fields[name].aws_name(name) for name in _DESTINATIONS]
    route = only(r for r in table["Routes"] if destination in [r.get(name) for name in names])
    target = stripped(RESOURCE.from_aws(route, *_targets()))
    if prior.get("vpcEndpointId"):  # the API tells of an endpoint as of a gateway
        target["vpcEndpointId"] = target.pop("gatewayId", None)
    return {
        "routeTableId": table_id,
        **RESOURCE.from_aws(route, *_DESTINATIONS),
        **dict.fromkeys(_targets()),
        **target,
        "origin": route.get("Origin"),
        "state": route.get("State"),
    }


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").delete_route(**RESOURCE.to_aws(state, "routeTableId", *_DESTINATIONS))


def check(inputs: Props) -> Problems:
    if sum(name in inputs for name in _DESTINATIONS) != 1:
        yield "destinationCidrBlock", f"set exactly one of {', '.join(_DESTINATIONS)}"
    if sum(name in inputs for name in _targets()) != 1:
        yield "gatewayId", f"set exactly one of {', '.join(_targets())}"
