"""What Systems Manager asks IAM before it sends a command or starts a session: about each instance, and the document.

As the service authorization reference has it ("Actions, resources, and condition keys for AWS Systems Manager").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.ssm.models import ssm_backends

from sandbox.aws.ec2.models import sandbox_ec2
from sandbox.aws.iam import ec2
from sandbox.aws.iam.calls import Call
from sandbox.aws.iam.policy import Ask

if TYPE_CHECKING:  # which asks IAM itself
    from sandbox.aws.ssm.models import SandboxSSMBackend

_ANY = {
    "CancelCommand",
    "DescribeInstanceInformation",
    "DescribeSessions",
    "GetCommandInvocation",
    "ListCommandInvocations",
    "ListCommands",
}
"""Actions that can't be limited to some resources."""
_SESSIONS = {"ResumeSession", "TerminateSession"}
OPERATIONS = {"SendCommand", "StartSession", *_SESSIONS, *_ANY}


def asks(call: Call) -> Iterator[Ask]:
    """Yield every permission that such a call needs."""
    action = f"ssm:{call.operation}"
    if call.operation in _ANY:
        yield Ask(action=action, resource="*")
        return
    if call.operation in _SESSIONS:
        yield _session(call)
        return
    # A session's document is checked too, which is the value of this key; a command has no such key.
    checked = {"ssm:SessionDocumentAccessCheck": "true"} if call.operation == "StartSession" else {}
    named = [call.parameters["Target"]] if checked else call.parameters.get("InstanceIds") or []
    for instance in named:
        tags = sandbox_ec2(ACCOUNT, call.region).tags.get(str(instance), {})
        own = {f"ssm:resourceTag/{key}": str(value) for key, value in tags.items()}
        context = {**ec2.of(call.region, str(instance)), **own, **checked}
        yield Ask(action=action, resource=ec2.arn(call.region, str(instance)), context=context)
    yield Ask(action=action, resource=_document(call), context=checked)


def _session(call: Call) -> Ask:
    """Return what is asked about a session, which bears its owner and its instance as tags."""
    id_ = str(call.parameters.get("SessionId"))
    found = cast("SandboxSSMBackend", ssm_backends[ACCOUNT][call.region]).sessions.get(id_)
    tags = {f"ssm:resourceTag/{key}": value for key, value in found.tags.items()} if found else {}
    return Ask(
        action=f"ssm:{call.operation}", resource=f"arn:aws:ssm:{call.region}:{ACCOUNT}:session/{id_}", context=tags
    )


def _document(call: Call) -> str:
    """Return the document's ARN; those of AWS's own belong to no account."""
    name = str(call.parameters.get("DocumentName") or "SSM-SessionManagerRunShell")
    if name.startswith("arn:"):
        return name
    owner = "" if name.startswith(("AWS-", "Amazon")) else ACCOUNT
    return f"arn:aws:ssm:{call.region}:{owner}:document/{name}"
