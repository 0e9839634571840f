"""Reads the settings of the fleets."""

from __future__ import annotations

from dataclasses import replace

from infra.balancer import routing
from infra.fleet import alarm_times
from infra.settings.egress import read_egress
from infra.settings.instances import check_instance_types
from infra.settings.model import (
    AlarmSettings,
    FleetSettings,
    HealthSettings,
    RolloutSettings,
    RouteSettings,
    ScalingSettings,
    SizeSettings,
)
from infra.settings.section import Section, Syntax, kind
from infra.settings.variables import read_variables
from release.rollout import duration

NAME = Syntax(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?", "1 to 20 of a-z, 0-9 and -, beginning with a letter")
PROCESS = Syntax(r"[A-Za-z0-9_-]{1,63}", "a process name of a Procfile (letters, digits, _ and -)")
HEALTH_PATH = Syntax(r"/[!-~]{0,1023}", "a path that begins with /")
CODES = Syntax(r"[0-9]{3}(-[0-9]{3})?(,[0-9]{3}(-[0-9]{3})?){0,19}", "statuses")
ROUTE_PATH = Syntax(r"[/*][A-Za-z0-9_.$/~\"'@:+&*?-]{0,127}", "a path pattern such as /api/* (up to 128 characters)")
ROUTE_HOST = Syntax(r"(?=.{1,128}$)[A-Za-z0-9*?-]+(\.[A-Za-z0-9*?-]+)+", "a host pattern such as *.example.com")
KMS_KEY = Syntax(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key/[A-Za-z0-9-]{1,256}|alias/[A-Za-z0-9/_-]{1,256})",
    "the ARN of a KMS key or alias (arn:aws:kms:REGION:ACCOUNT:key/ID)",
)
PACKAGE = Syntax(
    r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", "the name of a package of the image's repositories, such as nodejs22"
)
TOPIC = Syntax(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}", "the ARN of an SNS topic")

HOOK_LIMIT = 7200
"""Seconds; the longest heartbeat timeout of a lifecycle hook, by the API."""
SHORTEST_BOOT = 60
"""Seconds; an EC2 instance takes about 30 s to get to its user data, and the hook counts from the launch."""
RESERVED = ("balancer", "endpoints", "flow-logs")
"""Resources of the stack itself are named as a fleet of that name would be."""
TOPICS = 5
"""Actions that an alarm takes for each state (PutMetricAlarm)."""
WAIT_LIMIT = 172_800
"""Seconds; the longest bake time and checkpoint delay of an instance refresh, by the API."""


def read_fleets(section: Section, *, image: str) -> dict[str, FleetSettings]:
    """Every fleet by name; `image` is the image's name, which says the architecture."""
    fleets: dict[str, FleetSettings] = {}
    for name in section.keys():  # noqa: SIM118 (a Section is no mapping)
        if not NAME.matches(name):
            section.problem(name, f"must be named with {NAME.words}")
        if name in RESERVED:
            section.problem(name, "is what a part of the stack itself is called; name the fleet otherwise")
        fleets[name] = _read_fleet(section.section(name), name, image)
    if not fleets:
        section.problems.add(
            section.path,
            "missing; set a first one with `pulumi config set --path slipway:fleets.web.process web`",
        )
    for path, text in routing.conflicts({name: fleet.routes for name, fleet in fleets.items()}):
        section.problems.add(path, text)
    return fleets


def _read_fleet(section: Section, name: str, image: str) -> FleetSettings:
    types = section.texts("instanceTypes", ("t3.small",), Syntax(r".*", "text"))
    check_instance_types(section, types, image)
    volume = section.section("volume")
    environment, secrets = read_variables(section)
    fleet = FleetSettings(
        name=name,
        process=section.text("process", name, PROCESS),
        command=section.optional_text("command"),
        packages=section.texts("packages", (), PACKAGE),
        instance_types=types,
        size=_read_size(section.section("size")),
        port=section.integer("port", 8080, 1024, 65535),
        health=_read_health(section.section("health")),
        routes=_read_routes(section.section("routes")),
        scaling=_read_scaling(section.section("scaling")),
        drain=section.integer("drain", 30, 0, 3600, "seconds"),
        volume_size=volume.integer("size", 16, 8, 16_384, "GiB"),
        volume_key=volume.optional_text("kmsKey", KMS_KEY),
        egress=read_egress(section),
        environment=environment,
        secrets=secrets,
        boot_timeout=section.integer("bootTimeout", 300, SHORTEST_BOOT, HOOK_LIMIT, "seconds"),
        rollout=_read_rollout(section.section("rollout")),
        alarms=_read_alarms(section.section("alarms")),
    )
    volume.finish()
    section.finish()
    _check_bake(section, fleet)
    return _with_timeout(section, fleet)


