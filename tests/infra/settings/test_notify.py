"""The setting `notify`: what it takes, what it refuses, and that no error shows a webhook's address."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import SettingsError, parse

TOPIC = "arn:aws:sns:eu-west-1:123456789012:deploys"
WEBHOOK = "https://hooks.slack.com/services/T0123/B4567/abcdefSECRET"


def stack(notify: object, **release: object) -> dict[str, Any]:
    return {
        "aws:region": "eu-west-1",
        "loadBalancer": {"http": True},
        "fleets": {"web": None},
        "notify": notify,
        "release": release,
    }


def refused(mapping: dict[str, Any], encrypted: tuple[str, ...] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(mapping, "shop", {}, encrypted=encrypted)
    assert "SECRET" not in str(caught.value)
    return str(caught.value)


def test_topics_and_webhooks_are_taken_in_either_form():
    """A webhook is an encrypted text, or a mapping that says its shape too."""
    given = [TOPIC, WEBHOOK, {"url": "https://chat.acme.test/SECRET", "kind": "slack"}, {"url": "https://acme.test/x"}]
    settings = parse(stack(given), "shop", {}, encrypted=["notify[1]", "notify[2].url", "notify[3]"])
    assert [(each.kind, each.name) for each in settings.notify] == [
        ("sns", "notify[0] (deploys)"),
        ("slack", "notify[1] (hooks.slack.com)"),
        ("slack", "notify[2] (chat.acme.test)"),
        ("json", "notify[3] (acme.test)"),
    ]
    assert "SECRET" not in repr(settings)


def test_nobody_is_told_by_default():
    """Without the setting there is nobody to tell, and without a repository no link."""
    settings = parse(stack(None), "shop", {})
    assert (settings.notify, settings.told.link) == ((), None)


def test_a_link_is_set_or_follows_from_the_repository():
    """The setting counts before the repository's address."""
    url = "https://github.com/acme/shop.git"
    assert parse(stack([], repository=url), "shop", {}).told.link == "https://github.com/acme/shop/commit/{sha}"
    own = "https://git.acme.test/c/{sha}"
    assert parse(stack([], repository=url, link=own), "shop", {}).told.link == own
    assert "release.link: must be an https address with {sha} in it" in refused(stack([], link="https://acme.test"))


@pytest.mark.parametrize(
    ("notify", "says"),
    [
        (WEBHOOK, "notify: must be a list, is text"),
        ([WEBHOOK.replace("https", "http")], "notify[0]: must be the ARN of an SNS topic, or an https:// address"),
        ([TOPIC, {"address": WEBHOOK}], "notify[1]: has 'address'; known here: url, kind"),
        ([{"url": WEBHOOK, "kind": "SECRET"}], "notify[0]: has a kind that is none of slack, teams, json"),
        ([{"url": TOPIC, "kind": "json"}], "notify[0]: is a topic, which has no kind; remove the kind"),
        ([None], "notify[0]: must be the ARN of an SNS topic, or the https address of a webhook"),
        ([WEBHOOK, WEBHOOK], "notify[1]: is there twice; remove one"),
        ([f"{WEBHOOK}{n}" for n in range(11)], "notify: must be at most 10 topics and webhooks, are 11"),
        ([f"{TOPIC}{n}" for n in range(6)], "notify: must have at most 5 topics, as many as a rule of EventBridge"),
        ([TOPIC.replace("west", "north")], "notify[0]: must be a topic of eu-west-1, the stack's region, is one of"),
        ([TOPIC.replace("aws", "aws-cn")], "notify[0]: must be a topic of the partition aws, as eu-west-1 is"),
        ([f"{WEBHOOK}{'x' * 1900}{n}" for n in range(3)], "notify: must be at most 4096 bytes together"),
    ],
)
def test_what_is_wrong_is_told_without_the_address(notify: object, says: str):
    """Every problem has its place and says how to fix it; the address stays unsaid even where it is mistyped."""
    assert says in refused(stack(notify))


def test_a_webhook_in_plain_text_is_refused():
    """Whoever reads the stack file could write to the chat."""
    said = refused(stack([TOPIC, WEBHOOK]), encrypted=())
    assert "notify[1]: is a webhook in plain text" in said
    assert "pulumi config set --secret --path 'slipway:notify[1]'" in said
    assert "notify[0]" not in said
