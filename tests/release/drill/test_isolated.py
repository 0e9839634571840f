"""Tests of release/drill/isolated.py: the isolated stack's file."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from release.drill.isolated import Isolated, isolate
from release.errors import DrillError

FILE = """\
# a comment
encryptionsalt: v1:abc=:v1:def:ghi=
config:
  aws:region: eu-central-1
  aws:profile: shop
  slipway:network:
    zones: [a, b]
  slipway:loadBalancer:
    domain: shop.example.com
    hostedZone: Z0123456789ABCDEFGHIJ
    failover: secondary
    idleTimeout: 30
  slipway:artifacts:
    bucket: replica
  slipway:release:
    follow: prod
    sha: 0123456
    directory: shop
  slipway:image:
    name: al2023-*
    copy: true
  slipway:recovery:
    posture: warm
    checks:
      db: {command: psql}
  slipway:fleets:
    web:
      process: web
      environment:
        VERSION: 1.10
        CODE: 0123
        DAY: 2024-01-01
        ON: "yes"
      secrets:
        DATABASE_URL:
          secure: v1:xyz
      egress: [443, "sg-0123456789abcdef0:5432", "10.0.0.0/8:6379"]
      alarms:
        errorRate: 2
        notify: [arn:aws:sns:eu-central-1:123456789012:shop]
    api:
      process: api
"""


def isolated(text: str = FILE, stack: str = "dr") -> Isolated:
    return isolate(text, stack=stack, project="slipway", bucket="replica", follow="prod")


def config(text: str = FILE) -> dict[str, Any]:
    return yaml.safe_load(isolated(text).text)["config"]


def test_the_isolated_stack_leads_no_client_to_it():
    """No domain, no certificate, no failover record; plain HTTP, and nothing that would stay or refuse to go."""
    assert config()["slipway:loadBalancer"] == {
        "idleTimeout": 30,
        "http": True,
        "deletionProtection": False,
        "accessLogs": False,
    }


def test_the_isolated_stack_takes_what_was_good_from_the_same_replica():
    """No SHA, no replica of its own, nothing to copy an image to; and it is active."""
    found = config()
    assert found["slipway:artifacts"] == {"bucket": "replica"}
    assert found["slipway:release"] == {"follow": "prod", "directory": "shop"}
    assert found["slipway:image"] == {"name": "al2023-*"}
    assert found["slipway:recovery"] == {"posture": "active"}


def test_the_isolated_stack_wakes_nobody_and_names_no_group_of_another_network():
    """Topics and security groups go; other alarms and rules stay."""
    web = config()["slipway:fleets"]["web"]
    assert web["alarms"] == {"errorRate": 2}
    assert web["egress"] == [443, "10.0.0.0/8:6379"]


def test_all_else_keeps_its_spelling_and_its_encryption():
    """Numbers, dates and texts are as they were written, secrets as they were encrypted, with what decrypts them."""
    text = isolated().text
    for line in ("VERSION: 1.10", "CODE: 0123", "DAY: 2024-01-01", 'ON: "yes"', "secure: v1:xyz", "aws:profile: shop"):
        assert line in text
    assert yaml.safe_load(text)["encryptionsalt"] == "v1:abc=:v1:def:ghi="
    assert isolated().secrets_provider == ""


def test_what_is_otherwise_is_said():
    """A line for each difference; none for what the stack has like that anyway."""
    assert [line.partition(":")[0] for line in isolated().changed] == [
        "loadBalancer",
        "loadBalancer.accessLogs",
        "release",
        "fleets.web.alarms.notify",
        "fleets.web.egress",
    ]
    plain = "config:\n  slipway:loadBalancer: {http: true, accessLogs: false}\n  slipway:release: {follow: prod}\n"
    assert isolated(plain).changed == ()


def test_a_key_of_its_own_region_goes_along():
    """A secrets provider is named to `pulumi stack init`, and its encrypted key stays in the file."""
    text = "secretsprovider: awskms://alias/dr?region=eu-central-1\nencryptedkey: abc\n" + FILE.partition("\n")[2]
    found = isolated(text.replace("encryptionsalt", "x"))
    assert found.secrets_provider == "awskms://alias/dr?region=eu-central-1"
    assert "encryptedkey: abc" in found.text


def test_sections_that_are_encrypted_as_a_whole_are_replaced():
    """What can't be read can't be changed: the balancer's section is written anew."""
    text = "encryptionsalt: a\nconfig:\n  slipway:loadBalancer:\n    secure: v1:x\n"
    assert config(text)["slipway:loadBalancer"] == {"http": True, "deletionProtection": False, "accessLogs": False}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("config:", "has no `config`"),
        ("a: [", "not valid YAML"),
        (
            "config:\n  slipway:fleets: {web: {secrets: {A: {secure: x}}}}\n",
            "neither encryptionsalt nor secretsprovider",
        ),
    ],
)
def test_a_file_that_can_not_be_isolated(text: str, said: str):
    """One clear error, before anything is made."""
    with pytest.raises(DrillError, match=said):
        isolated(text)


@pytest.mark.parametrize("stack", ["dr", "sandbox-dr", "a", "abcdefghijklmnopqrst"])
def test_the_name_is_a_stack_s(stack: str):
    """At most 20 characters, recognisable, and different for different stacks."""
    name = isolated(stack=stack).name
    assert len(name) <= 20
    assert name.endswith("-drill")
    assert isolated(stack=stack[:-1] + "z").name != name
