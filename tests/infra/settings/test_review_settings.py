"""What makes a stack a review stack, and what it may not be then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings import SettingsError, parse

FILE = Path(__file__).resolve().parents[3] / "Pulumi.review.yaml"


def given(**changes: Any) -> dict[str, Any]:
    """The committed file of review stacks, with some keys of its sections changed."""
    config = yaml.safe_load(FILE.read_text(encoding="utf-8"))["config"]
    file = {key.removeprefix("slipway:"): value for key, value in config.items()}
    for path, value in changes.items():
        section, _, key = path.partition("__")
        file[section] = {**file.get(section, {}), key: value}
    return file


def problems(stack: str = "pr-42", **changes: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(given(**changes), stack, {})
    return list(caught.value.problems)


def test_the_committed_file_is_right_for_each_pull_request():
    """Also for the longest number."""
    for stack in ("pr-1", "pr-42", "pr-999999999"):
        assert parse(given(), stack, {}).review.expires == 72


@pytest.mark.parametrize("stack", ["prod", "review", "pr-", "pr-x", "pr-042", "pr-4a", "pr"])
def test_no_other_stack_can_expire(stack: str):
    """A sweep would remove all of it."""
    if stack == "pr-":
        assert any("the stack's name" in problem for problem in problems(stack))
    else:
        [problem] = problems(stack)
        assert problem.startswith("review.expires: is only for a review stack, which is named pr-NUMBER")


def test_a_large_one_is_refused():
    """All fleets together count, at their largest."""
    fleet = {"process": "web", "size": {"min": 2, "max": 3}}
    routed = {**fleet, "routes": {"paths": ["/api/*"]}}
    assert problems(fleets__web=fleet, fleets__api=routed) == [
        "review.instances: is 4, and the fleets may have 6 instances (size.max); make them smaller, or raise this"
    ]
    assert parse(given(fleets__web=fleet, fleets__api=routed, review__instances=6), "pr-1", {})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"loadBalancer__deletionProtection": True}, "loadBalancer.deletionProtection"),
        ({"artifacts__destroy": False}, "artifacts.destroy"),
        ({"artifacts__replica": {"region": "eu-central-1", "destroy": True}}, "artifacts.replica"),
        ({"recovery__posture": "cold"}, "recovery.posture"),
        ({"review__expires": 0}, "review.expires"),
        ({"review__expires": 721}, "review.expires"),
        ({"review__expires": None, "review__stacks": 3}, "review.stacks"),
    ],
)
def test_what_would_stay_or_have_no_effect_is_refused(change: dict[str, Any], path: str):
    """Each by one line that begins with its path."""
    [problem] = problems(**change)
    assert problem.startswith(f"{path}: ")


def test_a_given_store_is_not_the_stacks_to_remove():
    """It stays when the stack goes."""
    file = {**given(), "artifacts": {"bucket": "shared"}}
    assert parse(file, "pr-42", {}).artifacts.bucket == "shared"


def test_time_begins_anew_only_on_purpose():
    """By a variable, as whatever is meant for one `pulumi up`."""
    assert not parse(given(), "pr-42", {}).extend
    assert parse(given(), "pr-42", {"SLIPWAY_EXTEND": "1"}).extend


def test_other_stacks_are_no_review_stacks():
    """Nothing of theirs expires."""
    file = {**given(), "review": {}}
    assert parse(file, "prod", {}).review.expires is None
