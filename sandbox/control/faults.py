"""`python -m sandbox fault`: breaks something of the running sandbox, on purpose."""

from __future__ import annotations

import argparse
import http.client
import json
import re
from typing import Any, Protocol, cast

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.control import session
from sandbox.control.session import State
from sandbox.errors import SandboxError
from sandbox.paths import SANDBOX
from sandbox.ports import LOOPBACK
from sandbox.service import keys

PATIENCE = 30.0  # seconds; killing a machine takes a few


class Declare(Protocol):
    """`add_parser` of the commands."""

    def __call__(self, name: str, *, help: str) -> argparse.ArgumentParser: ...


def add(declare: Declare) -> None:
    """Declares `fault` and what there is to break."""
    parser = declare("fault", help="break something on purpose; `fault clear` ends it")
    kinds = parser.add_subparsers(required=True, metavar="FAULT", dest="fault")
    instance = kinds.add_parser("instance", help="kill an instance's machine, as when its host fails")
    instance.add_argument("id", nargs="?", help="which (default: the one that has run the longest)")
    reboot = kinds.add_parser("reboot", help="reboot an instance (EC2's RebootInstances), as a patch would")
    reboot.add_argument("id", nargs="?", help="which (default: the one that has run the longest)")
    zone = kinds.add_parser("zone", help="lose a zone: its instances die, and no new one starts there until `clear`")
    zone.add_argument("zone", help="such as eu-west-1a")
    kinds.add_parser("no-capacity", help="no instance can be launched until `clear`")
    throttle = kinds.add_parser("throttle", help="AWS answers this share of all calls with its throttling error")
    throttle.add_argument("rate", type=_rate, help="from 0 to 1")
    latency = kinds.add_parser("latency", help="AWS answers each call this much later")
    latency.add_argument("seconds", type=_seconds, help="from 0 to 60")
    reset = kinds.add_parser("reset", help="AWS drops the connection on this share of all calls")
    reset.add_argument("rate", type=_rate, help="from 0 to 1")
    lose = kinds.add_parser("lose", help="AWS does this share of all calls, and the answer is lost on its way")
    lose.add_argument("rate", type=_rate, help="from 0 to 1")
    expired = kinds.add_parser("expired", help="AWS refuses all credentials as expired")
    clock = kinds.add_parser("clock", help="AWS's clock differs from this machine's; above 900 s it refuses all calls")
    clock.add_argument("seconds", type=_seconds_off, help="from 0 to 86400: how far it is ahead")
    deny = kinds.add_parser("deny", help="nobody may get S3 objects whose key begins with this")
    deny.add_argument("prefix", help="such as releases/")
    for kind in (throttle, latency, reset, lose, expired, clock, deny):
        kind.add_argument("--only", choices=["instances", "others"], default="", help="whose calls (default: all)")
    kinds.add_parser("clear", help="end all faults; what was killed stays dead")
    parser.set_defaults(run=_run)


def _rate(text: str) -> float:
    return _number(text, 1)


def _seconds(text: str) -> float:
    return _number(text, 60)


def _seconds_off(text: str) -> float:
    return _number(text, 86400)


def _number(text: str, highest: int) -> float:
    if not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?|\.[0-9]{1,20}", text) or float(text) > highest:
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a number from 0 to {highest}")
    return float(text)


def _run(options: argparse.Namespace) -> int:
    state = session.load(SANDBOX)
    trouble = session.trouble(state) if state else "no sandbox runs here"
    if state is None or (trouble and "does not answer" not in trouble):
        raise SandboxError(f"{trouble}; `make up` starts one")
    if options.fault == "instance":
        print(f"killed {_kill(state, options.id or _oldest(state))}")
    elif options.fault == "reboot":
        print(f"rebooting {reboot(state, options.id or _oldest(state))}")
    elif options.fault == "zone":
        print(f"lost {options.zone}: {', '.join(lose_zone(state, options.zone)) or 'no instance was there'}")
    else:
        print(json.dumps(_post(state, "aws", "/_sandbox/faults", _wanted(options))))
    return 0


