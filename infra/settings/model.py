"""The settings as typed values. Durations are whole seconds, percentages 0 to 100, volumes GiB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from infra.settings.egress import Egress

Nat = Literal["none", "single", "per-az"]


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    cidr: str
    zones: int | tuple[str, ...]
    """How many zones (the first ones of the region), or exactly which, by letter."""
    nat: Nat
    flow_logs: bool


@dataclass(frozen=True, kw_only=True)
class LoadBalancerSettings:
    """Exactly one of `domain`, `certificate` and `http` says how clients reach the balancer."""

    domain: str | None
    hosted_zone: str | None
    certificate: str | None
    http: bool
    access_logs: bool
    access_logs_bucket: str | None
    """An existing bucket that takes the access logs, instead of one of the stack's own."""
    deletion_protection: bool
    idle_timeout: int
    """Seconds; connections to the instances are kept as long, so an app must keep them for longer."""


@dataclass(frozen=True, kw_only=True)
class ObjectLockSettings:
    mode: str
    """`governance`, which an administrator can lift, or `compliance`, which nobody can."""
    days: int


@dataclass(frozen=True, kw_only=True)
class ArtifactsSettings:
    bucket: str | None
    destroy: bool
    publishers: tuple[str, ...] = ()
    """ARNs of those who may write releases; none: whoever IAM lets."""
    deployers: tuple[str, ...] = ()
    """ARNs of those who may write the ledger; none: whoever IAM lets."""
    object_lock: ObjectLockSettings | None = None


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    command: str
    timeout: int
    trusted: bool = False
    """Whether it may see what whoever deploys has on the machine, credentials among it."""


@dataclass(frozen=True, kw_only=True)
class ReleaseSettings:
    sha: str | None
    """Any ref that git knows, or None: the store decides."""
    repository: str | None
    directory: str | None
    """The subdirectory to deploy; "" is the whole tree, None what the release was published from, else the tree."""
    build: BuildSettings | None
    supersede: bool = False
    """Whether a rollout of something else that is under way is undone, instead of refused."""


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    name: str
    owner: str


@dataclass(frozen=True, kw_only=True)
class SizeSettings:
    min: int
    max: int


@dataclass(frozen=True, kw_only=True)
class HealthSettings:
    path: str
    codes: str
    """The statuses that are healthy, as in ELBv2's Matcher: `200`, `200,301` or `200-399`."""
    interval: int
    timeout: int
    healthy_threshold: int
    unhealthy_threshold: int

    @property
    def grace(self) -> int:
        """Seconds until the balancer has made up its mind about a new target, whichever way."""
        return self.interval * max(self.healthy_threshold, self.unhealthy_threshold) + self.timeout


@dataclass(frozen=True, kw_only=True)
class RouteSettings:
    paths: tuple[str, ...]
    hosts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ScalingSettings:
    """What target tracking holds: exactly one of the two is set."""

    cpu: int | None
    requests_per_target: int | None
    """Requests a minute for each instance, as ALBRequestCountPerTarget counts them."""


@dataclass(frozen=True, kw_only=True)
class RolloutSettings:
    min_healthy_percentage: int
    max_healthy_percentage: int
    warmup: int
    bake: int
    """Seconds; 0 waits for no alarm once all instances are replaced."""
    timeout: int
    checkpoints: tuple[int, ...]
    checkpoint_delay: int
    alarm_wait: int
    """Seconds that alarms which are on before a rollout have to clear."""


@dataclass(frozen=True, kw_only=True)
class AlarmSettings:
    error_rate: float
    """Percent of a minute's requests that the fleet answers with a 5xx."""
    unhealthy_hosts: bool
    latency: float | None
    """Seconds that the 99th percentile of the response time may take."""
    notify: tuple[str, ...]
    """ARNs of the SNS topics that hear of an alarm and of its end."""


@dataclass(frozen=True, kw_only=True)
class FleetSettings:
    name: str
    process: str
    command: str | None
    packages: tuple[str, ...]
    """What is installed from the image's repositories before the app starts."""
    instance_types: tuple[str, ...]
    size: SizeSettings
    port: int
    health: HealthSettings
    routes: RouteSettings
    scaling: ScalingSettings
    drain: int
    volume_size: int
    volume_key: str | None
    """ARN of the KMS key of the volumes; None for the account's default."""
    egress: tuple[Egress, ...]
    environment: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    boot_timeout: int
    rollout: RolloutSettings
    alarms: AlarmSettings


@dataclass(frozen=True, kw_only=True)
class Settings:
    stack: str
    region: str
    network: NetworkSettings
    load_balancer: LoadBalancerSettings
    artifacts: ArtifactsSettings
    release: ReleaseSettings
    image: ImageSettings
    fleets: Mapping[str, FleetSettings]
