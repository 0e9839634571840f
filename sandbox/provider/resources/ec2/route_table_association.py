"""aws.ec2.RouteTableAssociation of a subnet."""

from sandbox.provider.kit import Call, Props, Resource, only

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
    current = _association(call, id_, old)["RouteTableAssociationId"]
    call.client("ec2").replace_route_table_association(AssociationId=current, RouteTableId=new["routeTableId"])


def _association(call: Call, id_: str, prior: Props) -> Props:
    """Find it by what is associated: the association's own id changes when it goes to another table."""
    subnet = prior.get("subnetId") or id_.partition("/")[0]
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    tables = call.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    return only(a for t in tables for a in t["Associations"] if a.get("SubnetId") == subnet)


def read(call: Call, id_: str, prior: Props) -> Props:
    return RESOURCE.from_aws(_association(call, id_, prior))


def delete(call: Call, id_: str, state: Props) -> None:
    current = _association(call, id_, state)["RouteTableAssociationId"]
    call.client("ec2").disassociate_route_table(AssociationId=current)
