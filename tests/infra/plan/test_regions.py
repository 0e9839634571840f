"""Regions that AWS does not have are told before anything is asked of them."""

from __future__ import annotations

from infra.plan import regions
from infra.settings import Settings, parse


def settings(region: str, replica: str | None = None) -> Settings:
    given = {"artifacts": {"replica": {"region": replica}}} if replica else {}
    return parse({"loadBalancer": {"http": True}, "fleets": {"web": None}, **given}, "shop", {"AWS_REGION": region})


def test_the_regions_that_there_are():
    """Of every partition."""
    for region in ("eu-central-1", "us-gov-west-1", "cn-north-1"):
        assert list(regions.problems(settings(region))) == []
    assert list(regions.problems(settings("eu-west-1", "eu-central-1"))) == []


def test_a_mistyped_region_is_told_the_one_that_is_meant():
    """Both at once, each with the command that corrects it."""
    first, second = regions.problems(settings("eu-wst-1", "eu-centrall-1"))
    assert first.startswith("aws:region: AWS has no region eu-wst-1; did you mean eu-west-1?")
    assert "`pulumi config set aws:region eu-west-1`" in first
    assert second.startswith("artifacts.replica.region: AWS has no region eu-centrall-1; did you mean eu-central-1?")
    assert "`pulumi config set --path slipway:artifacts.replica.region eu-central-1`" in second


def test_what_looks_like_no_region_is_told_all_of_them():
    """A region that botocore does not know yet needs a newer one."""
    [problem] = regions.problems(settings("zz-qqqqqqq-9"), ["eu-west-1", "us-east-1"])
    assert problem.endswith("it has eu-west-1, us-east-1; if it is a new one, upgrade boto3")
