"""Tests of release/preview/markdown.py: what a reviewer sees, in which order, and that it always fits."""

from __future__ import annotations

from typing import Any

import pytest

from release.preview import markdown, marks
from release.preview.cost import Cost, Item
from release.preview.document import Preview
from release.preview.drift import Drift, Drifted
from release.preview.events import Message, Violation
from release.preview.facts import Between, Facts, Log, ReleaseFacts
from release.preview.refusals import Refusals
from release.preview.steps import Change
from tests.release.preview import valid
from tests.release.preview.builders import NEW, OLD, facts, preview, rolled, step

BUCKET, SUBNET, ALARM = "aws:s3/bucket:Bucket", "aws:ec2/subnet:Subnet", "aws:cloudwatch/metricAlarm:MetricAlarm"
RENAMED = Change(path="bucket", before="old", after="new", replaces=True)
LEVEL = Change(path="policy.Action", before="a", after="b")


MANY = 130


def commits(number: int, length: int = 60) -> Between:
    lines = tuple(f"{index:07x} {'word ' * (length // 5)}" for index in range(number))
    return Between(old=OLD, new=NEW, added=Log(count=number, lines=lines), removed=Log(count=0, lines=()))


def everything() -> Preview:
    """Something of each kind."""
    return preview(
        step(op="create", kind=SUBNET, name="subnet-a"),
        step(op="create", kind=SUBNET, name="subnet-b"),
        step(LEVEL, name="role-policy"),
        step(op="delete", kind=ALARM, name="alarm"),
        step(RENAMED, op="replace", kind=BUCKET, name="artifacts-store-bucket"),
        rolled("web"),
        drift=Drift(drifted=(Drifted(urn="u", type=SUBNET, name="subnet-c", gone=True, undo="`up` makes it again"),)),
        cost=Cost(
            items=(Item(what="2 NAT gateways", dollars=70), Item(what="1 x9.huge", dollars=None)), prices_of="2026-01"
        ),
        refusals=Refusals(certain=("fleet web: a rollback by hand",)),
        facts=Facts(
            fleets=(facts("web"),),
            releases=(ReleaseFacts(sha=NEW, published=True, recoverable=False, why="the replica lacks it"),),
            between=(commits(2),),
            rollback=OLD,
            unknown=("past rollouts: no right",),
        ),
        said={
            "messages": (Message(severity="warning", text="quota of addresses"),),
            "violations": (Violation(pack="slipway", rule="two-zones", level="advisory", message="one zone"),),
        },
    )


def test_the_order_in_which_a_reviewer_reads():
    """The marker and the sentence, what is lost, what changes, what is new, fleets, and last the full diff."""
    page = markdown.page(everything())
    assert page.startswith("<!-- slipway:preview stack=s -->\n\n**s:** 1 of 3 fleets changes (`web`): 3 instances")
    found = [line for line in page.splitlines() if line.startswith(("####", "<details>"))]
    assert found == [
        "#### Replaced: 1",
        "#### Deleted: 1",
        "#### Changed: 1",
        "#### Created: 2",
        "#### Fleets",
        "#### Changed in AWS by hand",
        "#### Cost: about +$70 a month",
        "#### Policies: 1 violation, 0 mandatory",
        "#### What `up` will refuse",
        "#### Warnings",
        "#### Not known",
        "<details><summary>Commits, aaaaaaa to bbbbbbb: 2</summary>",
        "<details><summary>Full diff: 6 resources</summary>",
    ]
    valid.check(page)


@pytest.mark.parametrize(
    "line",
    [
        "- S3 bucket `artifacts-store-bucket`, because of `bucket: old → new`<br>Nothing that was published",
        "- alarm: `alarm`<br>Until there is another, nobody hears of what it watches.",
        "- policy of an IAM role `role-policy`: `policy.Action: a → b`",
        "- 2 subnets: `subnet-a`, `subnet-b`",
        "| `web` | `aaaaaaa` → `bbbbbbb` | 3 replaced in 3 steps | about 14 min (by 5 rollouts) |",
        "- release `bbbbbbb`: published, **not recoverable** from the replica: the replica lacks it; 2 commits since",
        "- `python -m release rollback` would then go to `aaaaaaa`",
        "- subnet `subnet-c` is **gone**.<br>`up` makes it again.",
        "- 2 NAT gateways: +$70",
        "- 1 x9.huge: not known",
        "- **advisory** `two-zones` `s`: one zone",
        "- fleet web: a rollback by hand",
        "- past rollouts: no right",
        "<sub>90 resources stay as they are</sub>",
    ],
)
def test_how_each_thing_reads(line: str):
    """One line each, in plain words, with what breaks and by which command."""
    assert f"\n{line}" in markdown.page(everything())


def test_nothing_to_review_is_a_short_page():
    """No heading without anything below it."""
    assert markdown.page(preview(said={"same": 94})) == (
        "<!-- slipway:preview stack=s -->\n\n**s:** Nothing changes.\n\n<sub>94 resources stay as they are</sub>\n"
    )


