"""Tests of release/preview/steps.py and events.py, over what the engine printed, recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from release.preview import events
from release.preview.steps import SECRET, Change, parse, parts_of, value

DATA = Path(__file__).with_name("data")
OLD, NEW = "bd8311fde447f5e5ea2c06e3e72cf58e3f99cd65", "a7aa07043bac731464cb1fb078b3ca7c107f81f9"


def recorded(name: str) -> events.Previewed:
    return events.read((DATA / name).read_text(encoding="utf-8"))


def test_the_steps_of_another_release():
    """The template and the group of its only fleet, with the values before and after; what stays is counted only."""
    found = recorded("new-sha.jsonl")
    assert (found.stack, found.same, found.complete, found.messages) == ("sandbox", 86, True, ())
    template, group = found.steps
    assert (template.op, template.name, template.id) == ("update", "web-launch-template", "lt-0c6a299b63c0e1e78")
    assert template.changes[0] == Change(path="description", before=f"Release {OLD}", after=f"Release {NEW}")
    assert (template.changes[1].path, template.changes[1].after) == (
        'tagSpecifications[0].tags["slipway:release"]',
        NEW,
    )
    assert [change.path for change in group.changes] == ["launchTemplate.version"]


def test_what_the_program_refuses():
    """Its error is kept, whole, and the preview is not complete."""
    found = recorded("refused.jsonl")
    assert (found.complete, found.steps) == (False, ())
    (error,) = found.errors
    assert error.text.startswith("sandbox: 1 problem in the configuration\n - fleets.web.port: differs")


def test_a_replacement_is_one_step():
    """The engine tells its three parts; the one that names the changes stays, and says which of them replaces."""
    urn = "urn:pulumi:s::slipway::aws:s3/bucket:Bucket::store"
    old = {"type": "aws:s3/bucket:Bucket", "id": "a", "inputs": {"bucket": "a", "tags": {"x.y": SECRET}}}
    new = {**old, "inputs": {"bucket": "b", "tags": {"x.y": SECRET}}}
    detail = {"bucket": {"kind": "update-replace", "inputDiff": True}, 'tags["x.y"]': {"kind": "update"}}
    whole = {"urn": urn, "oldState": old, "newState": new, "replaceReasons": ["bucket"], "detailedDiff": detail}
    parts = [{**whole, "op": op} for op in ("create-replacement", "replace")]
    (step,) = parse({"steps": [*parts, {"op": "delete-replaced", "urn": urn, "oldState": old}]})
    assert step.op == "replace"
    assert step.changes == (
        Change(path="bucket", before="a", after="b", replaces=True),
        Change(path='tags["x.y"]', before=SECRET, after=SECRET),
    )


@pytest.mark.parametrize("form", [{"ciphertext": SECRET}, {"plaintext": '"swordfish"'}])
def test_a_secret_in_whatever_form(form: dict[str, str]):
    """It is one word, so that nothing of it gets further, and that it changes is a change."""
    marked = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", **form}
    state = {"type": "aws:ssm/parameter:Parameter", "inputs": {"value": marked, "list": [{"x": marked}]}}
    urn, detail = (
        "urn:pulumi:s::slipway::aws:ssm/parameter:Parameter::p",
        {"value": {"kind": "update", "inputDiff": True}},
    )
    (step,) = parse(
        {"steps": [{"op": "update", "urn": urn, "oldState": state, "newState": state, "detailedDiff": detail}]}
    )
    assert step.changes == (Change(path="value", before=SECRET, after=SECRET),)
    assert step.new == {"value": SECRET, "list": [{"x": SECRET}]}
    assert "swordfish" not in repr(step)


def test_what_an_interrupted_replacement_left_is_deleted():
    """Alone, a part of a replacement is what it does; a deleted resource has no inputs after it."""
    state = {"type": "aws:s3/bucket:Bucket", "id": "a", "inputs": {"bucket": "a"}}
    urn = "urn:pulumi:s::slipway::aws:s3/bucket:Bucket::store"
    (step,) = parse({"steps": [{"op": "delete-replaced", "urn": urn, "oldState": state, "newState": state}]})
    assert (step.op, step.old, step.new) == ("delete", {"bucket": "a"}, {})


def test_a_change_without_detail_is_still_named():
    """Some providers only say which of the top-level properties differ."""
    old, new = {"inputs": {"a": 1}}, {"inputs": {"a": 2, "b": 3}}
    (step,) = parse(
        {"steps": [{"op": "update", "urn": "u::p::t::n", "oldState": old, "newState": new, "diffReasons": ["a"]}]}
    )
    assert step.changes == (Change(path="a", before=1, after=2),)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a", ("a",)),
        ("ingress[0].cidrBlocks[1]", ("ingress", 0, "cidrBlocks", 1)),
        ('tags["slipway:release"].x', ("tags", "slipway:release", "x")),
        (r'tags["a\"b"]', ("tags", 'a"b')),
    ],
)
def test_the_parts_of_a_path(path: str, parts: tuple[str | int, ...]):
    """As the engine writes them: names, indices, and keys in quotes."""
    assert parts_of(path) == parts


def test_a_value_below_a_secret_is_the_secret():
    """The engine shows a whole list or object as secret; what is in it is no more known."""
    assert value({"a": SECRET}, ("a", 0, "b")) == SECRET
    assert value({"a": [1]}, ("a", 1)) is None


def test_policies_and_what_is_cut_off():
    """Violations are kept, a repeated one once; debug messages and half a line are left out."""
    policy = {"policyName": "r", "policyPackName": "slipway", "enforcementLevel": "mandatory", "message": "no\n"}
    lines = [
        {"policyEvent": policy},
        {"policyEvent": policy},
        {"diagnosticEvent": {"severity": "debug", "message": "x"}},
        {"diagnosticEvent": {"severity": "info#err", "message": "printed"}},
        {"summaryEvent": {"result": "failed", "PolicyPacks": {"slipway|local|/a": "1"}, "resourceChanges": {}}},
    ]
    found = events.read("\n".join(map(json.dumps, lines)) + '\n{"diagnosticEvent"')
    assert [(each.rule, each.message) for each in found.violations] == [("r", "no")]
    assert [message.text for message in found.messages] == ["printed"]
    assert (found.packs, found.complete) == (("slipway",), False)