def _wanted(options: argparse.Namespace) -> dict[str, Any]:
    if options.fault == "clear":
        return {}
    if options.fault == "no-capacity":
        return {"no_capacity": True}
    return {"only": options.only, **_request_fault(options)}


def _request_fault(options: argparse.Namespace) -> dict[str, Any]:
    if options.fault == "expired":
        return {"expired": True}
    if options.fault in ("latency", "clock"):
        return {options.fault: options.seconds}
    if options.fault == "deny":
        return {"deny": [options.prefix]}
    return {options.fault: options.rate}


def lose_zone(state: State, zone: str) -> list[str]:
    """Ends a zone and returns the ids of the instances that were there. Raises SandboxError where there is no such."""
    known = {instance["zone"] for instance in _instances(state)}
    if not re.fullmatch(r"[a-z]+-[a-z-]+-\d[a-z]", zone):
        raise SandboxError(f"{zone!r} is not the name of a zone; there are instances in {', '.join(sorted(known))}")
    _post(state, "aws", "/_sandbox/faults", {"lost_zones": [zone]})
    return [_kill(state, instance["id"]) for instance in _instances(state) if instance["zone"] == zone]


def _oldest(state: State) -> str:
    running = _instances(state)
    if not running:
        raise SandboxError("no instance runs; `make up` deploys some")
    return running[0]["id"]


def _instances(state: State) -> list[dict[str, Any]]:
    listed = _ask(state, "aws", "GET", "/_sandbox/instances?wait=0")[1]["instances"]
    return [instance for instance in listed if instance["state"] in ("pending", "running")]


def _kill(state: State, instance: str) -> str:
    if not re.fullmatch(r"i-[0-9a-f]{1,32}", instance):
        raise SandboxError(f"{instance[:100]!r} is not the id of an instance, such as i-0123456789abcdef0")
    status, _ = _ask(state, "machines", "POST", f"/machines/{instance}/kill")
    if status != 200:
        raise _no_instance(state, instance)
    return instance


def reboot(state: State, instance: str) -> str:
    """Has EC2 reboot an instance and returns its id. Raises SandboxError where it does not run."""
    region = next((found["region"] for found in _instances(state) if found["id"] == instance), None)
    if region is None:
        raise _no_instance(state, instance)
    try:
        _ec2(state, region).reboot_instances(InstanceIds=[instance])
    except (BotoCoreError, ClientError) as problem:
        raise SandboxError(f"EC2 does not reboot {instance}: {problem}") from None
    return instance


def _ec2(state: State, region: str) -> Any:  # noqa: ANN401 - a boto3 client: its methods are made at run time
    """EC2 with the keys of the session: neither a profile nor a proxy of the user's has a say in it."""
    away = botocore.session.Session({"profile": (None, None, None, None)})
    return cast("Any", boto3.Session(botocore_session=away)).client(
        "ec2",
        region_name=region,
        endpoint_url=state.endpoint,
        aws_access_key_id=state.keys.access,
        aws_secret_access_key=state.keys.secret,
        config=Config(proxies={}),
    )


def _no_instance(state: State, instance: str) -> SandboxError:
    running = ", ".join(found["id"] for found in _instances(state))
    return SandboxError(f"no instance {instance} runs; there are {running or 'none'}")


def _post(state: State, process: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    status, answer = _ask(state, process, "POST", path, body)
    if status != 200:
        raise SandboxError(f"the {process} process refused it: {answer.get('error', status)}")
    return answer


def _ask(
    state: State, process: str, method: str, path: str, body: dict[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    port = state.children[process].port or state.ports[process]
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
    headers = {"Content-Type": "application/json", **keys.bearer(state.keys)}
    try:
        connection.request(method, path, json.dumps(body or {}), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise SandboxError(f"the {process} process does not answer on port {port}: {problem}") from None
    finally:
        connection.close()
