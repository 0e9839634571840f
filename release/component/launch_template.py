"""The launch template with the release in it: every change of it is a new version, and rolls out as a release does."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from release import names
from release.component import told
from release.component.user_data import Boot, UserDataTooLargeError, render
from release.errors import ReleaseError
from release.rollout.templates import description


@dataclass(frozen=True, kw_only=True)
class LaunchTemplateArgs:
    """What an instance of one fleet is made of.

    `secrets` are `name:version` selectors of SSM parameters. `volume_size` is in GiB, the timeouts are in seconds.
    """

    fleet: str
    group: str
    hook: str
    region: str
    sha: str
    digest: pulumi.Input[str]
    image_id: pulumi.Input[str]
    root_device: pulumi.Input[str]
    command: pulumi.Input[str]
    bucket: pulumi.Input[str]
    log_group: pulumi.Input[str]
    instance_profile_arn: pulumi.Input[str]
    security_group_ids: Sequence[pulumi.Input[str]]
    instance_type: str
    volume_size: int
    volume_key: str | None
    port: int
    health_path: str
    health_codes: str
    health_timeout: int
    boot_timeout: int
    environment: Mapping[str, str]
    secrets: Sequence[pulumi.Input[str]]
    packages: Sequence[str]
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
            description=description(args.sha),
            image_id=args.image_id,
            instance_type=args.instance_type,
            user_data=_user_data(args),
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
                {"resource_type": kind, "tags": {**args.tags, "Name": args.group, names.RELEASE_TAG: args.sha}}
                for kind in ("instance", "volume")
            ],
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = template.id
        self.version = template.latest_version.apply(str)
        self.register_outputs({"id": self.id, "version": self.version})


def _volume(args: LaunchTemplateArgs) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    """The root volume: encrypted, gp3, deleted with its instance. Images differ in what they call it.

    Without a key of its own it gets the account's default key for EBS, which may be a customer's key as well.
    """
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=args.root_device,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_size=args.volume_size,
            volume_type="gp3",
            encrypted="true",
            kms_key_id=args.volume_key,
            delete_on_termination="true",
        ),
    )


def _user_data(args: LaunchTemplateArgs) -> pulumi.Output[str]:
    def rendered(known: dict[str, Any]) -> str:
        boot = Boot(
            sha=args.sha,
            digest=known["digest"],
            bucket=known["bucket"],
            region=args.region,
            fleet=args.fleet,
            group=args.group,
            hook=args.hook,
            log_group=known["log_group"],
            command=known["command"],
            port=args.port,
            health_path=args.health_path,
            health_codes=args.health_codes,
            health_timeout=args.health_timeout,
            boot_timeout=args.boot_timeout,
            environment=args.environment,
            secrets=tuple(known["secrets"]),
            packages=tuple(args.packages),
        )
        try:
            return base64.b64encode(render(boot).encode()).decode()
        except UserDataTooLargeError as error:
            raise told.run_error(ReleaseError(str(error))) from None

    return pulumi.Output.all(
        digest=args.digest,
        bucket=args.bucket,
        log_group=args.log_group,
        command=args.command,
        secrets=pulumi.Output.all(*args.secrets) if args.secrets else [],
    ).apply(rendered)
