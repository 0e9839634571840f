"""The settings of a fleet: each one's name, type, default, limits and meaning. See stack.py."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, StrictBool, model_validator

from infra.settings import variables
from infra.settings.capacity import CapacitySettings
from infra.settings.egress import HTTPS, RULE, Egress
from infra.settings.instances import TYPE
from infra.settings.kinds import Kind, Otherwise, items, number, text, whole, wrong_type, wrong_value
from infra.settings.schedule import ENTRY, SizeAtSettings
from infra.settings.section import Section
from release import defaults
from release.rollout import duration
from release.rollout.distribution import Distribution

INSTANCE_TYPE = text(TYPE, "an instance type such as t3.small")
HEALTH_PATH = text(r"/[!-~]{0,1023}", "a path that begins with /")
KMS_KEY = text(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/[A-Za-z0-9-]{1,256}|alias/[A-Za-z0-9/_-]{1,256})",
    "the ARN of a KMS key or alias (arn:aws:kms:REGION:ACCOUNT:key/ID)",
)
PACKAGE = text(
    r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", "the name of a package of the image's repositories, such as nodejs22"
)
PROCESS = text(r"[A-Za-z0-9_-]{1,63}", "a process name of a Procfile (letters, digits, _ and -)")
ROUTE_HOST = text(r"(?=.{1,128}$)[A-Za-z0-9*?-]+(\.[A-Za-z0-9*?-]+)+", "a host pattern such as *.example.com")
ROUTE_PATH = text(r"""[/*][A-Za-z0-9_.$/~"'@:+&*?-]{0,127}""", "a path pattern such as /api/* (up to 128 characters)")
METRIC = text(r"[ -9;-~]{1,255}", "printable characters without a colon (up to 255)")
METRIC_VALUE = text(r"[ -~]{1,1024}", "printable characters (up to 1024)")
TOPIC = text(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}", "the ARN of an SNS topic")

WAIT_LIMIT = 172_800
"""Seconds; the longest bake time and checkpoint delay of an instance refresh, by the API."""


def _read_codes(value: object) -> str:
    """Return statuses as an Application Load Balancer takes them, 200 to 499 (Elastic Load Balancing API, Matcher)."""
    wanted = 'must be statuses from 200 to 499, such as "200", "200,301" or "200-399"'
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # 200 can be meant in one way only
    if not isinstance(value, str):
        raise wrong_type(wanted)
    ranges = [part.split("-") for part in value.split(",")] if re.fullmatch(_CODES, value) else []
    if not ranges or not all(200 <= int(low_high[0]) <= int(low_high[-1]) <= 499 for low_high in ranges):
        raise wrong_value(wanted)
    return value


_CODES = r"[2-4][0-9]{2}(-[2-4][0-9]{2})?(,[2-4][0-9]{2}(-[2-4][0-9]{2})?){0,19}"
CODES = Kind("statuses from 200 to 499", {"type": ["string", "integer"], "pattern": f"^{_CODES}$"}, _read_codes)


class SizeSettings(Section):
    """How many instances the fleet has."""

    min: Annotated[int, whole(0, 10_000)] = 3
    """The fewest instances that the fleet scales in to."""
    max: Annotated[int, whole(0, 10_000), Otherwise("9, or `min` where that is more")] = Field(
        default_factory=lambda given: max(9, given["min"])
    )
    """The most instances that the fleet scales out to."""


class HealthSettings(Section):
    """How the balancer, and each instance at boot, checks that the app works; with `routes: none`, each instance."""

    command: Annotated[str | None, text(), Otherwise("the process has to stay up, and nothing else")] = None
    """With `routes: none`: the command that ends with 0 as long as the app works; each instance runs it as the app."""
    path: Annotated[str, HEALTH_PATH] = "/healthz"
    """The path that is requested."""
    codes: Annotated[str, CODES] = "200"
    """The statuses that count as healthy, such as `"200,301"` or `"200-399"`."""
    interval: Annotated[int, whole(5, 300, "seconds")] = 10
    """How long it is waited between two checks of an instance."""
    timeout: Annotated[int, whole(2, 120, "seconds")] = 5
    """How long a check waits for the answer, or the end of the command; less than `interval`."""
    healthy_threshold: Annotated[int, whole(2, 10)] = 2
    """How many checks in a row have to succeed until an instance counts as healthy."""
    unhealthy_threshold: Annotated[int, whole(2, 10)] = 2
    """How many checks in a row have to fail until an instance counts as unhealthy, and is replaced."""

    @property
    def grace(self) -> int:
        """Seconds until the balancer has judged a new target, whichever way."""
        return self.interval * max(self.healthy_threshold, self.unhealthy_threshold) + self.timeout


class RouteSettings(Section):
    """Which requests reach the fleet: at most 100 routes in a stack, and 64 that are equally specific. `routes: none`,
    in the place of the mapping, declares [workers](deploy-day.md#workers): no request reaches them."""

    words: ClassVar[tuple[str, ...]] = ("none",)

    paths: Annotated[tuple[str, ...], items(ROUTE_PATH, "path patterns", least=1)] = ("/*",)
    """The paths that the fleet takes; `/*` takes everything, on the hosts if there are any."""
    hosts: Annotated[
        tuple[str, ...], items(ROUTE_HOST, "host patterns (a rule has 5 values, one is the path)", most=4)
    ] = ()
    """The hosts on which it takes them; an empty list means all hosts."""

    @model_validator(mode="wrap")
    @classmethod
    def _nowhere(cls, given: object, read: ModelWrapValidatorHandler[RouteSettings]) -> RouteSettings:
        if given == "none":
            return cls.model_construct(paths=(), hosts=())
        if isinstance(given, str):
            raise wrong_type("must be a mapping of settings, or none")
        return read(given)


class ScalingSettings(Section):
    """What target tracking holds: `requestsPerTarget` or `cpu`; and sizes at certain times."""

    requests_per_target: Annotated[int | None, whole(1, 1_000_000, "requests a minute")] = None
    """The number of requests a minute for each instance, as ALBRequestCountPerTarget counts them."""
    cpu: Annotated[int | None, whole(1, 100, "percent"), Otherwise("60, without `requestsPerTarget`")] = Field(
        default_factory=lambda given: None if given.get("requests_per_target") else 60
    )
    """The average CPU utilization of the fleet."""
    schedule: dict[Annotated[str, ENTRY], SizeAtSettings] = Field(default_factory=dict)
    """Sizes at certain times, by name; `size` is what the fleet is made with."""


class VolumeSettings(Section):
    """The root volume of each instance."""

    size: Annotated[int, whole(8, 16_384, "GiB")] = 16
    """The size of the volume."""
    kms_key: Annotated[str | None, KMS_KEY, Otherwise("the account's default key")] = None
    """The KMS key that encrypts the volume; [its policy](deploying.md#volumes-with-a-key-of-your-own)."""


class RolloutSettings(Section):
    """How a release replaces the one before it."""

    min_healthy_percentage: Annotated[int, whole(0, 100, "percent")] = defaults.MIN_HEALTHY
    """The share of the fleet that has to stay in service."""
    max_healthy_percentage: Annotated[int, whole(100, 200, "percent")] = defaults.MAX_HEALTHY
    """How far the fleet may grow meanwhile, as a share of its size; at most `minHealthyPercentage` + 100."""
    warmup: Annotated[int, whole(0, 3600, "seconds")] = 30
    """How long a new instance has to be in service until the next ones are replaced."""
    bake: Annotated[int, whole(0, WAIT_LIMIT, "seconds")] = 240
    """How long the alarms are watched after the last instance; 0, or at least as long as the slowest alarm takes."""
    timeout: Annotated[int, whole(60, WAIT_LIMIT, "seconds"), Otherwise("what the fleet needs, at least `1800`")] = 0
    """When a rollout that has not ended is rolled back."""
    checkpoints: Annotated[tuple[int, ...], items(whole(1, 100), "percentages")] = ()
    """The percentages of new instances at which the rollout pauses, in ascending order; the last one is 100."""
    checkpoint_delay: Annotated[int, whole(0, WAIT_LIMIT, "seconds")] = 60
    """How long the rollout pauses at each checkpoint."""
    alarm_wait: Annotated[int, whole(0, 3600, "seconds")] = 180
    """How long to wait for alarms to return to OK before starting."""


class MetricSettings(Section):
    """A metric of your own that ends a rollout too: failed jobs, the depth of a dead-letter queue."""

    namespace: Annotated[str, METRIC]
    """The metric's namespace, such as `AWS/SQS`."""
    name: Annotated[str, METRIC]
    """The metric's name, such as `ApproximateNumberOfMessagesVisible`."""
    dimensions: dict[Annotated[str, METRIC], Annotated[str, METRIC_VALUE]] = Field(default_factory=dict)
    """Its dimensions, all of them: `{QueueName: shop-dead}`."""
    statistic: Literal["Sum", "Average", "Maximum", "Minimum", "SampleCount"] = "Sum"
    """What is compared of a minute's values."""
    threshold: Annotated[float, number(-1e15, 1e15, "")]
    """The number that it is compared with."""
    comparison: Literal[">", ">=", "<", "<="] = ">"
    """How it is compared: `>` fires when the metric is above the threshold."""


class AlarmSettings(Section):
    """What ends a rollout, and is reported at any time."""

    error_rate: Annotated[float, number(0, 100, "percent")] = 5.0
    """The share of a minute's requests that end in a 5xx, from the targets or from the balancer in their stead."""
    unhealthy_hosts: StrictBool = True
    """Whether unhealthy instances raise an alarm."""
    latency: Annotated[float | None, number(0.001, 4000, "seconds"), Otherwise("no such alarm")] = None
    """The response time that 99 percent of the requests must not exceed."""
    restarts: Annotated[int | None, whole(0, 1000), Otherwise("5 with `routes: none`, else no such alarm")] = None
    """With `routes: none`: how often the process may end and be started again within three minutes, on all instances
    together; 0 for no such alarm."""
    metric: MetricSettings | None = None
    notify: Annotated[tuple[str, ...], items(TOPIC, "topics", most=5)] = ()
    """The ARNs of the SNS topics to notify; existing ones in the stack's region."""


class FleetSettings(Section):
    """A fleet: the instances that run one process of the app."""

    process: Annotated[str, PROCESS, Otherwise("the fleet's name")] = ""
    """The line of the Procfile that the fleet runs."""
    command: Annotated[str | None, text(), Otherwise("that line's command")] = None
    """The command that the fleet runs instead."""
    packages: Annotated[tuple[str, ...], items(PACKAGE, "package names")] = ()
    """The packages to install with dnf at boot: `["nodejs22"]`; the image alone has bash and python3 (3.9, no pip)."""
    instance_types: Annotated[tuple[str, ...], items(INSTANCE_TYPE, "instance types", least=1)] = ("t3.small",)
    """The instance types to launch, in order of preference; all of the image's architecture."""
    size: SizeSettings = SizeSettings()
    capacity: CapacitySettings | None = None
    port: Annotated[int, whole(1024, 65535)] = 8080
    """The TCP port that the app must listen on; the app finds it in `$PORT`."""
    health: HealthSettings = HealthSettings()
    routes: RouteSettings = RouteSettings()
    scaling: ScalingSettings = ScalingSettings()
    drain: Annotated[int, whole(0, 3600, "seconds")] = defaults.DRAIN
    """How long requests in flight may take when an instance is removed; with `routes: none`, how long the process may
    take to end after SIGTERM."""
    volume: VolumeSettings = VolumeSettings()
    egress: Annotated[tuple[Egress, ...], items(RULE, "rules (a security group takes no more)", most=60)] = Field(
        default=(HTTPS,), validate_default=True
    )
    """The TCP destinations that instances may call: a port, to everywhere, or `"10.0.0.0/8:5432"`, `"sg-…:5432"`,
    `"pl-…:8000-8100"`; 443 to everywhere must be among them."""
    environment: dict[Annotated[str, variables.NAME], Annotated[str, variables.VARIABLE]] = Field(default_factory=dict)
    """The app's variables: texts, so numbers in quotes. Everyone who may read the user data sees them: an encrypted
    value is refused."""
    secrets: dict[Annotated[str, variables.NAME], Annotated[str, variables.SECRET]] = Field(
        default_factory=dict, repr=False
    )
    """The app's variables that are secret, each encrypted: `pulumi config set --secret --path
    slipway:fleets.web.secrets.NAME`."""
    boot_timeout: Annotated[int, whole(60, 7200, "seconds")] = defaults.BOOT_TIMEOUT
    """How long an instance may take from its launch until the app answers, or has stayed up."""
    rollout: RolloutSettings = RolloutSettings()
    alarms: AlarmSettings = AlarmSettings()

    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """The fleet's key below `fleets`."""
        return self._name

    @property
    def balanced(self) -> bool:
        """Whether requests reach the fleet; a fleet of workers has `routes: none`."""
        return bool(self.routes.paths)

    @property
    def restarts(self) -> int:
        """How often processes may end within three minutes until an alarm fires; 0 for no such alarm."""
        if self.balanced:
            return 0
        return defaults.RESTARTS if self.alarms.restarts is None else self.alarms.restarts

    @property
    def distribution(self) -> Distribution | None:
        """How many of its instances are spot; None where all are on demand."""
        given = self.capacity
        if given is None:
            return None
        base = self.size.min if given.on_demand_base is None else given.on_demand_base
        return Distribution(base=base, percentage=given.on_demand_percentage, spot=given.spot_allocation)

    @property
    def pace(self) -> duration.Pace:
        """How fast a rollout goes."""
        rollout = self.rollout
        return duration.Pace(
            min_healthy=rollout.min_healthy_percentage,
            max_healthy=rollout.max_healthy_percentage,
            checkpoints=rollout.checkpoints,
            checkpoint_delay=rollout.checkpoint_delay,
            bake=rollout.bake,
        )

    def named(self, name: str) -> FleetSettings:
        """Return the fleet with its name and the defaults that follow from its other settings."""
        fleet = self.model_copy(
            update={
                "process": self.process or name,
                "rollout": self.rollout.model_copy(update={"timeout": self.rollout.timeout or self._timeout()}),
                "environment": dict(sorted(self.environment.items())),
                "secrets": dict(sorted(self.secrets.items())),
            }
        )
        fleet._name = name
        return fleet

    def _timeout(self) -> int:
        pace = self.pace
        batches = pace.batches(pace.slowest(self.size.min, self.size.max))
        needed = duration.default(
            pace,
            batches,
            boot=self.boot_timeout,
            joining=self.health.grace,
            warmup=self.rollout.warmup,
            drain=self.drain if self.balanced else self.drain + defaults.DRAIN_MARGIN,
        )
        return min(needed, WAIT_LIMIT)
