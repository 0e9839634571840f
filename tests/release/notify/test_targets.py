"""Who is told, and that no text shows a webhook's address."""

import json

import pytest

from release.notify import targets
from release.notify.targets import Target, Told, target

TOPIC = "arn:aws:sns:eu-west-1:123456789012:deploys"
SECRET = "T0123/B4567/abcdefSECRET"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (f"https://hooks.slack.com/services/{SECRET}", "slack"),
        (f"https://acme.webhook.office.com/webhookb2/{SECRET}", "teams"),
        (f"https://prod-07.westeurope.logic.azure.com:443/workflows/{SECRET}?sig=x", "teams"),
        (f"https://default12.34.environment.api.powerplatform.com:443/{SECRET}", "teams"),
        (f"https://hooks.slack.com.acme.test/{SECRET}", "json"),
        (f"https://acme.test:8443/{SECRET}", "json"),
    ],
)
def test_a_webhook_is_known_by_its_host(address: str, kind: str):
    """Slack's and Teams' addresses get their shape, all others plain JSON."""
    found = target(1, address)
    assert (found.kind, found.address, found.is_topic) == (kind, address, False)


def test_a_kind_that_is_given_counts():
    """A chat that takes Slack's shape at an address of its own can be told in it."""
    assert target(0, "https://chat.acme.test/hooks/x", "slack").kind == "slack"


def test_a_topic_is_named_by_its_name():
    """Warnings name a topic by the last part of its ARN."""
    assert target(0, TOPIC) == Target(kind="sns", address=TOPIC, name="notify[0] (deploys)")


@pytest.mark.parametrize(
    "wrong",
    [
        f"http://hooks.slack.com/{SECRET}",
        f"https://user:{SECRET}@acme.test/",
        f"https://acme.test:99999/{SECRET}",
        f"https:///{SECRET}",
        f"https://acme.test/{SECRET} x",
        f"https://acme.test/{SECRET}#x",
        "arn:aws:sqs:eu-west-1:123456789012:SECRET",
        "https://acme.test/" + "SECRET" * 400,
    ],
)
def test_what_is_neither_is_refused_without_being_shown(wrong: str):
    """The address is a secret, also a mistyped one."""
    with pytest.raises(ValueError, match=r"^(must be|is no) ") as caught:
        target(0, wrong)
    assert "SECRET" not in str(caught.value)


def test_neither_a_target_nor_its_name_shows_the_address():
    """What is logged by mistake has only the host."""
    found = target(3, f"https://hooks.slack.com/services/{SECRET}")
    assert "SECRET" not in repr(Told(targets=[found]))
    assert found.name == "notify[3] (hooks.slack.com)"


def test_what_a_stack_keeps_is_read_again():
    """Commands get from the parameter what the stack's settings say."""
    told = Told(
        targets=[target(0, TOPIC), target(1, "https://chat.acme.test/hooks/x", "slack")],
        link="https://git.acme.test/{sha}",
    )
    assert targets.from_json(targets.to_json(told)) == told
    assert targets.from_json(targets.to_json(Told())) == Told(targets=[])


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "[]",
        '{"targets": 1}',
        json.dumps({"targets": [{"kind": "carrier-pigeon", "address": "https://acme.test/SECRET"}]}),
        json.dumps({"targets": [{"kind": "json", "address": "http://acme.test/SECRET"}]}),
    ],
)
def test_something_else_in_its_place_is_refused_without_being_shown(kept: str):
    """A parameter that somebody wrote by hand is named, not quoted."""
    with pytest.raises(ValueError, match="pulumi up") as caught:
        targets.from_json(kept)
    assert "SECRET" not in str(caught.value)
