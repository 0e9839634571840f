"""The launch template with the release in it: every change of it is a new version, and rolls out as a release does."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from release import names
from release.component import told
from release.component.release import Release
from release.component.user_data import Boot, UserDataTooLargeError, render
from release.errors import ReleaseError
from release.rollout.templates import description


@dataclass(frozen=True, kw_only=True)
class LaunchTemplateArgs:
    """What an instance of one fleet is made of. `volume_size` is in GiB; `group` names the fleet's group."""

    group: str
    release: Release
    boot: pulumi.Output[Boot]
    instance_type: str
    instance_profile_arn: pulumi.Input[str]
    security_group_ids: Sequence[pulumi.Input[str]]
    volume_size: int
    volume_key: str | None
    tags: Mapping[str, str]


class LaunchTemplate(pulumi.ComponentResource):
    """One launch template, whose versions are the releases of a fleet.

    Outputs: `id`, and `version`, the concrete number of this release's version: `$Latest` would rule a rollback out.
    """

    id: pulumi.Output[str]
    version: pulumi.Output[str]

    def __init__(self, name: str, args: LaunchTemplateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:release:LaunchTemplate", name, None, opts)
        template = aws.ec2.LaunchTemplate(
            f"{name}-template",
            name=args.group,
            description=description(args.release.sha),
            image_id=args.release.image.id,
            instance_type=args.instance_type,
            user_data=args.boot.apply(_user_data),
            update_default_version=True,
            iam_instance_profile={"arn": args.instance_profile_arn},
            vpc_security_group_ids=list(args.security_group_ids),
            # A hop limit of 1 keeps the credentials from anything that the app forwards or runs in a container.
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "disabled",
            },
            block_device_mappings=[_volume(args)],
            monitoring={"enabled": True},
            tag_specifications=[
                {"resource_type": kind, "tags": {**args.tags, "Name": args.group, names.RELEASE_TAG: args.release.sha}}
                for kind in ("instance", "volume")
            ],
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = template.id
        self.version = template.latest_version.apply(str)
        self.register_outputs({"id": self.id, "version": self.version})


def _volume(args: LaunchTemplateArgs) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    """Return the root volume: encrypted, gp3, deleted with its instance. Images differ in what they call it.

    Without a key of its own it gets the account's default key for EBS, which may be a customer's key as well.
    """
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=args.release.image.root_device,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_size=args.volume_size,
            volume_type="gp3",
            encrypted="true",
            kms_key_id=args.volume_key,
            delete_on_termination="true",
        ),
    )


def _user_data(boot: Boot) -> str:
    """Return the user data as EC2 takes it, in base64."""
    try:
        return base64.b64encode(render(boot).encode()).decode()
    except UserDataTooLargeError as error:
        raise told.run_error(ReleaseError(str(error))) from None
