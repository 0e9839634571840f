"""What Systems Manager asks IAM before it sends a command or starts a session: about each instance, and the document.

As the service authorization reference has it ("Actions, resources, and condition keys for AWS Systems Manager").
"""

from __future__ import annotations

from collections.abc import Iterator

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT

from sandbox.aws.ec2.models import sandbox_ec2
from sandbox.aws.iam import ec2
from sandbox.aws.iam.calls import Call
from sandbox.aws.iam.policy import Ask

_ANY = {
    "CancelCommand",
    "DescribeInstanceInformation",
    "GetCommandInvocation",
    "ListCommandInvocations",
    "ListCommands",
}
"""Actions that can't be limited to some resources."""
OPERATIONS = {"SendCommand", *_ANY}


def asks(call: Call) -> Iterator[Ask]:
    """Yield every permission that such a call needs."""
    action = f"ssm:{call.operation}"
    if call.operation in _ANY:
        yield Ask(action=action, resource="*")
        return
    for instance in call.parameters.get("InstanceIds") or []:
        tags = sandbox_ec2(ACCOUNT, call.region).tags.get(str(instance), {})
        own = {f"ssm:resourceTag/{key}": str(value) for key, value in tags.items()}
        context = {**ec2.of(call.region, str(instance)), **own}
        yield Ask(action=action, resource=ec2.arn(call.region, str(instance)), context=context)
    yield Ask(action=action, resource=_document(call))


def _document(call: Call) -> str:
    """Return the document's ARN; those of AWS's own belong to no account."""
    name = str(call.parameters.get("DocumentName", ""))
    if name.startswith("arn:"):
        return name
    owner = "" if name.startswith(("AWS-", "Amazon")) else ACCOUNT
    return f"arn:aws:ssm:{call.region}:{owner}:document/{name}"
