"""What exists already: images, VPCs, subnets, zones, certificates, buckets, parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from sandbox.provider.call import Call, partition
from sandbox.provider.errors import ProviderError, is_gone
from sandbox.provider.resources.translate import stripped, tag_map
from sandbox.provider.schema import Props


def _filters(args: Props, **named: str | None) -> list[dict[str, Any]]:
    """EC2 filters from the `filters` and `tags` of the arguments, and from single properties."""
    filters = [{"Name": f["name"], "Values": f["values"]} for f in args.get("filters", [])]
    filters += [{"Name": f"tag:{k}", "Values": [v]} for k, v in args.get("tags", {}).items()]
    return filters + [{"Name": k.replace("_", "-"), "Values": [v]} for k, v in named.items() if v]


def _only(found: Sequence[Mapping[str, Any]], what: str) -> Mapping[str, Any]:
    if len(found) != 1:
        raise ProviderError(f"{len(found)} {what} match; the arguments must name exactly one")
    return found[0]


def ami(call: Call, args: Props) -> Props:
    """aws.ec2.get_ami."""
    images = call.client("ec2").describe_images(
        **stripped({"Owners": args.get("owners"), "ExecutableUsers": args.get("executableUsers")}),
        Filters=_filters(args),
        IncludeDeprecated=bool(args.get("includeDeprecated")),
    )["Images"]
    if args.get("nameRegex"):
        images = [i for i in images if re.search(args["nameRegex"], i.get("Name", ""))]
    if args.get("mostRecent"):
        images = sorted(images, key=lambda i: i["CreationDate"])[-1:]
    image = _only(images, "images")
    return {**args, **_image(call, image)}


def _image(call: Call, image: Mapping[str, Any]) -> Props:
    id_ = image["ImageId"]
    return stripped(
        {
            "id": id_,
            "imageId": id_,
            "arn": f"arn:{partition(call.region)}:ec2:{call.region}::image/{id_}",
            "architecture": image.get("Architecture"),
            "creationDate": image.get("CreationDate"),
            "description": image.get("Description", ""),
            "hypervisor": image.get("Hypervisor"),
            "imageLocation": image.get("ImageLocation"),
            "imageOwnerAlias": image.get("ImageOwnerAlias", ""),
            "imageType": image.get("ImageType"),
            "name": image.get("Name", ""),
            "ownerId": image.get("OwnerId"),
            "platform": image.get("Platform", ""),
            "public": image.get("Public"),
            "rootDeviceName": image.get("RootDeviceName"),
            "rootDeviceType": image.get("RootDeviceType"),
            "state": image.get("State"),
            "tags": tag_map(image.get("Tags")),
            "virtualizationType": image.get("VirtualizationType"),
        }
    )


def vpc(call: Call, args: Props) -> Props:
    """aws.ec2.get_vpc."""
    default = "true" if args.get("default") else None
    found = call.client("ec2").describe_vpcs(
        **stripped({"VpcIds": [args["id"]] if args.get("id") else None}),
        Filters=_filters(args, cidr=args.get("cidrBlock"), is_default=default, state=args.get("state")),
    )["Vpcs"]
    only = _only(found, "VPCs")
    id_ = only["VpcId"]
    main = [{"Name": "vpc-id", "Values": [id_]}, {"Name": "association.main", "Values": ["true"]}]
    tables = call.client("ec2").describe_route_tables(Filters=main)["RouteTables"]
    return {
        **args,
        "id": id_,
        "arn": call.arn("ec2", f"vpc/{id_}"),
        "cidrBlock": only["CidrBlock"],
        "default": only.get("IsDefault", False),
        "dhcpOptionsId": only["DhcpOptionsId"],
        "instanceTenancy": only["InstanceTenancy"],
        "mainRouteTableId": tables[0]["RouteTableId"] if tables else "",
        "ownerId": only.get("OwnerId") or call.account,
        "state": only["State"],
        "tags": tag_map(only.get("Tags")),
    }


def subnets(call: Call, args: Props) -> Props:
    """aws.ec2.get_subnets."""
    found = call.client("ec2").describe_subnets(Filters=_filters(args))["Subnets"]
    return {**args, "id": call.region, "ids": sorted(s["SubnetId"] for s in found)}


def zone(call: Call, args: Props) -> Props:
    """aws.route53.get_zone."""
    route53 = call.client("route53")
    if args.get("zoneId"):
        found = [route53.get_hosted_zone(Id=args["zoneId"])["HostedZone"]]
    else:
        name = args.get("name", "").rstrip(".") + "."
        pages = route53.get_paginator("list_hosted_zones").paginate()
        private = bool(args.get("privateZone") or args.get("vpcId"))
        zones = [z for page in pages for z in page["HostedZones"]]
        found = [z for z in zones if z["Name"] == name and z["Config"].get("PrivateZone", False) == private]
    only = _only(found, f"hosted zones {args.get('name', '')}")
    id_ = only["Id"].rsplit("/", 1)[1]
    servers = sorted(route53.get_hosted_zone(Id=id_).get("DelegationSet", {}).get("NameServers", []))
    return {
        **args,
        "id": id_,
        "zoneId": id_,
        "arn": f"arn:{partition(call.region)}:route53:::hostedzone/{id_}",
        "name": only["Name"].rstrip("."),
        "callerReference": only.get("CallerReference", ""),
        "comment": only["Config"].get("Comment", ""),
        "privateZone": only["Config"].get("PrivateZone", False),
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "resourceRecordSetCount": only.get("ResourceRecordSetCount", 0),
        "tags": tag_map(
            route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=id_)["ResourceTagSet"]["Tags"]
        ),
    }


def bucket(call: Call, args: Props) -> Props:
    """aws.s3.get_bucket."""
    s3, name = call.client("s3"), args["bucket"]
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if is_gone(error):
            raise ProviderError(f"no bucket {name}") from error
        raise
    where = s3.get_bucket_location(Bucket=name).get("LocationConstraint") or "us-east-1"
    return {
        "id": name,
        "bucket": name,
        "arn": f"arn:{partition(where)}:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegion": where,
        "bucketRegionalDomainName": f"{name}.s3.{where}.amazonaws.com",
    }


def parameter(call: Call, args: Props) -> Props:
    """aws.ssm.get_parameter."""
    decrypted = args.get("withDecryption", True)
    found = call.client("ssm").get_parameter(Name=args["name"], WithDecryption=decrypted)["Parameter"]
    value = found["Value"]
    return {
        **args,
        "id": found["Name"],
        "arn": found["ARN"],
        "type": found["Type"],
        "value": value,
        "insecureValue": "" if found["Type"] == "SecureString" else value,
        "version": found["Version"],
    }


def certificate(call: Call, args: Props) -> Props:
    """aws.acm.get_certificate."""
    acm, domain = call.client("acm"), args.get("domain")
    listed = acm.get_paginator("list_certificates").paginate(CertificateStatuses=args.get("statuses", ["ISSUED"]))
    arns = [c["CertificateArn"] for page in listed for c in page["CertificateSummaryList"]]
    found = [acm.describe_certificate(CertificateArn=arn)["Certificate"] for arn in arns]
    found = [c for c in found if not domain or c["DomainName"] == domain]
    found = [c for c in found if not args.get("types") or c["Type"] in args["types"]]
    if args.get("mostRecent"):
        found = sorted(found, key=lambda c: str(c.get("CreatedAt") or c.get("ImportedAt")))[-1:]
    only = _only(found, f"certificates for {domain}")
    arn = only["CertificateArn"]
    tags = tag_map(acm.list_tags_for_certificate(CertificateArn=arn).get("Tags"))
    return {**args, "id": arn, "arn": arn, "domain": only["DomainName"], "status": only["Status"], "tags": tags}
