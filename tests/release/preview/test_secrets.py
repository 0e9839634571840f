"""A secret, wherever the engine's events have it, is in none of what is made of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from release.preview import document, events, fingerprint, markdown, plain, sentence
from release.preview.document import Preview

SWORDFISH = "swordfish-1234"
MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
SHOWN = {**MARK, "plaintext": json.dumps(SWORDFISH)}
HIDDEN = {**MARK, "ciphertext": "[secret]"}
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def said(kind: str, inputs: dict[str, Any], op: str) -> str:
    """The events of a step whose inputs and outputs have a secret, before and after, as the configuration has."""
    urn = f"urn:pulumi:s::slipway::{kind}::x"
    state = {"type": kind, "urn": urn, "inputs": inputs, "outputs": inputs}
    key = next(iter(inputs))
    step = {
        "op": op,
        "urn": urn,
        "type": kind,
        "old": None if op == "create" else state,
        "new": None if op == "delete" else state,
        "detailedDiff": {key: {"diffKind": "update", "inputDiff": True}} if op in ("update", "replace") else None,
        "diffs": [key],
    }
    stack = {"op": "same", "urn": "urn:pulumi:s::slipway::pulumi:pulumi:Stack::s", "new": {"outputs": {"key": SHOWN}}}
    ended = {"result": "succeeded", "resourceChanges": {"same": 1}}
    told: list[dict[str, Any]] = [
        {"preludeEvent": {"config": {"slipway:fleets": SWORDFISH}}},
        {"resourcePreEvent": {"metadata": stack}},
        {"resOutputsEvent": {"metadata": stack}},
        {"resourcePreEvent": {"metadata": step}},
        {"diagnosticEvent": {"severity": "debug", "message": SWORDFISH}},
        {"summaryEvent": ended},
    ]
    return "\n".join(map(json.dumps, told))


@pytest.mark.parametrize("form", [SHOWN, HIDDEN], ids=["shown", "hidden"])
@pytest.mark.parametrize("op", ["create", "update", "replace", "delete"])
@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("aws:ssm/parameter:Parameter", {"value": None}),
        (TEMPLATE, {"userData": None}),
        (TEMPLATE, {"tagSpecifications": [{"tags": {"key": None}}]}),
    ],
)
def test_no_secret_gets_through(kind: str, inputs: dict[str, Any], op: str, form: dict[str, str]):
    """In configuration, outputs, parameters and launch templates; that one changes is seen all the same."""
    filled = json.loads(json.dumps(inputs).replace("null", json.dumps(form)))
    found = events.read(said(kind, filled, op))
    assert found.steps
    mark = fingerprint.of("s", found.steps)
    preview = Preview(stack="s", previewed=found, fingerprint=mark)
    made = [
        markdown.page(preview),
        plain.page(preview),
        json.dumps(document.to_json(preview, sentence.of(preview))),
        fingerprint.to_json(mark),
        repr(preview),
    ]
    assert not [text for text in made if SWORDFISH in text]
    assert mark.steps
    assert "secret" in made[0]
