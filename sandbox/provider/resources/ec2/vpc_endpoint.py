"""aws.ec2.VpcEndpoint: gateway and interface endpoints."""

from sandbox.provider.kit import Call, Gone, Props, ProviderError, Resource, ec2_tags, first, if_there, only, tag_map

RESOURCE = Resource(
    __name__,
    "AWS::EC2::VPCEndpoint",
    unserved="autoAccept dnsOptions resourceConfigurationArn serviceNetworkArn serviceRegion subnetConfigurations",
    required="serviceName",
    kinds={"policy": "json"},
    defaults={"vpcEndpointType": "Gateway"},
    names={"policy": "PolicyDocument"},
)
_SETS = ("routeTableIds", "subnetIds", "securityGroupIds")


def create(call: Call, inputs: Props) -> str:
    parameters = RESOURCE.to_aws({**inputs, "tags": None})
    tags = ec2_tags("vpc-endpoint", inputs)
    endpoint = call.client("ec2").create_vpc_endpoint(**parameters, TagSpecifications=tags)["VpcEndpoint"]
    id_ = str(endpoint["VpcEndpointId"])
    call.created(id_)
    call.wait(f"endpoint {id_} to be available", lambda: _state(call, id_) == "available")
    return id_


def _state(call: Call, id_: str) -> str:
    endpoint = if_there(lambda: _endpoint(call, id_)) or {"State": "deleted"}  # also one that EC2 does not list yet
    if endpoint["State"].lower() in ("failed", "rejected", "expired"):
        raise ProviderError(f"endpoint {id_} is {endpoint['State']}")
    return endpoint["State"].lower()


def _endpoint(call: Call, id_: str) -> Props:
    return only(call.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[id_])["VpcEndpoints"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    plain = changed & {"policy", "privateDnsEnabled", "ipAddressType"}
    parameters = RESOURCE.to_aws(new, *plain) if plain else {}
    for name in changed & set(_SETS):
        have, want, parameter = set(old.get(name) or []), set(new.get(name) or []), RESOURCE.fields[name].aws_name(name)
        parameters |= {f"Add{parameter}": sorted(want - have), f"Remove{parameter}": sorted(have - want)}
    parameters = {k: v for k, v in parameters.items() if v != []}
    if parameters:
        call.client("ec2").modify_vpc_endpoint(VpcEndpointId=id_, **parameters)


def read(call: Call, id_: str, prior: Props) -> Props:
    endpoint = _endpoint(call, id_)
    if endpoint["State"].lower() in ("deleting", "deleted"):
        raise Gone
    entries = endpoint.get("DnsEntries", [])
    told = {"ipAddressType": endpoint.get("IpAddressType"), "policy": endpoint.get("PolicyDocument")}
    return {
        **RESOURCE.from_aws(endpoint, "vpcId", "serviceName", "vpcEndpointType", "privateDnsEnabled"),
        **{name: value for name, value in told.items() if value},
        "routeTableIds": endpoint.get("RouteTableIds", []),
        "subnetIds": endpoint.get("SubnetIds", []),
        "securityGroupIds": [g["GroupId"] for g in endpoint.get("Groups", [])],
        "tags": tag_map(endpoint.get("Tags")),
        "arn": call.arn("ec2", f"vpc-endpoint/{id_}"),
        "dnsEntries": [{"dnsName": e.get("DnsName"), "hostedZoneId": e.get("HostedZoneId")} for e in entries],
        "networkInterfaceIds": endpoint.get("NetworkInterfaceIds", []),
        "ownerId": endpoint.get("OwnerId") or call.account,
        "prefixListId": _prefix_list(call, endpoint["ServiceName"]),
        "requesterManaged": endpoint.get("RequesterManaged", False),
        "state": endpoint["State"].lower(),
    }


def _prefix_list(call: Call, service: str) -> str | None:
    filters = [{"Name": "prefix-list-name", "Values": [service]}]
    lists = call.client("ec2").describe_managed_prefix_lists(Filters=filters)["PrefixLists"]
    return first(p["PrefixListId"] for p in lists if p["PrefixListName"] == service)


def delete(call: Call, id_: str, state: Props) -> None:
    reply = call.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[id_])
    for failure in reply.get("Unsuccessful", []):
        if "NotFound" not in failure["Error"]["Code"]:
            raise ProviderError(f"{failure['Error']['Code']}: {failure['Error']['Message']}")
    call.wait(f"endpoint {id_} to go", lambda: _state(call, id_) == "deleted")
