"""policy/sources.py: the same resources from a state and from a preview."""

from __future__ import annotations

from typing import Any

import pytest

from policy import sources
from policy.resource import SECRET, UNKNOWN

PREFIX = "urn:pulumi:prod::slipway::slipway:network:Network$aws:ec2"
VPC = f"{PREFIX}/vpc:Vpc::network-vpc"
SUBNET = f"{PREFIX}/subnet:Subnet::network-private-a"


def state(urn: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"urn": urn, "type": urn.rpartition("$")[2].partition("::")[0], "custom": True, "inputs": inputs, **more}


STATES = [
    state(VPC, {"cidrBlock": "10.0.0.0/16"}),
    state(SUBNET, {"vpcId": UNKNOWN}, propertyDependencies={"vpcId": [VPC]}),
]


def exported(*states: dict[str, Any]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": list(states)}}


def previewed(*steps: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"steps": [{"op": op, "urn": new["urn"], "newState": new} for op, new in steps]}


@pytest.mark.parametrize(
    "document", [exported(*STATES), previewed(*[("create", state) for state in STATES])], ids=["state", "preview"]
)
def test_both_give_the_same_graph(document: dict[str, Any]):
    """Names, types, inputs and which resource an input comes from are read alike."""
    stack = sources.parse(document)
    vpc, subnet = stack.resources
    assert (vpc.name, vpc.type, vpc.get("cidrBlock")) == ("network-vpc", "aws:ec2/vpc:Vpc", "10.0.0.0/16")
    assert stack.behind(subnet, "vpcId") == (vpc,)
    assert stack.before(vpc, "aws:ec2/subnet:Subnet", "vpcId") == (subnet,)


def test_a_secret_is_never_in_the_model():
    """A state holds a secret encrypted, or in plain text with --show-secrets: either way only its place is known."""
    mark = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"hunter2"'}
    (found,) = sources.parse(exported(state(VPC, {"tags": {"a": [mark]}}))).resources
    assert found.get("tags.a[0]") == SECRET
    assert "hunter2" not in repr(found)


def test_a_state_that_waits_for_deletion_is_left_out():
    """What a failed update left to be deleted is not part of the stack."""
    old = state(VPC, {"cidrBlock": "10.9.0.0/16"}, delete=True)
    assert [found.get("cidrBlock") for found in sources.parse(exported(STATES[0], old)).resources] == ["10.0.0.0/16"]


def test_a_preview_leaves_out_what_it_deletes_and_counts_a_replacement_once():
    """A replacement is several steps for one resource; a deleted one has a state in its step too."""
    steps = previewed(
        ("create-replacement", STATES[0]), ("replace", STATES[0]), ("delete-replaced", STATES[0]), ("delete", STATES[1])
    )
    assert [found.urn for found in sources.parse(steps).resources] == [VPC]


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"deployment": None},
        "text",
        {"steps": None},
        {"deployment": {"resources": [{}]}},
        {"deployment": {"resources": [{"urn": 1, "type": "t"}]}},
        {"steps": ["create"]},
    ],
)
def test_another_document_is_refused(document: Any):
    """The error names the two commands whose output is read."""
    with pytest.raises(sources.SourceError, match=r"pulumi stack export.*--show-sames"):
        sources.parse(document)
