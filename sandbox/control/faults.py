"""Break a part of the running sandbox on purpose: `python -m sandbox fault`."""

from __future__ import annotations

import argparse
import functools
import json
import re
from typing import TYPE_CHECKING, Any, cast

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.control import git_shim, outages
from sandbox.control.asking import Declare, ask, post, running
from sandbox.control.session import State
from sandbox.errors import SandboxError
from sandbox.paths import SANDBOX

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


def add(declare: Declare) -> None:
    """Declare `fault` and its kinds."""
    parser = declare("fault", help="break something on purpose; `fault clear` ends it")
    kinds = parser.add_subparsers(required=True, metavar="FAULT", dest="fault")
    instance = kinds.add_parser("instance", help="kill an instance's machine, as if its host had failed")
    reboot = kinds.add_parser("reboot", help="reboot an instance (EC2's RebootInstances), as for a patch")
    for kind in (instance, reboot):
        kind.add_argument("id", nargs="?", help="the instance's id (default: the oldest one)")
    zone = kinds.add_parser("zone", help="fail a zone: its instances die, and no new one starts there until `clear`")
    zone.add_argument("zone", help="for example eu-west-1a")
    kinds.add_parser("no-capacity", help="let no instance be launched until `clear`")
    outages.add(kinds.add_parser, functools.partial(_number, highest=86400))
    git = kinds.add_parser("git", help="let the git host be unreachable for the sandbox's tools")
    git.add_argument("--end", action="store_true", help="end this fault")
    _add_faults_of_calls(kinds.add_parser)
    kinds.add_parser("clear", help="end all faults; instances that were killed stay dead")
    parser.set_defaults(run=_run)


def _add_faults_of_calls(declare: Declare) -> None:
    numbers = {
        "throttle": ("answer this share of all AWS calls with a throttling error", "rate", 1),
        "reset": ("drop the connection of this share of all AWS calls", "rate", 1),
        "lose": ("carry out this share of all AWS calls, but lose the answer", "rate", 1),
        "latency": ("answer each AWS call this much later", "seconds", 60),
        "clock": ("set AWS's clock ahead; above 900 s it refuses all calls", "seconds", 86400),
    }
    kinds: list[argparse.ArgumentParser] = []
    for name, (text, unit, highest) in numbers.items():
        kinds.append(declare(name, help=text))
        kinds[-1].add_argument(
            "value", metavar=unit, type=functools.partial(_number, highest=highest), help=f"from 0 to {highest}"
        )
    kinds.append(declare("expired", help="refuse all credentials as expired"))
    kinds[-1].set_defaults(value=True)
    kinds.append(declare("deny", help="refuse access to the S3 objects whose key begins with a prefix"))
    kinds[-1].add_argument("value", metavar="prefix", type=lambda text: [text], help="for example releases/")
    for kind in kinds:
        kind.add_argument("--only", choices=["instances", "others"], default="", help="whose calls (default: all)")


def _number(text: str, *, highest: int) -> float:
    if not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?|\.[0-9]{1,20}", text) or float(text) > highest:
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a number from 0 to {highest}")
    return float(text)


def _run(options: argparse.Namespace) -> int:
    state = running(SANDBOX)
    if options.fault == "instance":
        print(f"killed {_kill(state, options.id or _oldest(state))}")
    elif options.fault == "reboot":
        print(f"rebooting {reboot(state, options.id or _oldest(state))}")
    elif options.fault == "zone":
        print(f"{options.zone} has failed: {', '.join(lose_zone(state, options.zone)) or 'no instance was in it'}")
    elif options.fault == "git":
        git_shim.set_dark(SANDBOX, not options.end)
        print(f"the git host {'answers again' if options.end else 'is dark'}")
    elif options.fault == "clear":
        print(json.dumps(clear(state)))
    else:
        print(json.dumps(post(state, "aws", "/_sandbox/faults", _wanted(state, options))))
    return 0


def active(state: State) -> dict[str, Any]:
    """Return the faults that are on, by name."""
    try:
        status, found = ask(state, "aws", "GET", "/_sandbox/faults")
    except SandboxError:  # it is busy, or about to end
        status, found = 503, {}
    shown = found.items() if status == 200 else ()
    on = {name: ", ".join(value) if isinstance(value, list) else value for name, value in shown if value}
    return {**on, **({"git": True} if git_shim.is_dark(SANDBOX) else {})}


def clear(state: State) -> dict[str, Any]:
    """End all faults, and return those that are left: none. Raises SandboxError if the sandbox does not answer."""
    git_shim.set_dark(SANDBOX, False)
    return post(state, "aws", "/_sandbox/faults", {})


def _wanted(state: State, options: argparse.Namespace) -> dict[str, Any]:
    """Return the body of `POST /_sandbox/faults`."""
    if options.fault in outages.KINDS:
        return outages.wanted(options, ask(state, "aws", "GET", "/_sandbox/faults")[1])
    if options.fault == "no-capacity":
        return {"no_capacity": True}
    return {"only": options.only, options.fault: options.value}


def lose_zone(state: State, zone: str) -> list[str]:
    """Fail a zone and return the ids of the instances that were in it. Raises SandboxError if it cannot be a zone."""
    if not re.fullmatch(r"[a-z]+-[a-z-]+-\d[a-z]", zone):
        known = {instance["zone"] for instance in _instances(state)}
        raise SandboxError(f"{zone!r} is not the name of a zone; there are instances in {', '.join(sorted(known))}")
    post(state, "aws", "/_sandbox/faults", {"lost_zones": [zone]})
    return [_kill(state, instance["id"]) for instance in _instances(state) if instance["zone"] == zone]


def _oldest(state: State) -> str:
    running = _instances(state)
    if not running:
        raise SandboxError("no instance runs; `make up` deploys some")
    return running[0]["id"]


def _instances(state: State) -> list[dict[str, Any]]:
    listed = ask(state, "aws", "GET", "/_sandbox/instances?wait=0")[1]["instances"]
    return [instance for instance in listed if instance["state"] in ("pending", "running")]


def _kill(state: State, instance: str) -> str:
    if not re.fullmatch(r"i-[0-9a-f]{1,32}", instance):
        raise SandboxError(f"{instance[:100]!r} is not an instance's id, such as i-0123456789abcdef0")
    status, _ = ask(state, "machines", "POST", f"/machines/{instance}/kill")
    if status != 200:
        raise _no_instance(state, instance)
    return instance


def reboot(state: State, instance: str) -> str:
    """Have EC2 reboot an instance, and return its id. Raises SandboxError if it does not run."""
    region = next((found["region"] for found in _instances(state) if found["id"] == instance), None)
    if region is None:
        raise _no_instance(state, instance)
    try:
        _ec2(state, region).reboot_instances(InstanceIds=[instance])
    except (BotoCoreError, ClientError) as problem:
        raise SandboxError(f"EC2 does not reboot {instance}: {problem}") from None
    return instance


def _ec2(state: State, region: str) -> EC2Client:
    """Return a client for EC2 with the session's keys, whatever profile or proxy the user has set."""
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
    return SandboxError(f"no instance {instance} runs; running instances: {running or 'none'}")
