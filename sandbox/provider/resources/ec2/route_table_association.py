"""aws.ec2.RouteTableAssociation of a subnet."""

from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.errors import ProviderError
from sandbox.provider.resource import Resource
from sandbox.provider.schema import Props
from sandbox.provider.translate import first

RESOURCE = Resource(
    __name__,
    "AWS::EC2::SubnetRouteTableAssociation",
    unserved="gatewayId",
    required="subnetId",
    in_place="routeTableId",  # by ReplaceRouteTableAssociation
)


def create(call: Call, inputs: Props) -> str:
    return str(call.client("ec2").associate_route_table(**RESOURCE.to_aws(inputs))["AssociationId"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    found = _association(call, id_, old)
    if found is None:
        raise ProviderError("it is gone; `pulumi refresh` makes the state say so")
    call.client("ec2").replace_route_table_association(
        AssociationId=found["RouteTableAssociationId"], RouteTableId=new["routeTableId"]
    )


def _association(call: Call, id_: str, prior: Props) -> dict[str, Any] | None:
    """Find it by what is associated: the association's own id changes when it goes to another table."""
    subnet = prior.get("subnetId") or id_.partition("/")[0]
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    tables = call.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    return first(a for t in tables for a in t["Associations"] if a.get("SubnetId") == subnet)


def read(call: Call, id_: str, prior: Props) -> Props | None:
    found = _association(call, id_, prior)
    return RESOURCE.from_aws(found) if found else None


def delete(call: Call, id_: str, state: Props) -> None:
    found = _association(call, id_, state)
    if found:
        call.client("ec2").disassociate_route_table(AssociationId=found["RouteTableAssociationId"])
