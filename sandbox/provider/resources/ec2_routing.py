"""aws.ec2: RouteTable, Route, RouteTableAssociation."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.errors import ProviderError
from sandbox.provider.resources.translate import first, from_aws, tag_map, tag_specification, to_aws, update_ec2_tags
from sandbox.provider.schema import TAGS, Field, Props, Resource, block, text, unordered

_TARGETS: dict[str, Field] = {
    "carrierGatewayId": text(),
    "egressOnlyGatewayId": text(aws="EgressOnlyInternetGatewayId"),
    "gatewayId": text(),
    "localGatewayId": text(),
    "natGatewayId": text(),
    "networkInterfaceId": text(),
    "transitGatewayId": text(),
    "vpcEndpointId": text(),
    "vpcPeeringConnectionId": text(),
}
_DESTINATIONS: dict[str, Field] = {
    "destinationCidrBlock": text(replace=True),
    "destinationIpv6CidrBlock": text(replace=True),
    "destinationPrefixListId": text(replace=True),
}
_INLINE: dict[str, Field] = {
    "cidrBlock": text(aws="DestinationCidrBlock"),
    "ipv6CidrBlock": text(aws="DestinationIpv6CidrBlock"),
    "destinationPrefixListId": text(),
    **_TARGETS,
}
_ROUTE: dict[str, Field] = {"routeTableId": text(required=True, replace=True), **_DESTINATIONS, **_TARGETS}


def _create_table(call: Call, props: Props) -> str:
    reply = call.client("ec2").create_route_table(
        VpcId=props["vpcId"], TagSpecifications=tag_specification("route-table", props)
    )
    id_ = str(reply["RouteTable"]["RouteTableId"])
    call.created(id_)
    _set_routes(call, id_, [], props.get("routes") or [])
    return id_


def _set_routes(call: Call, table: str, old: list[Props], new: list[Props]) -> None:
    ec2 = call.client("ec2")
    have = {_destination(r): to_aws(_INLINE, r) for r in old}
    want = {_destination(r): to_aws(_INLINE, r) for r in new}
    for destination in have.keys() - want.keys():
        ec2.delete_route(RouteTableId=table, **dict([destination]))
    for destination, route in want.items():
        if destination not in have:
            ec2.create_route(RouteTableId=table, **route)
        elif have[destination] != route:
            ec2.replace_route(RouteTableId=table, **route)


def _destination(route: Props) -> tuple[str, str]:
    """The API's parameter for where the route goes, and its value."""
    names = ("cidrBlock", "ipv6CidrBlock", "destinationPrefixListId")
    return next((_INLINE[n].aws_name(n), route[n]) for n in names if route.get(n))


