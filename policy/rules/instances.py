"""What an instance is made of: the launch template."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from policy.resource import UNKNOWN, Resource, blocks, known, many, may_be
from policy.rule import Rules
from policy.rules import types

rules = Rules()

_SECRETS = {
    "an AWS access key": re.compile(rb"(?<![A-Za-z0-9/+])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9/+=])"),
    "an AWS secret key": re.compile(rb"(?i)aws_?secret_?(?:access_?)?key\W{1,5}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"),
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "a GitHub token": re.compile(rb"(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82})"),
    "a password in a URL": re.compile(rb"[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"$]+:[^\s/@'\"$]+@"),
}
"""What secrets look like. AWS's own are as in Checkov's CKV_AWS_46."""


@rules.alone(
    "instance-metadata-token",
    "Instance metadata is read only with a session token (IMDSv2)",
    types=[types.TEMPLATE],
    controls=["CKV_AWS_79", "EC2.170"],
    level="mandatory",
    fix="set metadataOptions.httpTokens to required",
)
def metadata_token(template: Resource) -> Iterator[str]:
    endpoint, tokens = (template.get(f"metadataOptions.{option}") for option in ("httpEndpoint", "httpTokens"))
    if endpoint != "disabled" and not may_be(tokens, "required"):
        yield "a request that the app can be made to send reads the role's credentials"


@rules.alone(
    "instance-metadata-hops",
    "Instance metadata does not go beyond the instance",
    types=[types.TEMPLATE],
    controls=["CKV_AWS_341"],
    level="advisory",
    fix="set metadataOptions.httpPutResponseHopLimit to 1",
)
def metadata_hops(template: Resource) -> Iterator[str]:
    limit = template.get("metadataOptions.httpPutResponseHopLimit")
    if known(limit) and isinstance(limit, int) and limit > 1:
        yield f"the hop limit of metadata is {limit}, so containers reach the role's credentials"


@rules.alone(
    "instance-public-address",
    "No instance has a public address",
    types=[types.TEMPLATE],
    controls=["CKV_AWS_88", "EC2.25"],
    level="mandatory",
    fix="leave associatePublicIpAddress out of networkInterfaces",
)
def public_address(template: Resource) -> Iterator[str]:
    cards = blocks(template.get("networkInterfaces"))
    if any(str(card.get("associatePublicIpAddress")).lower() == "true" for card in cards):
        yield "instances get a public address"


@rules.alone(
    "instance-volume-encrypted",
    "Every volume is encrypted",
    types=[types.TEMPLATE],
    controls=["EC2.181"],
    level="advisory",
    fix="set blockDeviceMappings[].ebs.encrypted to true",
)
def volume_encrypted(template: Resource) -> Iterator[str]:
    """A volume that is not named here is as the image says, and most images say unencrypted."""
    given = template.get("blockDeviceMappings")
    volumes = [mapping["ebs"] for mapping in blocks(given) if mapping.get("ebs")]
    if not volumes and UNKNOWN not in many(given):
        yield "the root volume is as the image has it"
    elif not all(may_be(str(volume.get("encrypted")).lower(), "true") for volume in blocks(volumes)):
        yield "a volume is not encrypted"


@rules.alone(
    "instance-user-data-secret",
    "User data holds no secret",
    types=[types.TEMPLATE],
    controls=["CKV_AWS_46"],
    level="mandatory",
    fix="move it to the fleet's secrets: `pulumi config set --secret --path slipway:fleets.NAME.secrets.KEY`",
)
def user_data_secret(template: Resource) -> Iterator[str]:
    """Everybody who may describe launch templates reads user data, and so does every process of the instance."""
    text = template.get("userData")
    if not isinstance(text, str):
        return
    try:
        plain = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return
    for what, pattern in _SECRETS.items():
        if pattern.search(plain):
            yield f"it holds what looks like {what}"


@rules.alone(
    "instance-literal-image",
    "The machine image is named by its id",
    types=[types.TEMPLATE],
    controls=[],
    level="mandatory",
    fix="set imageId to the id of the release's image, ami-…",
)
def literal_image(template: Resource) -> Iterator[str]:
    """By the rules of StartInstanceRefresh: an image that is looked up at each launch rules a rollback out."""
    image = template.get("imageId")
    if known(image) and not str(image).startswith("ami-"):
        yield "the image is found anew at each launch, so the same version boots different machines"
