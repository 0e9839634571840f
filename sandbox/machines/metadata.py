"""Serve instance metadata below `/<instance-id>`, as all machines share one address.

There are IMDSv2 sessions, and IMDSv1 if the instance's metadata options make tokens optional. Source: EC2 user guide
("Access instance metadata", "Instance metadata categories", "Instance identity documents").
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from aiohttp import web

from sandbox.machines.instances import Instance
from sandbox.service import keys

TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"  # noqa: S105  # the name of a header
LONGEST_TTL = 21600
ACCOUNT = "123456789012"  # moto's
CREDENTIALS_LAST = timedelta(hours=6)

Clock = Callable[[], float]


@dataclass(frozen=True)
class _Session:
    instance: str
    until: float


class Metadata:
    """Answers for the instances in a mapping that the reconciler keeps up to date."""

    def __init__(self, instances: Callable[[], Mapping[str, Instance]], clock: Clock = time.monotonic) -> None:
        self._instances = instances
        self._clock = clock
        self._sessions: dict[str, _Session] = {}

    def add_to(self, app: web.Application) -> None:
        """Add routes for `/<instance-id>/...`."""
        app.router.add_put(r"/{id:i-[0-9a-f]+}/latest/api/token", self._token)
        app.router.add_get(r"/{id:i-[0-9a-f]+}/latest/{path:.*}", self._get)

    async def _token(self, request: web.Request) -> web.Response:
        instance = self._instance(request)
        if "X-Forwarded-For" in request.headers:
            raise web.HTTPForbidden
        ttl = request.headers.get(TTL, "")
        if not (ttl.isascii() and ttl.isdigit() and 1 <= int(ttl) <= LONGEST_TTL):
            raise web.HTTPBadRequest
        now = self._clock()
        self._sessions = {token: session for token, session in self._sessions.items() if session.until > now}
        token = secrets.token_urlsafe(40)
        self._sessions[token] = _Session(instance.id, now + int(ttl))
        return web.Response(text=token, headers={TTL: ttl})

    async def _get(self, request: web.Request) -> web.Response:
        instance = self._instance(request)
        self._authorize(request, instance)
        path = request.match_info["path"].rstrip("/")
        if path == "user-data":
            if not instance.user_data:
                raise web.HTTPNotFound
            return web.Response(body=instance.user_data, content_type="application/octet-stream")
        found = _look_up(_tree(instance), path)
        if found is None:
            raise web.HTTPNotFound
        return web.Response(text=found)

    def _instance(self, request: web.Request) -> Instance:
        instance = self._instances().get(request.match_info["id"])
        if instance is None:
            raise web.HTTPNotFound
        if instance.metadata_options.get("HttpEndpoint") == "disabled":
            raise web.HTTPForbidden
        return instance

    def _authorize(self, request: web.Request, instance: Instance) -> None:
        token = request.headers.get(TOKEN)
        if token is None:
            if instance.metadata_options.get("HttpTokens", "required") == "required":
                raise web.HTTPUnauthorized
            return
        session = self._sessions.get(token)
        if session is None or session.instance != instance.id or session.until <= self._clock():
            raise web.HTTPUnauthorized


def _look_up(tree: Mapping[str, str], path: str) -> str | None:
    """Return the value at a path, or a listing of what is below it; None if there is neither."""
    if path in tree:
        return tree[path]
    prefix = f"{path}/" if path else ""
    below = [key[len(prefix) :] for key in tree if key.startswith(prefix)]
    listing = dict.fromkeys(name if slash == "" else f"{name}/" for name, slash, _ in (b.partition("/") for b in below))
    return "\n".join(listing) or None


def _tree(instance: Instance) -> dict[str, str]:
    tree = {
        "meta-data/ami-id": instance.image_id,
        "meta-data/hostname": _hostname(instance),
        "meta-data/instance-id": instance.id,
        "meta-data/instance-life-cycle": instance.life_cycle,
        "meta-data/instance-type": instance.instance_type,
        "meta-data/local-hostname": _hostname(instance),
        "meta-data/local-ipv4": instance.private_ip,
        "meta-data/placement/availability-zone": instance.zone,
        "meta-data/placement/region": instance.region,
        "meta-data/services/domain": "amazonaws.com",
        "meta-data/services/partition": "aws",
        "dynamic/instance-identity/document": json.dumps(_identity(instance), indent=2),
    }
    if instance.target_lifecycle_state:
        tree["meta-data/autoscaling/target-lifecycle-state"] = instance.target_lifecycle_state
    if instance.role:
        tree["meta-data/iam/info"] = json.dumps({"Code": "Success", "InstanceProfileArn": _profile(instance.role)})
        tree[f"meta-data/iam/security-credentials/{instance.role}"] = json.dumps(_credentials(instance), indent=2)
    if instance.metadata_options.get("InstanceMetadataTags") == "enabled":
        tree.update({f"meta-data/tags/instance/{key}": value for key, value in instance.tags.items()})
    return tree


def _hostname(instance: Instance) -> str:
    return f"ip-{instance.private_ip.replace('.', '-')}.{instance.region}.compute.internal"


def _profile(role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:instance-profile/{role}"


def _credentials(instance: Instance) -> dict[str, str]:
    """Return a role's credentials as boto expects them. The emulator knows the instance, and so its role, by them."""
    own = keys.of_instance(instance.id, keys.of_session().secret)
    now = datetime.now(timezone.utc)
    return {
        "Code": "Success",
        "LastUpdated": _time(now),
        "Type": "AWS-HMAC",
        "AccessKeyId": own.access,
        "SecretAccessKey": own.secret,
        "Token": own.token,
        "Expiration": _time(now + CREDENTIALS_LAST),
    }


def _identity(instance: Instance) -> dict[str, str | None]:
    return {
        "accountId": ACCOUNT,
        "architecture": "x86_64",
        "availabilityZone": instance.zone,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "privateIp": instance.private_ip,
        "region": instance.region,
        "version": "2017-09-30",
    }


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