def _update_table(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if "routes" in changed:
        _set_routes(call, id_, old.get("routes") or [], new.get("routes") or [])
    update_ec2_tags(call, id_, old, new, changed)


def _read_table(call: Call, id_: str, prior: Props) -> Props | None:
    table = _table(call, id_)
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
        reading["routes"] = [_present(from_aws(_INLINE, r)) for r in routes]
    return reading


def _present(values: Props) -> Props:
    return {k: v for k, v in values.items() if v is not None}


def _table(call: Call, id_: str) -> dict[str, Any] | None:
    return first(call.client("ec2").describe_route_tables(RouteTableIds=[id_])["RouteTables"])


def _delete_table(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").delete_route_table(RouteTableId=id_)


def _create_route(call: Call, props: Props) -> str:
    call.client("ec2").create_route(**to_aws(_ROUTE, props))
    destination = next(str(props[name]) for name in _DESTINATIONS if props.get(name))
    return f"r-{props['routeTableId']}{zlib.crc32(destination.encode())}"


def _update_route(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    call.client("ec2").replace_route(**to_aws(_ROUTE, new))


def _read_route(call: Call, id_: str, prior: Props) -> Props | None:
    if not prior.get("routeTableId"):  # an import: <route table>_<destination>
        table_id, _, destination = id_.partition("_")
    else:
        table_id = prior["routeTableId"]
        destination = next(prior[name] for name in _DESTINATIONS if prior.get(name))
    table = _table(call, table_id) or {"Routes": []}
    names = [_ROUTE[name].aws_name(name) for name in _DESTINATIONS]
    route = first(r for r in table["Routes"] if destination in [r.get(name) for name in names])
    if route is None:
        return None
    target = _present(from_aws(_TARGETS, route))
    if prior.get("vpcEndpointId"):  # the API tells of an endpoint as of a gateway
        target["vpcEndpointId"] = target.pop("gatewayId", None)
    return {
        "routeTableId": table_id,
        **from_aws(_DESTINATIONS, route),
        **dict.fromkeys(_TARGETS),
        **target,
        "origin": route.get("Origin"),
        "state": route.get("State"),
    }


def _delete_route(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").delete_route(**to_aws(_ROUTE, state, "routeTableId", *_DESTINATIONS))


def _check_route(inputs: Props) -> Sequence[tuple[str, str]]:
    if sum(name in inputs for name in _DESTINATIONS) != 1:
        return [("destinationCidrBlock", f"set exactly one of {', '.join(_DESTINATIONS)}")]
    if sum(name in inputs for name in _TARGETS) != 1:
        return [("gatewayId", f"set exactly one of {', '.join(_TARGETS)}")]
    return ()


def _associate(call: Call, props: Props) -> str:
    reply = call.client("ec2").associate_route_table(**to_aws(_ASSOCIATION, props))
    return str(reply["AssociationId"])


def _update_association(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    call.client("ec2").replace_route_table_association(
        AssociationId=_current(call, id_, old)["RouteTableAssociationId"], RouteTableId=new["routeTableId"]
    )


def _association(call: Call, id_: str, prior: Props) -> dict[str, Any] | None:
    """Found by what is associated: the association's own id changes when it goes to another table."""
    end = prior.get("subnetId") or prior.get("gatewayId") or id_.partition("/")[0]
    name, key = ("association.subnet-id", "SubnetId") if end.startswith("subnet-") else ("", "GatewayId")
    filters = [{"Name": name, "Values": [end]}] if name else []
    tables = call.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    return first(a for t in tables for a in t["Associations"] if a.get(key) == end)


def _current(call: Call, id_: str, prior: Props) -> dict[str, Any]:
    found = _association(call, id_, prior)
    if found is None:
        raise ProviderError("it is gone; `pulumi refresh` makes the state say so")
    return found


def _read_association(call: Call, id_: str, prior: Props) -> Props | None:
    found = _association(call, id_, prior)
    return from_aws(_ASSOCIATION, found) if found else None


def _disassociate(call: Call, id_: str, state: Props) -> None:
    found = _association(call, id_, state)
    if found:
        call.client("ec2").disassociate_route_table(AssociationId=found["RouteTableAssociationId"])


_ASSOCIATION: dict[str, Field] = {
    "routeTableId": text(required=True),
    "subnetId": text(replace=True),
    "gatewayId": text(replace=True),
}

RESOURCES = (
    Resource(
        type="aws:ec2/routeTable:RouteTable",
        cfn="AWS::EC2::RouteTable",
        fields={
            "vpcId": text(required=True, replace=True),
            "routes": unordered(block(_INLINE), computed=True),
            "tags": TAGS,
        },
        outputs=("arn", "ownerId", "tagsAll"),
        create=_create_table,
        read=_read_table,
        update=_update_table,
        delete=_delete_table,
    ),
    Resource(
        type="aws:ec2/route:Route",
        cfn="AWS::EC2::Route",
        fields=_ROUTE,
        outputs=("origin", "state"),
        create=_create_route,
        read=_read_route,
        update=_update_route,
        delete=_delete_route,
        check=_check_route,
    ),
    Resource(
        type="aws:ec2/routeTableAssociation:RouteTableAssociation",
        cfn="AWS::EC2::SubnetRouteTableAssociation",
        fields=_ASSOCIATION,
        create=_associate,
        read=_read_association,
        update=_update_association,
        delete=_disassociate,
    ),
)
