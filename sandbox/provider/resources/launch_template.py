"""aws.ec2: LaunchTemplate. An update makes a new version; which one is the default is a choice of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resources.translate import (
    first,
    from_aws,
    tag_map,
    tag_specification,
    to_aws,
    update_ec2_tags,
)
from sandbox.provider.schema import (
    TAGS,
    Autoname,
    Field,
    Props,
    Resource,
    block,
    flag,
    flag_text,
    items,
    number,
    text,
    unordered,
)

_EBS = {
    "deleteOnTermination": flag_text(),
    "encrypted": flag_text(),
    "iops": number(computed=True),
    "kmsKeyId": text(),
    "snapshotId": text(),
    "throughput": number(computed=True),
    "volumeSize": number(computed=True),
    "volumeType": text(computed=True),
}
_NETWORK_INTERFACE = {
    "associatePublicIpAddress": flag_text(),
    "deleteOnTermination": flag_text(),
    "description": text(),
    "deviceIndex": number(),
    "interfaceType": text(),
    "ipv4AddressCount": number(aws="SecondaryPrivateIpAddressCount"),
    "ipv6AddressCount": number(),
    "networkCardIndex": number(),
    "networkInterfaceId": text(),
    "privateIpAddress": text(),
    "securityGroups": unordered(aws="Groups"),
    "subnetId": text(),
}
_METADATA = {
    "httpEndpoint": text(computed=True),
    "httpProtocolIpv6": text(computed=True),
    "httpPutResponseHopLimit": number(computed=True),
    "httpTokens": text(computed=True),
    "instanceMetadataTags": text(computed=True),
}
_PLACEMENT = {
    "affinity": text(),
    "availabilityZone": text(),
    "groupName": text(),
    "hostId": text(),
    "partitionNumber": number(),
    "tenancy": text(),
}
_SPOT = {
    "blockDurationMinutes": number(),
    "instanceInterruptionBehavior": text(),
    "maxPrice": text(),
    "spotInstanceType": text(),
    "validUntil": text(computed=True),
}
_DEVICE = {
    "deviceName": text(),
    "ebs": block(_EBS),
    "noDevice": text(),
    "virtualName": text(),
}
_DATA: dict[str, Field] = {
    "blockDeviceMappings": items(block(_DEVICE)),
    "cpuOptions": block({"amdSevSnp": text(), "coreCount": number(), "threadsPerCore": number()}),
    "creditSpecification": block({"cpuCredits": text()}),
    "disableApiStop": flag(),
    "disableApiTermination": flag(),
    "ebsOptimized": flag_text(),
    "enclaveOptions": block({"enabled": flag()}),
    "hibernationOptions": block({"configured": flag(required=True)}),
    "iamInstanceProfile": block({"arn": text(), "name": text()}),
    "imageId": text(),
    "instanceInitiatedShutdownBehavior": text(),
    "instanceMarketOptions": block({"marketType": text(), "spotOptions": block(_SPOT)}),
    "instanceType": text(),
    "keyName": text(),
    "maintenanceOptions": block({"autoRecovery": text()}),
    "metadataOptions": block(_METADATA, computed=True),
    "monitoring": block({"enabled": flag()}),
    "networkInterfaces": items(block(_NETWORK_INTERFACE)),
    "placement": block(_PLACEMENT),
    "securityGroupNames": unordered(aws="SecurityGroups"),
    "tagSpecifications": items(block({"resourceType": text(), "tags": TAGS})),
    "userData": text(),
    "vpcSecurityGroupIds": unordered(aws="SecurityGroupIds"),
}
_FIELDS: dict[str, Field] = {
    **_DATA,
    "name": text(replace=True, computed=True, aws="LaunchTemplateName"),
    "namePrefix": text(replace=True),
    "description": text(aws="VersionDescription"),
    "defaultVersion": number(computed=True),
    "updateDefaultVersion": flag(),
    "tags": TAGS,
}


def _create(call: Call, props: Props) -> str:
    reply = call.client("ec2").create_launch_template(
        **to_aws(_FIELDS, props, "name", "description"),
        LaunchTemplateData=to_aws(_DATA, props),
        TagSpecifications=tag_specification("launch-template", props),
    )
    return str(reply["LaunchTemplate"]["LaunchTemplateId"])


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    ec2 = call.client("ec2")
    version = None
    if _makes_version(changed):
        reply = ec2.create_launch_template_version(
            LaunchTemplateId=id_,
            **to_aws(_FIELDS, new, "description"),
            LaunchTemplateData=to_aws(_DATA, new),
        )
        version = reply["LaunchTemplateVersion"]["VersionNumber"]
    default = new.get("defaultVersion") if "defaultVersion" in changed else None
    if new.get("updateDefaultVersion"):
        default = version or _template(call, id_)["LatestVersionNumber"]
    if default is not None:
        ec2.modify_launch_template(LaunchTemplateId=id_, DefaultVersion=str(default))
    update_ec2_tags(call, id_, old, new, changed)


def _makes_version(changed: set[str]) -> bool:
    return bool(changed & {*_DATA, "description"})


def _recomputed(new: Props, changed: set[str]) -> Sequence[str]:
    if not _makes_version(changed):
        return ("defaultVersion",) if "updateDefaultVersion" in changed else ()
    return ("latestVersion", "defaultVersion") if new.get("updateDefaultVersion") else ("latestVersion",)


def _template(call: Call, id_: str) -> dict[str, Any]:
    return first(call.client("ec2").describe_launch_templates(LaunchTemplateIds=[id_])["LaunchTemplates"])


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    template = _template(call, id_)
    versions = call.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=id_, Versions=[str(template["LatestVersionNumber"])]
    )
    latest = first(versions["LaunchTemplateVersions"])
    data = from_aws(_DATA, latest["LaunchTemplateData"])
    # The emulator lists the template's own tags among those of what it launches.
    specifications: list[Props] = data["tagSpecifications"] or []
    data["tagSpecifications"] = [s for s in specifications if s["resourceType"] != "launch-template"]
    return {
        **data,
        "name": template["LaunchTemplateName"],
        "description": latest.get("VersionDescription"),
        "defaultVersion": template["DefaultVersionNumber"],
        "latestVersion": template["LatestVersionNumber"],
        "tags": tag_map(template.get("Tags")),
        "arn": call.arn("ec2", f"launch-template/{id_}"),
    }


def _delete(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").delete_launch_template(LaunchTemplateId=id_)


def _check(inputs: Props) -> Sequence[tuple[str, str]]:
    if inputs.get("updateDefaultVersion") and inputs.get("defaultVersion"):
        return [("defaultVersion", "conflicts with updateDefaultVersion; set one of them")]
    return ()


RESOURCES = (
    Resource(
        type="aws:ec2/launchTemplate:LaunchTemplate",
        cfn="AWS::EC2::LaunchTemplate",
        fields=_FIELDS,
        outputs=("arn", "latestVersion", "tagsAll"),
        recomputed=_recomputed,
        autoname=Autoname(length=125),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        check=_check,
    ),
)
