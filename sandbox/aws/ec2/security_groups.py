"""A rule that names another group keeps its description, which moto shows for address ranges only."""

from moto.ec2.models.security_groups import SecurityGroupRule


def _description(rule: SecurityGroupRule) -> str | None:
    return rule.ip_range.get("Description") or rule.source_group.get("Description")


def install() -> None:
    """Makes moto's rules show it."""
    SecurityGroupRule.description = property(_description)  # pyright: ignore[reportAttributeAccessIssue]
