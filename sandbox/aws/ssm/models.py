"""Systems Manager's backend: commands run on the machines behind instances."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from moto.core.exceptions import ServiceException
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.ssm.exceptions import InvalidDocument
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends

from sandbox.aws.ssm import agents, documents
from sandbox.aws.ssm.invocations import Invocation
from sandbox.aws.ssm.sessions import Session, session_id
from sandbox.aws.state import clock, state

_DELIVERY = 3600
"""Seconds that an agent has to take a command, unless the call says."""
_KEPT = 1000
"""Invocations that are kept; AWS keeps them for 30 days."""


class SSMError(ServiceException):
    """An error of Systems Manager's, by its code."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code, message)


class SandboxSSMBackend(SimpleSystemManagerBackend):
    """moto's, with commands that an agent runs; moto's succeed at once, with nothing run."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.invocations: dict[tuple[str, str], Invocation] = {}
        self.sessions: dict[str, Session] = {}

    def send(self, asked: Mapping[str, Any]) -> list[Invocation]:
        """SendCommand, to instances that are named by their ids."""
        ids = [str(each) for each in asked.get("InstanceIds") or []]
        if not ids or asked.get("Targets"):
            raise SSMError("InvalidInstanceId", "the sandbox sends commands to instances that are named (InstanceIds)")
        if len(set(ids)) != len(ids):
            raise SSMError("DuplicateInstanceId")
        delivery = int(asked.get("TimeoutSeconds") or _DELIVERY)
        name = str(asked.get("DocumentName", "")).rpartition("document/")[2]
        content = self._content(name, "Command")
        parameters = {key: [str(v) for v in value] for key, value in (asked.get("Parameters") or {}).items()}
        try:
            script = documents.script(content, parameters)
        except documents.DocumentError as problem:
            raise SSMError("InvalidParameters", str(problem)) from None
        known = agents.speaking(self.region_name)
        if missing := [id_ for id_ in ids if id_ not in known]:
            said = f"Instances [[{', '.join(missing)}]] not in a valid state for account {self.account_id}"
            raise SSMError("InvalidInstanceId", said)
        command = str(uuid.uuid4())
        made = [
            Invocation(
                command=command,
                instance=id_,
                document=name,
                comment=str(asked.get("Comment") or ""),
                script=script,
                delivery=delivery,
                sent=clock(),
                parameters=parameters,
            )
            for id_ in ids
        ]
        self.invocations.update({(command, each.instance): each for each in made})
        for old in list(self.invocations)[:-_KEPT]:
            del self.invocations[old]
        state.wake()
        return made

    def start_session(self, asked: Mapping[str, Any], owner: str) -> Session:
        """StartSession, by a document of one's own."""
        target = str(asked["Target"])
        name = str(asked.get("DocumentName") or "SSM-SessionManagerRunShell").rpartition("document/")[2]
        content = self._content(name, "Session")
        try:
            commands = documents.terminal(content, asked.get("Parameters") or {})
        except documents.DocumentError as problem:
            raise SSMError("InvalidParameters", str(problem)) from None
        if target not in agents.attended(self.region_name):
            raise SSMError("TargetNotConnected", f"{target} is not connected.")
        reason = str(asked.get("Reason") or "")
        made = Session(
            id=session_id(owner),
            region=self.region_name,
            target=target,
            document=name,
            owner=owner,
            reason=reason,
            commands=commands,
        )
        self.sessions[made.id] = made
        return made

    def session(self, id_: str) -> Session:
        """Return a session. Raises SSMError if there never was one."""
        if id_ not in self.sessions:
            raise SSMError("DoesNotExistException", f"Session {id_} does not exist.")
        return self.sessions[id_]

    def _content(self, name: str, kind: str) -> Mapping[str, Any]:
        if kind == "Command" and name in documents.OWNED_BY_AWS:
            return documents.OWNED_BY_AWS[name]
        if name not in self._documents:
            raise InvalidDocument(f"Document with name {name} does not exist.")
        found = self._documents[name].get_default_version()
        if found.document_type != kind:
            raise InvalidDocument(f"Document {name} is not of type {kind}.")
        return cast("Mapping[str, Any]", json.loads(json.dumps(found.content_json)))

    def of_command(self, command: str) -> list[Invocation]:
        """Return a command's invocations, as they are now. Raises SSMError if there is no such command."""
        found = [each for (id_, _), each in self.invocations.items() if id_ == command]
        if not found:
            raise SSMError("InvalidCommandId")
        for each in found:
            each.pass_time(clock(), time.time())
        return found

    def invocation(self, command: str, instance: str) -> Invocation:
        """GetCommandInvocation. Raises SSMError, also for one that was sent just now."""
        found = self.invocations.get((command, instance))
        if found is None or not found.seen(clock()):
            raise SSMError("InvocationDoesNotExist")
        found.pass_time(clock(), time.time())
        return found

    def cancel(self, command: str, instances: Sequence[str]) -> None:
        """CancelCommand, on all of its instances if none is named."""
        for each in self.of_command(command):
            if not instances or each.instance in instances:
                each.cancel(time.time())
        state.wake()

    def unfinished(self) -> Iterator[Invocation]:
        """Yield what agents have to run, to go on with, or to stop."""
        for each in self.invocations.values():
            each.pass_time(clock(), time.time())
            if not each.over:
                yield each


def sandbox_ssm(region: str) -> SandboxSSMBackend:
    """Return the backend of a region."""
    return cast("SandboxSSMBackend", ssm_backends[ACCOUNT][region])


def all_ssm() -> list[SandboxSSMBackend]:
    """Return the backends of all regions in use."""
    return [cast("SandboxSSMBackend", backend) for backend in ssm_backends[ACCOUNT].values()]