def test_a_deploy_alone_has_no_list_of_changes():
    """Which release a fleet gets is in its row; description, tags and version would say it four times more."""
    page = markdown.page(preview(rolled("web"), fleets=(facts("web"),)))
    assert "#### Changed" not in page
    assert "launchTemplate.version: 1" in page


def test_a_preview_that_failed_says_why_first():
    """The program's own words, whole."""
    error = Message(severity="error", text="s: 1 problem\n - fleets.web.port: 70000 is no port")
    page = markdown.page(preview(said={"complete": False, "messages": (error,)}))
    assert "#### What `up` will refuse\n\n```text\ns: 1 problem\n - fleets.web.port: 70000 is no port\n```" in page


STRANGE = "`x` | </details> ```\n@team <img src=x> #1 [a](b)\x1b[31m"


def test_what_strangers_wrote_stays_text():
    """Commits, tags and messages of others neither notify, nor link, nor end the place that they are in."""
    odd = step(Change(path="tags.a", before="`", after=STRANGE), name=STRANGE)
    log = Log(count=1, lines=(STRANGE,))
    way = Between(old=OLD, new=NEW, added=log, removed=log)
    warned = Message(severity="warning", text=STRANGE)
    found = preview(
        odd,
        step(op="create", name=STRANGE),
        said={"messages": (warned,)},
        facts=Facts(fleets=(facts("|"),), between=(way,)),
    )
    page = markdown.page(found)
    valid.check(page)
    assert "\x1b" not in page
    (line,) = [line for line in page.splitlines() if line.startswith("- `x` | &lt;/details&gt;")]
    assert all(mark not in line for mark in ("@", "<", "#1", " [a]"))


def test_forty_fleets_two_hundred_commits_and_a_long_diff():
    """The summary is whole, the diff is what is shortened, and the page says so."""
    names = [f"fleet-{number:02}" for number in range(40)]
    value = "v" * 300
    changes = [Change(path=f"tags.{number}", before=value, after=value[::-1] + str(number)) for number in range(3)]
    steps = [step(*changes, name=f"{name}-policy") for name in names]
    found = preview(
        *steps,
        *(rolled(name) for name in names),
        total=40,
        facts=Facts(fleets=tuple(facts(name) for name in names), between=(commits(200),)),
    )
    page = markdown.page(found)
    assert sum(marks.size(line) for each in steps for line in map(str, each.changes)) > 65_000
    assert 60_000 < marks.size(page) <= marks.LIMIT
    assert page.splitlines()[2].startswith("**s:** All 40 fleets change: 120 instances are replaced in 3 steps")
    assert all(f"| `{name}` |" in page and f"`{name}-policy`" in page for name in names)
    assert sum(" word word" in line for line in page.splitlines()) == 200
    assert "<summary>Full diff: 80 resources, shortened</summary>" in page
    assert "more lines are left out: pulumi preview --diff --stack s" in page
    valid.check(page)


@pytest.mark.parametrize("letter", ["x", "`", "|", "\U0001f600", "<"])
def test_it_fits_whatever_happens(letter: str):
    """Thousands of everything, each of it long, in letters that take more room than one."""
    long = letter * 600
    many: list[Any] = [
        step(*(Change(path=f"p{n}", before=long, after=None) for n in range(15)), op=op, name=f"{op}{index}{long}")
        for op in ("create", "update", "replace", "delete")
        for index in range(MANY)
    ]
    each = range(MANY)
    changes = many[0].changes
    drifted = tuple(
        Drifted(urn="u", type=long, name=f"{n}{long}", gone=False, changes=changes, undo=long) for n in each
    )
    said = tuple(f"{n}{long}" for n in each)
    log = Log(count=9000, lines=(long,) * 5)
    found = preview(
        *many,
        drift=Drift(drifted=drifted, by_slipway=said, unknown=said),
        cost=Cost(items=tuple(Item(what=what, dollars=100) for what in said), prices_of="2026-01"),
        refusals=Refusals(certain=said),
        facts=Facts(
            fleets=tuple(map(facts, said)),
            releases=tuple(ReleaseFacts(sha=f"{n:040x}", recoverable=False, why=long) for n in each),
            between=tuple(Between(old=OLD, new=f"{n:040x}", added=log, removed=log) for n in each),
            unknown=said,
        ),
        said={
            "messages": tuple(
                Message(severity=severity, text=f"{text}\n{long}") for text in said for severity in ("error", "warning")
            ),
            "violations": tuple(Violation(pack="p", rule=rule, level="advisory", message=long) for rule in said),
        },
        unknown=said,
    )
    page = markdown.page(found)
    assert marks.size(page) <= marks.LIMIT
    assert "Full diff" in page or "full diff is left out" in page
    valid.check(page)