def _read_size(section: Section) -> SizeSettings:
    low = section.integer("min", 3, 0, 10_000)
    high = section.integer("max", max(9, low), 0, 10_000)
    if section.sound("min", "max") and high < low:
        section.problem("max", f"must be at least size.min ({low}), is {high}")
    section.finish()
    return SizeSettings(min=low, max=high)


def _read_health(section: Section) -> HealthSettings:
    health = HealthSettings(
        path=section.text("path", "/healthz", HEALTH_PATH),
        codes=_read_codes(section),
        interval=section.integer("interval", 10, 5, 300, "seconds"),
        timeout=section.integer("timeout", 5, 2, 120, "seconds"),
        healthy_threshold=section.integer("healthyThreshold", 2, 2, 10),
        unhealthy_threshold=section.integer("unhealthyThreshold", 2, 2, 10),
    )
    if section.sound("interval", "timeout") and health.timeout >= health.interval:
        section.problem("timeout", f"must be less than health.interval ({health.interval}), is {health.timeout}")
    section.finish()
    return health


def _read_codes(section: Section) -> str:
    """An Application Load Balancer takes 200 to 499 (Elastic Load Balancing API, Matcher)."""
    given = section.get("codes")
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)  # 200 can be meant in one way only
    if given is None:
        return "200"
    ranges = [part.split("-") for part in given.split(",")] if isinstance(given, str) and CODES.matches(given) else []
    if not ranges or not all(200 <= int(part[0]) <= int(part[-1]) <= 499 for part in ranges):
        wanted = 'statuses from 200 to 499, such as "200", "200,301" or "200-399"'
        section.problem("codes", f"must be {wanted}, is {kind(given) if not isinstance(given, str) else repr(given)}")
        return "200"
    return str(given)


def _read_routes(section: Section) -> RouteSettings:
    routes = RouteSettings(
        paths=section.texts("paths", ("/*",), ROUTE_PATH), hosts=section.texts("hosts", (), ROUTE_HOST)
    )
    if section.sound("paths") and not routes.paths:
        section.problem("paths", 'must not be empty; "/*" takes everything, on the hosts if there are any')
    if section.sound("hosts") and len(routes.hosts) > 4:
        section.problem("hosts", f"must be at most 4 (a rule has 5 values, one is the path), are {len(routes.hosts)}")
    section.finish()
    return routes


def _read_scaling(section: Section) -> ScalingSettings:
    cpu = section.optional_integer("cpu", 1, 100, "percent")
    requests = section.optional_integer("requestsPerTarget", 1, 1_000_000, "requests a minute")
    section.finish()
    if section.has("cpu") and section.has("requestsPerTarget"):
        section.problems.add(section.path, "takes one of cpu or requestsPerTarget, has both; remove one")
    default = None if section.has("requestsPerTarget") else 60
    return ScalingSettings(cpu=cpu or default, requests_per_target=requests)


