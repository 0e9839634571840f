"""Which instances have an agent that Systems Manager hears of: those that run, with a role that lets it speak.

Source: Systems Manager user guide, "Configure instance permissions required for Systems Manager", and "Reference:
ec2messages, ssmmessages, and other API operations": an agent takes commands by `ssmmessages`, or else by `ec2messages`.
"""

from __future__ import annotations

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT

from sandbox.aws.ec2.models import Machine, sandbox_ec2
from sandbox.aws.iam.policy import Ask
from sandbox.aws.iam.principals import Principal
from sandbox.aws.iam.resources import Said
from sandbox.aws.iam.rights import Rights

_CHANNELS = ("ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel")
_DATA = ("ssmmessages:CreateDataChannel", "ssmmessages:OpenDataChannel")
_MESSAGES = (
    "ec2messages:AcknowledgeMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
)


def speaking(region: str) -> dict[str, Machine]:
    """Return the instances of a region, by id, whose agent takes commands."""
    machines = dict(sandbox_ec2(ACCOUNT, region).machines)
    return {id_: machine for id_, machine in machines.items() if _speaks(machine, id_)}


def attended(region: str) -> set[str]:
    """Return the ids of those whose agent opens sessions: only by `ssmmessages`."""
    there = speaking(region)
    return {id_ for id_, machine in there.items() if _allowed(machine.role or "", id_, *_CHANNELS, *_DATA)}


def _speaks(machine: Machine, id_: str) -> bool:
    if machine.state != "running" or machine.port is None or not machine.role:
        return False
    heard = _allowed(machine.role, id_, "ssm:UpdateInstanceInformation")
    return heard and (_allowed(machine.role, id_, *_CHANNELS) or _allowed(machine.role, id_, *_MESSAGES))


def _allowed(role: str, id_: str, *actions: str) -> bool:
    may = Rights(Principal(role=role, session=id_), Said())
    return all(may.do(Ask(action=action, resource="*")) for action in actions)
