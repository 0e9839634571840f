"""aws.get_…: where the program runs."""

from sandbox.provider.call import Call
from sandbox.provider.schema import Props


def get_availability_zones(call: Call, args: Props) -> Props:
    """Answer aws.get_availability_zones."""
    filters = [{"Name": "state", "Values": [args["state"]]}] if args.get("state") else []
    filters += [{"Name": f["name"], "Values": f["values"]} for f in args.get("filters", [])]
    every = bool(args.get("allAvailabilityZones"))
    reply = call.client("ec2").describe_availability_zones(Filters=filters, AllAvailabilityZones=every)
    kept = [
        z
        for z in sorted(reply["AvailabilityZones"], key=lambda z: z["ZoneName"])
        if z["ZoneName"] not in args.get("excludeNames", []) and z["ZoneId"] not in args.get("excludeZoneIds", [])
    ]
    return {
        **args,
        "id": call.region,
        "names": [z["ZoneName"] for z in kept],
        "zoneIds": [z["ZoneId"] for z in kept],
        "groupNames": sorted({z.get("GroupName") or call.region for z in kept}),
    }


def get_caller_identity(call: Call, args: Props) -> Props:
    """Answer aws.get_caller_identity."""
    identity = call.client("sts").get_caller_identity()
    account = identity["Account"]
    return {"id": account, "accountId": account, "arn": identity["Arn"], "userId": identity["UserId"]}


def get_region(call: Call, args: Props) -> Props:
    """Answer aws.get_region."""
    name = args.get("name") or call.region
    return {"id": name, "name": name, "region": name, "description": name, "endpoint": f"ec2.{name}.amazonaws.com"}
