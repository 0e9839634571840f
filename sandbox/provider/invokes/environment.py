"""Where the program runs: zones, account, region, partition; and who delivers access logs."""

from __future__ import annotations

from sandbox.provider.call import Call, partition
from sandbox.provider.errors import ProviderError
from sandbox.provider.schema import Props

# Accounts from which Elastic Load Balancing writes logs in regions that are older than August 2022 (ELB user guide,
# "Enable access logs for your Application Load Balancer").
_LOG_ACCOUNTS = {
    "af-south-1": "098369216593",
    "ap-east-1": "754344448648",
    "ap-northeast-1": "582318560864",
    "ap-northeast-2": "600734575887",
    "ap-northeast-3": "383597477331",
    "ap-south-1": "718504428378",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ap-southeast-3": "589379963580",
    "ca-central-1": "985666609251",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-south-1": "635631232127",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "me-south-1": "076674570225",
    "sa-east-1": "507241528517",
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
}


def availability_zones(call: Call, args: Props) -> Props:
    """aws.get_availability_zones."""
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


def caller_identity(call: Call, args: Props) -> Props:
    """aws.get_caller_identity."""
    identity = call.client("sts").get_caller_identity()
    account = identity["Account"]
    return {"id": account, "accountId": account, "arn": identity["Arn"], "userId": identity["UserId"]}


def region(call: Call, args: Props) -> Props:
    """aws.get_region."""
    name = args.get("name") or call.region
    return {"id": name, "name": name, "region": name, "description": name, "endpoint": f"ec2.{name}.amazonaws.com"}


def partition_(call: Call, args: Props) -> Props:
    """aws.get_partition."""
    name = partition(call.region)
    suffix = "amazonaws.com.cn" if name == "aws-cn" else "amazonaws.com"
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": name, "partition": name, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def service_account(call: Call, args: Props) -> Props:
    """aws.elb.get_service_account."""
    account = _LOG_ACCOUNTS.get(call.region)
    if account is None:
        raise ProviderError(
            f"{call.region} has no account for load balancer logs; "
            "grant them to the service principal logdelivery.elasticloadbalancing.amazonaws.com"
        )
    return {"id": account, "arn": f"arn:{partition(call.region)}:iam::{account}:root"}
