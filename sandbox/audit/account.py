"""Makes in the emulator what a stack file names, and replaces in a copy what only exists in examples.

So that the real engine can plan the stack as declared: a plan refuses topics, zones and stores that are not there.
"""

from __future__ import annotations

import re
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3
import yaml

from infra import stackfile
from sandbox.control.session import State
from sandbox.errors import SandboxError

_PREFIX = "slipway:"
_NOBODYS = re.compile(r"(?:(?<=\.)|^)(example)(?:\.com|\.net|\.org|)$")
_GROUP = re.compile(r"^(sg|pl)-[0-9a-f]+")
_KEYS_OF_SECRETS = ("encryptionsalt", "secretsprovider", "encryptedkey")


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A stack file that can be planned, and the paths of the values in it that are encrypted."""

    stack: str
    region: str
    content: Mapping[str, Any]
    encrypted: tuple[str, ...]


def prepare(file: Path, stack: str, state: State) -> Planned:
    """Make what the stack file names. Returns it with the zone that was made, and without what is encrypted.

    Raises SandboxError if the file can't be read.
    """
    content = _read(file)
    config: dict[str, Any] = content["config"]
    region = str(config.get("aws:region") or "")
    if not region:
        raise SandboxError(f"{file.name} sets no aws:region")
    clients = _Clients(state, region)
    _balancer(config.get(f"{_PREFIX}loadBalancer") or {}, clients)
    _store(config.get(f"{_PREFIX}artifacts") or {}, clients)
    release = config.get(f"{_PREFIX}release") or {}
    for key in ("sha", "repository", "directory"):  # the audit's own, by environment variables
        release.pop(key, None)
    _logs(config.get(f"{_PREFIX}logs") or {}, clients)
    for fleet in (config.get(f"{_PREFIX}fleets") or {}).values():
        _fleet(fleet or {}, clients)
    encrypted = tuple(take_encrypted(config))
    kept = {key: value for key, value in content.items() if key not in _KEYS_OF_SECRETS}
    return Planned(stack=stack, region=region, content=kept, encrypted=encrypted)


def repository(folder: Path, content: Mapping[str, Any]) -> str:
    """Make a repository with an app that has every process that the fleets run. Returns the commit's SHA."""
    fleets = content["config"].get(f"{_PREFIX}fleets") or {}
    processes = sorted({str(fleet.get("process") or name) for name, fleet in fleets.items()})
    folder.mkdir(parents=True)
    (folder / "Procfile").write_text("".join(f"{process}: ./app\n" for process in processes))
    _git(folder, "init", "--quiet")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "an app")
    return _git(folder, "rev-parse", "HEAD")


def _git(folder: Path, *arguments: str) -> str:
    own = ["-c", "user.name=audit", "-c", "user.email=audit@example.invalid", "-c", "commit.gpgsign=false"]
    ran = subprocess.run(["git", *own, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SandboxError(f"git {arguments[0]}: {ran.stderr.strip()}")
    return ran.stdout.strip()


@dataclass(frozen=True)
class _Clients:
    state: State
    region: str

    def make(self, service: str) -> Any:  # noqa: ANN401  # boto3 has no common type of clients
        return boto3.client(
            cast("Any", service),
            endpoint_url=self.state.endpoint,
            region_name=self.region,
            aws_access_key_id=self.state.keys.access,
            aws_secret_access_key=self.state.keys.secret,
        )


def _balancer(settings: dict[str, Any], clients: _Clients) -> None:
    if settings.get("webAcl"):
        settings["webAcl"] = _web_acl(clients)
    domain = str(settings.get("domain") or "")
    if not domain:
        return
    settings["domain"] = domain = usable(domain)
    zone = clients.make("route53").create_hosted_zone(Name=domain, CallerReference=str(uuid.uuid4()))["HostedZone"][
        "Id"
    ]
    settings["hostedZone"] = str(zone).rpartition("/")[2]


def usable(domain: str) -> str:
    """Return the domain, with another ending if it is one of those that are reserved for examples (RFC 2606)."""
    return _NOBODYS.sub(r"\1.test", domain)


def _web_acl(clients: _Clients) -> str:
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "audit"}
    made = clients.make("wafv2").create_web_acl(
        Name=f"audit-{uuid.uuid4()}", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=seen
    )
    return str(made["Summary"]["ARN"])


def _logs(settings: dict[str, Any], clients: _Clients) -> None:
    if settings.get("kmsKey"):
        settings["kmsKey"] = clients.make("kms").create_key()["KeyMetadata"]["Arn"]


def _fleet(settings: dict[str, Any], clients: _Clients) -> None:
    alarms: dict[str, Any] = settings.get("alarms") or {}
    if alarms.get("notify"):
        sns, topics = clients.make("sns"), [str(topic).rpartition(":")[2] for topic in alarms["notify"]]
        alarms["notify"] = [sns.create_topic(Name=name)["TopicArn"] for name in topics]
    if settings.get("egress"):
        settings["egress"] = [
            _reachable(str(rule), clients) if _GROUP.match(str(rule)) else rule for rule in settings["egress"]
        ]


def _reachable(rule: str, clients: _Clients) -> str:
    """Return an egress rule to a security group, or a prefix list, that is there."""
    ec2, name = clients.make("ec2"), f"audit-{uuid.uuid4()}"
    if rule.startswith("sg-"):
        made = ec2.create_security_group(GroupName=name, Description="audit")["GroupId"]
    else:
        lists = ec2.create_managed_prefix_list(PrefixListName=name, MaxEntries=1, AddressFamily="IPv4")
        made = lists["PrefixList"]["PrefixListId"]
    return _GROUP.sub(str(made), rule)


def _store(settings: dict[str, Any], clients: _Clients) -> None:
    if bucket := settings.get("bucket"):
        where = {"CreateBucketConfiguration": {"LocationConstraint": clients.region}}
        clients.make("s3").create_bucket(Bucket=bucket, **({} if clients.region == "us-east-1" else where))


def take_encrypted(node: object, path: str = "") -> list[str]:
    """Take the encrypted values out of a tree, and return their paths as `pulumi config set --path` takes them."""
    if not isinstance(node, dict):
        return []
    held = cast("dict[str, object]", node)
    found: list[str] = []
    for key, inner in list(held.items()):
        here = f"{path}.{key}" if path else key
        if stackfile.is_secure(inner):
            del held[key]
            found.append(here)
        else:
            found += take_encrypted(inner, here)
    return found


def _read(file: Path) -> dict[str, Any]:
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SandboxError(f"{file.name} can't be read: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not isinstance(cast("dict[str, Any]", content).get("config"), dict):
        raise SandboxError(f"{file.name} has no config")
    return cast("dict[str, Any]", content)
