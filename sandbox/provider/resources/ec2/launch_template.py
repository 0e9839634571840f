"""aws.ec2.LaunchTemplate. An update makes a new version; which one is the default is a choice of its own."""

from sandbox.provider.kit import Autoname, Call, Names, Problems, Props, Resource, deleter, ec2_tags, first, tag_map

RESOURCE = Resource(
    __name__,
    "AWS::EC2::LaunchTemplate",
    autoname=Autoname(length=125),
    unserved="*.volumeInitializationRate capacityReservationSpecification cpuOptions.nestedVirtualization"
    " instanceRequirements kernelId licenseSpecifications *.associateCarrierIpAddress *.connectionTrackingSpecification"
    " *.enaQueueCount *.enaSrdSpecification *.ipv4Addresses *.ipv4Prefix* *.ipv6Addresses *.ipv6Prefix* *.primaryIpv6"
    " networkPerf* placement.groupId placement.hostR* placement.spread* privateDns* ramDiskId secondaryInterfaces",
    computed="*.iops *.throughput *.volumeSize *.volumeType *.validUntil metadataOptions.*",
    ordered="blockDeviceMappings networkInterfaces tagSpecifications",
    kinds={
        "*.deleteOnTermination": "flag-text",
        "*.encrypted": "flag-text",
        "*.associatePublicIpAddress": "flag-text",
        "ebsOptimized": "flag-text",
    },
    names={
        "description": "VersionDescription",
        "name": "LaunchTemplateName",
        "networkInterfaces.ipv4AddressCount": "SecondaryPrivateIpAddressCount",
        "networkInterfaces.securityGroups": "Groups",
        "securityGroupNames": "SecurityGroups",
        "vpcSecurityGroupIds": "SecurityGroupIds",
    },
)
_APART = {"name", "namePrefix", "description", "defaultVersion", "updateDefaultVersion", "tags"}
delete = deleter("ec2", "delete_launch_template", "LaunchTemplateId")


def data() -> set[str]:
    """Return the properties that make up the data of a version."""
    return set(RESOURCE.fields) - _APART


def create(call: Call, inputs: Props) -> str:
    reply = call.client("ec2").create_launch_template(
        **RESOURCE.to_aws(inputs, "name", "description"),
        LaunchTemplateData=RESOURCE.to_aws(inputs, *data()),
        TagSpecifications=ec2_tags("launch-template", inputs),
    )
    return str(reply["LaunchTemplate"]["LaunchTemplateId"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    ec2, version = call.client("ec2"), None
    if _makes_version(changed):
        reply = ec2.create_launch_template_version(
            LaunchTemplateId=id_,
            **RESOURCE.to_aws(new, "description"),
            LaunchTemplateData=RESOURCE.to_aws(new, *data()),
        )
        version = reply["LaunchTemplateVersion"]["VersionNumber"]
    default = new.get("defaultVersion") if "defaultVersion" in changed else None
    if new.get("updateDefaultVersion"):
        default = version or _template(call, id_)["LatestVersionNumber"]
    if default is not None:
        ec2.modify_launch_template(LaunchTemplateId=id_, DefaultVersion=str(default))


def _makes_version(changed: set[str]) -> bool:
    return bool(changed & {*data(), "description"})


def recomputed(new: Props, changed: set[str]) -> Names:
    if not _makes_version(changed):
        return ("defaultVersion",) if "updateDefaultVersion" in changed else ()
    return ("latestVersion", "defaultVersion") if new.get("updateDefaultVersion") else ("latestVersion",)


def _template(call: Call, id_: str) -> Props:
    return first(call.client("ec2").describe_launch_templates(LaunchTemplateIds=[id_])["LaunchTemplates"])


def read(call: Call, id_: str, prior: Props) -> Props:
    template = _template(call, id_)
    versions = call.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=id_, Versions=[str(template["LatestVersionNumber"])]
    )
    latest = first(versions["LaunchTemplateVersions"])
    reading = RESOURCE.from_aws(latest["LaunchTemplateData"], *data())
    # moto lists the template's own tags among those of what it launches (https://github.com/getmoto/moto/pull/5381);
    # AWS keeps them apart: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
    specifications: list[Props] = reading["tagSpecifications"] or []
    return {
        **reading,
        "tagSpecifications": [s for s in specifications if s["resourceType"] != "launch-template"],
        "name": template["LaunchTemplateName"],
        "description": latest.get("VersionDescription"),
        "defaultVersion": template["DefaultVersionNumber"],
        "latestVersion": template["LatestVersionNumber"],
        "tags": tag_map(template.get("Tags")),
        "arn": call.arn("ec2", f"launch-template/{id_}"),
    }


def check(inputs: Props) -> Problems:
    if inputs.get("updateDefaultVersion") and inputs.get("defaultVersion"):
        yield "defaultVersion", "conflicts with updateDefaultVersion; set one of them"
