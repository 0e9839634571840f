"""Systems Manager's requests about commands, sessions and the instances that take them."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.ssm.responses import SimpleSystemManagerResponse

from sandbox.aws.iam import principals
from sandbox.aws.iam.guard import ADMINISTRATOR
from sandbox.aws.requests import Guarded
from sandbox.aws.ssm import agents
from sandbox.aws.ssm.invocations import Invocation
from sandbox.aws.ssm.models import SandboxSSMBackend, SSMError


class SandboxSSMResponse(Guarded, SimpleSystemManagerResponse):
    """moto's, with commands that run."""

    def send_command(self) -> ActionResult:
        """SendCommand."""
        names = ("InstanceIds", "Targets", "DocumentName", "TimeoutSeconds", "Comment", "Parameters")
        made = self._backend.send({name: self._get_param(name) for name in names})
        return ActionResult({"Command": _command(made)})

    def list_commands(self) -> ActionResult:
        """ListCommands, by id."""
        return ActionResult({"Commands": [_command(self._backend.of_command(self._get_param("CommandId")))]})

    def list_command_invocations(self) -> ActionResult:
        """ListCommandInvocations, by id."""
        found = self._backend.of_command(self._get_param("CommandId"))
        wanted = self._get_param("InstanceId")
        listed = [_listed(each) for each in found if wanted in (None, each.instance)]
        return ActionResult({"CommandInvocations": listed})

    def get_command_invocation(self) -> ActionResult:
        """GetCommandInvocation."""
        found = self._backend.invocation(self._get_param("CommandId"), self._get_param("InstanceId"))
        if self._get_param("PluginName") not in (None, found.script.plugin):
            raise SSMError("InvalidPluginName")
        return ActionResult(_shown(found))

    def cancel_command(self) -> ActionResult:
        """CancelCommand."""
        self._backend.cancel(self._get_param("CommandId"), self._get_param("InstanceIds") or [])
        return EmptyResult()

    def describe_instance_information(self) -> ActionResult:
        """DescribeInstanceInformation, of all or of InstanceIds."""
        known = agents.speaking(self._backend.region_name)
        for each in self._get_param("Filters") or []:
            if each["Key"] != "InstanceIds":
                raise SSMError("InvalidFilterKey", "the sandbox knows the filter InstanceIds only")
            known = {id_: machine for id_, machine in known.items() if id_ in each["Values"]}
        listed = [
            {
                "InstanceId": id_,
                "PingStatus": "Online",
                "LastPingDateTime": datetime.now(timezone.utc),
                "PlatformType": "Linux",
                "PlatformName": "Amazon Linux",
                "ResourceType": "EC2Instance",
                "IPAddress": machine.instance.private_ip,
            }
            for id_, machine in known.items()
        ]
        return ActionResult({"InstanceInformationList": listed})

    def start_session(self) -> ActionResult:
        """StartSession."""
        principal = principals.of(self.get_access_key())
        owner = principal.user_id if principal else ADMINISTRATOR.rpartition("/")[2]
        asked = {name: self._get_param(name) for name in ("Target", "DocumentName", "Reason", "Parameters")}
        return ActionResult(self._backend.start_session(asked, owner).opening())

    def resume_session(self) -> ActionResult:
        """ResumeSession."""
        return ActionResult(self._backend.session(self._get_param("SessionId")).opening())

    def terminate_session(self) -> ActionResult:
        """TerminateSession."""
        found = self._backend.session(self._get_param("SessionId"))
        found.ended = found.ended or time.time()
        return ActionResult({"SessionId": found.id})

    def describe_sessions(self) -> ActionResult:
        """DescribeSessions, without filters."""
        ended = self._get_param("State") == "History"
        found = [each for each in self._backend.sessions.values() if (each.ended is not None) == ended]
        return ActionResult({"Sessions": [each.shown() for each in found]})

    @property
    def _backend(self) -> SandboxSSMBackend:
        return cast("SandboxSSMBackend", self.ssm_backend)


def _command(invocations: list[Invocation]) -> dict[str, Any]:
    first = invocations[0]
    return {
        "CommandId": first.command,
        "DocumentName": first.document,
        "Comment": first.comment,
        "Parameters": first.parameters,
        "InstanceIds": [each.instance for each in invocations],
        "Status": first.status if len({each.status for each in invocations}) == 1 else "InProgress",
        "StatusDetails": first.details,
        "TimeoutSeconds": first.delivery,
        "TargetCount": len(invocations),
        "CompletedCount": sum(each.over for each in invocations),
    }


def _listed(one: Invocation) -> dict[str, Any]:
    return {
        "CommandId": one.command,
        "InstanceId": one.instance,
        "Comment": one.comment,
        "DocumentName": one.document,
        "Status": one.status,
        "StatusDetails": one.details,
    }


def _shown(one: Invocation) -> dict[str, Any]:
    """Return what GetCommandInvocation tells: no output until the command has ended."""
    shown: dict[str, Any] = {
        **_listed(one),
        "PluginName": one.script.plugin,
        "ResponseCode": one.code,
        "ExecutionStartDateTime": _moment(one.started_stamp),
        "ExecutionEndDateTime": _moment(one.ended_stamp),
        "StandardOutputContent": one.stdout,
        "StandardOutputUrl": "",
        "StandardErrorContent": one.stderr,
        "StandardErrorUrl": "",
    }
    return shown


def _moment(stamp: float | None) -> str:
    if stamp is None:
        return ""
    return datetime.fromtimestamp(stamp, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
