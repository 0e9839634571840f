"""Each target gets the fact in its own shape, within that shape's limits."""

import json
from datetime import datetime, timezone

from release.notify import fact as facts
from release.notify import shapes
from release.notify.fact import Fact

SHA = "0123456789abcdef0123456789abcdef01234567"
AT = datetime(2026, 11, 30, 7, 0, tzinfo=timezone.utc)
FACT = Fact(
    what=facts.SUCCEEDED,
    action="deploy",
    stack="shop",
    by="ann <ann@acme.test> & *co*",
    region="eu-west-1",
    sha=SHA,
    before="f" * 40,
    fleets=("api", "web"),
    seconds=48.26,
    requests_failed=0,
    link=f"https://github.com/acme/shop/commit/{SHA}",
    at=AT,
)
LONG = Fact(
    what=facts.FAILED,
    stack="s" * 300,
    by="b" * 5000,
    sha=SHA,
    fleets=[f"fleet-{n}" for n in range(200)],
    reason="x\n\x1b[31m" * 4000,
    at=AT,
)


def test_plain_json_has_every_field():
    """A program finds each field, null where it is not known."""
    assert shapes.document(FACT) == {
        "schema": 1,
        "event": "succeeded",
        "action": "deploy",
        "text": "shop: serves 0123456789ab",
        "stack": "shop",
        "region": "eu-west-1",
        "by": "ann <ann@acme.test> & *co*",
        "at": "2026-11-30T07:00:00Z",
        "sha": SHA,
        "before": "f" * 40,
        "fleets": ["api", "web"],
        "seconds": 48.3,
        "requestsFailed": 0,
        "reason": None,
        "until": None,
        "link": f"https://github.com/acme/shop/commit/{SHA}",
    }
    assert set(shapes.document(Fact(what=facts.THAWED, stack="shop", by="ann"))) == set(shapes.document(FACT))


def test_slack_gets_blocks_whose_texts_are_no_mark_up():
    """Names with stars or brackets are shown as they are; only the link is mark-up."""
    said = shapes.slack(FACT)
    assert said["text"] == "shop: serves 0123456789ab"
    assert [block["type"] for block in said["blocks"]] == ["header", "section", "context"]
    assert said["blocks"][1]["fields"][0] == {
        "type": "plain_text",
        "text": "By: ann <ann@acme.test> & *co*",
        "emoji": False,
    }
    assert said["blocks"][2]["elements"][0]["text"] == f"<{FACT.link}|The commit>"


def test_slack_stays_within_its_limits():
    """A header of 150 characters, a section of 3,000 with at most 10 fields of 2,000."""
    blocks = shapes.slack(LONG)["blocks"]
    assert len(blocks[0]["text"]["text"]) <= 150
    assert len(blocks[1]["fields"]) <= 10
    assert all(len(field["text"]) <= 2000 for field in blocks[1]["fields"])
    assert len(blocks[2]["text"]["text"]) <= 3000


def test_teams_gets_an_adaptive_card_whose_markdown_is_escaped():
    """The card is in an attachment, as a workflow takes it; names with stars or brackets are shown as they are."""
    said = shapes.teams(FACT)
    card = said["attachments"][0]["content"]
    assert (said["type"], said["attachments"][0]["contentType"]) == (
        "message",
        "application/vnd.microsoft.card.adaptive",
    )
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][1]["facts"][0] == {"title": "By", "value": r"ann \<ann@acme.test\> & \*co\*"}
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "The commit", "url": FACT.link}]
    assert len(json.dumps(shapes.teams(LONG))) < 28_000


def test_sns_gets_a_text_for_mail_and_json_for_programs():
    """The subject is ASCII and below 100 characters; subscriptions can choose by event and stack."""
    said = shapes.sns(FACT)
    message = json.loads(said["Message"])
    assert json.loads(message["default"]) == shapes.document(FACT)
    assert message["email"].splitlines()[:3] == ["shop: serves 0123456789ab", "", "By: ann <ann@acme.test> & *co*"]
    assert message["email"].endswith(f"\n{FACT.link}")
    assert said["MessageAttributes"]["event"] == {"DataType": "String", "StringValue": "succeeded"}
    subject = shapes.sns(LONG)["Subject"]
    assert len(subject) < 100
    assert subject.isascii()
    assert len(shapes.sns(LONG)["Message"].encode()) < 256_000


def test_no_shape_has_control_characters_in_what_people_see():
    """An app's own output may be the reason of a failure."""
    for said in (shapes.slack(LONG), shapes.teams(LONG), shapes.document(LONG), shapes.plain(LONG)):
        assert "\x1b" not in json.dumps(said, ensure_ascii=False).replace("\\u001b", "\x1b")
