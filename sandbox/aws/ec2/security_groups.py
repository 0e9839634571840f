"""Descriptions of security group rules that name another group.

moto shows descriptions for address ranges only (https://github.com/getmoto/moto/pull/7831), AWS for groups as well:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UserIdGroupPair.html
"""

from moto.ec2.models.security_groups import SecurityGroupRule


def _description(rule: SecurityGroupRule) -> str | None:
    return rule.ip_range.get("Description") or rule.source_group.get("Description")


def install() -> None:
    """Make moto's rules show it."""
    SecurityGroupRule.description = property(_description)  # pyright: ignore[reportAttributeAccessIssue]