def _read_rollout(section: Section) -> RolloutSettings:
    rollout = RolloutSettings(
        min_healthy_percentage=section.integer("minHealthyPercentage", 100, 0, 100),
        max_healthy_percentage=section.integer("maxHealthyPercentage", 200, 100, 200),
        warmup=section.integer("warmup", 30, 0, 3600, "seconds"),
        bake=section.integer("bake", 240, 0, WAIT_LIMIT, "seconds"),
        timeout=section.integer("timeout", 0, 60, WAIT_LIMIT, "seconds"),
        checkpoints=section.integers("checkpoints", (), 1, 100),
        checkpoint_delay=section.integer("checkpointDelay", 60, 0, WAIT_LIMIT, "seconds"),
        alarm_wait=section.integer("alarmWait", 180, 0, 3600, "seconds"),
    )
    low, high = rollout.min_healthy_percentage, rollout.max_healthy_percentage
    if section.sound("minHealthyPercentage", "maxHealthyPercentage") and high - low > 100:
        section.problem("maxHealthyPercentage", f"must be at most minHealthyPercentage ({low}) + 100, is {high}")
    points = rollout.checkpoints
    if points and section.sound("checkpoints"):
        if list(points) != sorted(points):
            section.problem("checkpoints", f"must ascend, are {list(points)}")
        elif points[-1] != 100:
            section.problem(
                "checkpoints",
                f"must end with 100, or some instances keep the old release, end with {points[-1]}",
            )
    if section.has("checkpointDelay") and not section.has("checkpoints"):
        section.problem("checkpointDelay", "has no use without checkpoints; set them or remove it")
    section.finish()
    return rollout


def _read_alarms(section: Section) -> AlarmSettings:
    rate = section.number("errorRate", 5.0, 0, 100)
    alarms = AlarmSettings(
        error_rate=5.0 if rate is None else rate,
        unhealthy_hosts=section.boolean("unhealthyHosts", True),
        latency=section.number("latency", None, 0.001, 4000),
        notify=section.texts("notify", (), TOPIC),
    )
    if len(alarms.notify) > TOPICS:
        section.problem(
            "notify", f"must be at most {TOPICS} topics, are {len(alarms.notify)}; subscribe more to one of them"
        )
    section.finish()
    return alarms


def _check_bake(section: Section, fleet: FleetSettings) -> None:
    """A bake is there for the alarms: one that is over before they are on is none."""
    bake, slowest = fleet.rollout.bake, alarm_times.slowest(fleet.alarms)
    needed = alarm_times.seconds(slowest)
    if 0 < bake < needed:
        without = {"unhealthy": "; or set alarms.unhealthyHosts to false", "latency": "; or remove alarms.latency"}
        section.problems.add(
            section.at("rollout.bake"),
            f"must be at least {needed} seconds, for alarms.{alarm_times.SETTINGS[slowest]} goes on after as many "
            f"({alarm_times.EVALUATIONS[slowest]} x {alarm_times.PERIOD} s, and {alarm_times.DELIVERY} s until the "
            f"metrics are there), or 0, which waits for no alarm once all are replaced; is {bake}"
            f"{without.get(slowest, '')}",
        )


def _with_timeout(section: Section, fleet: FleetSettings) -> FleetSettings:
    """The fleet with its default `rollout.timeout`; one that is set and too small is a problem."""
    rollout, size = fleet.rollout, fleet.size
    pace = duration.Pace(
        min_healthy=rollout.min_healthy_percentage,
        max_healthy=rollout.max_healthy_percentage,
        checkpoints=rollout.checkpoints,
        checkpoint_delay=rollout.checkpoint_delay,
        bake=rollout.bake,
    )
    slowest = pace.slowest(size.min, size.max)
    batches = pace.batches(slowest)
    boot, warmup = fleet.boot_timeout, rollout.warmup
    needed = duration.needed(pace, batches, boot=boot, warmup=warmup)
    if rollout.timeout == 0:
        default = duration.default(
            pace, batches, boot=boot, joining=fleet.health.grace, warmup=warmup, drain=fleet.drain
        )
        fleet = replace(fleet, rollout=replace(rollout, timeout=min(default, WAIT_LIMIT)))
    if section.sound("bootTimeout") and fleet.rollout.timeout <= needed:
        section.problems.add(
            section.at("rollout.timeout"),
            f"must be more than bootTimeout, warmup, bake and the pauses at checkpoints together take ({needed} s: "
            f"{batches} x ({boot} + {warmup}) + {pace.pauses}; a fleet of up to size.max, {size.max}, needs up to "
            f"{batches} batches, as one of {slowest} that are replaced {pace.at_a_time(slowest)} at a time), is "
            f"{fleet.rollout.timeout}; leave it out for the default, or raise rollout.maxHealthyPercentage",
        )
    return fleet
