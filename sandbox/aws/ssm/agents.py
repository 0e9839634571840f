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


def _speaks(machine: Machine, id_: str) -> bool:
    if machine.state != "running" or machine.port is None or not machine.role:
        return False
    may = Rights(Principal(role=machine.role, session=id_), Said())

    def allowed(*actions: str) -> bool:
        return all(may.do(Ask(action=action, resource="*")) for action in actions)

    return allowed("ssm:UpdateInstanceInformation") and (allowed(*_CHANNELS) or allowed(*_MESSAGES))
