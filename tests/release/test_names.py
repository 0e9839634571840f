"""The names that infra, commands and instances agree on."""

from hypothesis import given
from hypothesis import strategies as st

from release import names

NAME = st.from_regex(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?", fullmatch=True)


@given(NAME, NAME, st.integers(1024, 65535))
def test_names_fit_what_aws_allows(stack: str, fleet: str, port: int):
    """The longest stack and fleet still make names that every API takes."""
    assert len(names.balancer_name(stack)) <= 32
    assert len(names.target_group_name(stack, fleet, port)) <= 32
    assert len(names.role_name(stack, fleet, "ap-northeast-1")) <= 64
    assert len(names.access_logs_bucket_name(stack, "1" * 12, "ap-southeast-2")) <= 63


@given(NAME, NAME, NAME)
def test_shortened_names_stay_apart(stack: str, one: str, other: str):
    """What is cut off is still in the name, as its hash."""
    same = names.target_group_name(stack, one, 8080) == names.target_group_name(stack, other, 8080)
    assert same == (one == other)


def test_partitions_follow_from_the_region():
    """China and GovCloud have ARNs of their own."""
    assert names.bucket_arn("b", "cn-north-1") == "arn:aws-cn:s3:::b"
    assert names.bucket_arn("b", "us-gov-west-1") == "arn:aws-us-gov:s3:::b"
