"""Checks settings that have to agree with each other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TypeAlias

from pydantic.alias_generators import to_snake

from infra.balancer import failover, routing
from infra.fleet import alarm_times
from infra.settings import capacity_rules, notify, review_rules, schedule_rules, worker_rules
from infra.settings.egress import EVERYWHERE, HTTPS
from infra.settings.fleet import FleetSettings
from infra.settings.instances import architecture
from infra.settings.problems import covers, set_command
from infra.settings.stack import ArtifactsSettings, LoadBalancerSettings, Settings
from release.rollout import duration

Problems: TypeAlias = Iterator[tuple[str, str]]
"""Paths, and what is wrong there."""
Sound: TypeAlias = Callable[..., bool]
"""Says whether nothing is wrong yet with the settings at these paths: only then are they compared."""


def problems(settings: Settings, sound: Sound) -> Problems:
    """Yield the problems of settings that have to agree."""
    if not settings.region:
        yield "aws:region", "missing; set it with `pulumi config set aws:region eu-west-1`"
    yield from _below("loadBalancer", sound, _load_balancer, settings.load_balancer, settings.region)
    yield from _below("artifacts", sound, _artifacts, settings.artifacts)
    yield from _below("artifacts.replica", sound, _replica, settings)
    yield from _keys(settings)
    yield from _failover(settings, sound)
    yield from _follow(settings)
    yield from _phase(settings, sound)
    yield from _checks(settings)
    yield from review_rules.problems(settings, sound)
    yield from worker_rules.problems(settings, sound)
    yield from notify.problems(settings.notify, settings.region, settings.told) if sound("notify") else ()
    yield from schedule_rules.jobs(settings.schedule, settings.fleets)
    for name, fleet in settings.fleets.items():
        for rule in (_architecture, _bounds, _ways, _topics, _bake, _timeout, _scheduled_sizes, _capacity):
            yield from _below(f"fleets.{name}", sound, rule, fleet, settings)
    routes = {name: fleet.routes for name, fleet in settings.fleets.items()}
    yield from routing.conflicts(
        {
            name: route
            for name, route in routes.items()
            if sound(*(f"fleets.{name}.routes.{key}" for key in route.fields()))
        }
    )


def encryption(settings: Settings, encrypted: Collection[str]) -> Problems:
    """Yield the secrets that are not encrypted, and encrypted values that instances are told in the open."""
    yield from notify.in_plain(settings.notify, encrypted)
    if settings.release.command is not None and covers(encrypted, "release.command"):
        yield (
            "release.command",
            "is encrypted, but the instance is told its command in the open (user data); pass what is secret in it "
            "as a variable of the fleet's secrets",
        )
    yield from schedule_rules.plain(settings.schedule, encrypted)
    for base, fleet in ((f"fleets.{name}", fleet) for name, fleet in settings.fleets.items()):
        for path in (f"{base}.secrets.{name}" for name in fleet.secrets):
            if not covers(encrypted, path):
                yield path, f"is in plain text; encrypt it with `pulumi config set --secret --path slipway:{path}`"
        for path, name in ((f"{base}.environment.{name}", name) for name in fleet.environment):
            if covers(encrypted, path):
                yield (
                    path,
                    "is encrypted, but instances are told their environment in the open (user data); remove it with "
                    f"`pulumi config rm --path slipway:{path}` and set it again with "
                    f"`pulumi config set --secret --path slipway:{base}.secrets.{name}`",
                )
        if fleet.command is not None and covers(encrypted, f"{base}.command"):
            yield (
                f"{base}.command",
                "is encrypted, but instances are told their command in the open (user data); pass what is secret in it "
                f"as a variable of {base}.secrets",
            )


def _phase(settings: Settings, sound: Sound) -> Problems:
    named = settings.release.fleet
    if named and named not in settings.fleets and sound("release.fleet", "fleets"):
        known = ", ".join(settings.fleets) or "none"
        yield "release.fleet", f"names no fleet of this stack: {named}; the fleets are {known}"


def _below(base: str, sound: Sound, rule: Callable[..., Problems], *arguments: object) -> Problems:
    """Yield what a rule finds. The rule's paths are relative to `base`."""

    def sound_below(*paths: str) -> bool:
        return sound(*(f"{base}.{path}" for path in paths))

    for path, text in rule(*arguments, sound_below):
        yield f"{base}.{path}".rstrip("."), text


def _load_balancer(balancer: LoadBalancerSettings, region: str, sound: Sound) -> Problems:
    ways = [key for key in ("domain", "certificate") if getattr(balancer, key) or not sound(key)]
    ways += ["http"] if balancer.http else []
    if not ways and sound("http"):
        domain, plain = set_command("loadBalancer.domain", "shop.example.com"), set_command("loadBalancer.http", "true")
        yield (
            "",
            f"needs one of domain, certificate or http; set a domain with `{domain}`, "
            f"or plain HTTP on purpose with `{plain}`",
        )
    if len(ways) > 1:
        yield "", f"takes one of domain, certificate or http, has {' and '.join(ways)}"
    if "domain" in ways and not balancer.hosted_zone:
        command = set_command("loadBalancer.hostedZone", "Z0123456789ABCDEFGHIJ")
        yield "hostedZone", f"missing; domain needs the zone its records go to, set it with `{command}`"
    if balancer.hosted_zone and "domain" not in ways:
        yield "hostedZone", "has no effect without domain; set domain or remove it"
    if balancer.failover != "none" and "domain" not in ways:
        yield "failover", "needs domain, which both stacks share; set domain or remove it"
    if balancer.certificate and region and (of := balancer.certificate.split(":")[3]) != region:
        yield "certificate", f"must be a certificate of {region}, the stack's region, is one of {of}; request one there"
    if balancer.web_acl and region and (of := balancer.web_acl.split(":")[3]) != region:
        yield "webAcl", f"must be a web ACL of {region}, the stack's region, is one of {of}; make one there"


def _failover(settings: Settings, sound: Sound) -> Problems:
    role = settings.load_balancer.failover
    if role != "none" and all(sound(f"fleets.{name}") for name in settings.fleets):
        yield from failover.problems(role, settings.balanced)


def _artifacts(artifacts: ArtifactsSettings, _: Sound) -> Problems:
    if artifacts.bucket and artifacts.destroy:
        yield "destroy", "must be false with artifacts.bucket: that bucket is not the stack's to remove"
    for key in ("publishers", "deployers", "accessLogs", "objectLock"):
        if artifacts.bucket and to_snake(key) in artifacts.model_fields_set:
            yield key, "has no effect with artifacts.bucket: that bucket is not the stack's to change"
    if artifacts.object_lock and artifacts.destroy:
        yield "objectLock", "must be left out with artifacts.destroy: what is locked can't be removed"


def _replica(settings: Settings, sound: Sound) -> Problems:
    artifacts, replica = settings.artifacts, settings.artifacts.replica
    if replica is None:
        return
    if artifacts.bucket:
        yield "", "has no effect with artifacts.bucket: only the stack that makes the store replicates it"
    if "replication" in settings.fleets:
        yield "", "needs the name of the role that the fleet replication has; give that fleet another name"
    if replica.region == settings.region and sound("region"):
        yield "region", f"must be another region than the stack's, {settings.region}: both would be lost together"
    if replica.destroy and not artifacts.destroy:
        yield "destroy", "must be false without artifacts.destroy: the store would stay, and its replica would go"


def _keys(settings: Settings) -> Problems:
    """Check the keys' regions: no service uses a key of another one."""
    for path, key, region in (("logs.kmsKey", settings.logs.kms_key, settings.region),):
        if key and region and (of := key.split(":")[3]) != region:
            yield path, f"must be a key of {region}, is one of {of}; make one there, or a replica of a multi-region key"


def _follow(settings: Settings) -> Problems:
    follow = settings.release.follow
    if follow == settings.stack:
        yield "release.follow", f"must be another stack than this one, {follow}"
    elif follow and not settings.artifacts.bucket:
        yield (
            "release.follow",
            f"needs artifacts.bucket, the replica of the store of {follow}; set it with "
            f"`{set_command('artifacts.bucket', 'NAME')}`",
        )
    if settings.image.copy_to_replica and settings.artifacts.replica is None:
        yield "image.copy", "has no effect without artifacts.replica: there is no region to copy the image to"


def _checks(settings: Settings) -> Problems:
    for name, check in settings.recovery.checks.items():
        if (check.command is None) == (check.url is None):
            yield f"recovery.checks.{name}", "needs one of command or url"


def _architecture(fleet: FleetSettings, settings: Settings, sound: Sound) -> Problems:
    image, types = settings.image.name, fleet.instance_types
    expected = next((known for known in ("arm64", "x86_64") if known in image), None)
    others = [name for name in types if expected and architecture(name) != expected]
    for name in others:
        yield (
            "instanceTypes",
            f"must be {expected} as image.name is, has {name} ({architecture(name)}); change one of them",
        )
    if not expected and len({architecture(name) for name in types}) > 1:
        yield "instanceTypes", f"must all be of one architecture, are {', '.join(types)}"


def _bounds(fleet: FleetSettings, _: Settings, sound: Sound) -> Problems:
    size, health, rollout = fleet.size, fleet.health, fleet.rollout
    if size.max < size.min and sound("size.min"):
        yield "size.max", f"must be at least size.min ({size.min}), is {size.max}"
    if health.timeout >= health.interval and sound("health.interval"):
        yield "health.timeout", f"must be less than health.interval ({health.interval}), is {health.timeout}"
    least, most = rollout.min_healthy_percentage, rollout.max_healthy_percentage
    if most - least > 100 and sound("rollout.minHealthyPercentage"):
        yield "rollout.maxHealthyPercentage", f"must be at most minHealthyPercentage ({least}) + 100, is {most}"
    points = list(rollout.checkpoints)
    if points != sorted(points):
        yield "rollout.checkpoints", f"must ascend, are {points}"
    elif points and points[-1] != 100:
        yield "rollout.checkpoints", f"must end with 100, or some instances keep the old release, end with {points[-1]}"
    if "checkpoint_delay" in rollout.model_fields_set and not points and sound("rollout.checkpoints"):
        yield "rollout.checkpointDelay", "has no effect without checkpoints; set them or remove it"


def _ways(fleet: FleetSettings, _: Settings, sound: Sound) -> Problems:
    scaling = (("cpu", "scaling.cpu"), ("requests_per_target", "scaling.requestsPerTarget"))
    if all(field in fleet.scaling.model_fields_set or not sound(path) for field, path in scaling):
        yield "scaling", "takes one of cpu or requestsPerTarget, has both; remove one"
    if not any(rule.target == EVERYWHERE and rule.low <= HTTPS <= rule.high for rule in fleet.egress):
        given = [
            rule.low if rule.target == EVERYWHERE and rule.low == rule.high else str(rule) for rule in fleet.egress
        ]
        yield "egress", f"must have {HTTPS} (to everywhere): instances fetch their release by it; is {given}"
    for name in fleet.environment.keys() & fleet.secrets.keys():
        yield f"secrets.{name}", "is in environment too; remove one of them"


def _scheduled_sizes(fleet: FleetSettings, _: Settings, sound: Sound) -> Problems:
    if sound("size.min", "size.max", "scaling.schedule"):
        yield from schedule_rules.sizes(fleet)


def _capacity(fleet: FleetSettings, _: Settings, sound: Sound) -> Problems:
    yield from capacity_rules.problems(fleet, sound)


def _topics(fleet: FleetSettings, settings: Settings, sound: Sound) -> Problems:
    """Check the topics' region: PutMetricAlarm refuses those of another one."""
    for index, topic in enumerate(fleet.alarms.notify):
        of = topic.split(":")[3]
        if settings.region and of != settings.region:
            yield f"alarms.notify[{index}]", f"must be a topic of {settings.region}, the stack's region, is one of {of}"


def _bake(fleet: FleetSettings, _: Settings, sound: Sound) -> Problems:
    """Check that a bake lasts until the alarms can fire: a shorter one does nothing."""
    bake, slowest = fleet.rollout.bake, alarm_times.slowest(fleet)
    needed, period = (alarm_times.seconds(slowest), alarm_times.period(slowest)) if slowest else (0, 0)
    if slowest and 0 < bake < needed and sound("alarms.unhealthyHosts", "alarms.latency", "alarms.restarts"):
        without = {
            "unhealthy": "; or set alarms.unhealthyHosts to false",
            "latency": "; or remove alarms.latency",
            "restarts": "; or set alarms.restarts to 0",
        }
        yield (
            "rollout.bake",
            f"must be at least {needed} seconds, for alarms.{alarm_times.SETTINGS[slowest]} takes as long to fire "
            f"({alarm_times.EVALUATIONS[slowest]} x {period} s, and {alarm_times.DELIVERY} s until "
            f"the metrics are there), or 0, which waits for no alarm once all instances are replaced; is {bake}"
            f"{without.get(slowest, '')}",
        )


def _timeout(fleet: FleetSettings, _: Settings, sound: Sound) -> Problems:
    pace, size, boot, warmup = fleet.pace, fleet.size, fleet.boot_timeout, fleet.rollout.warmup
    slowest = pace.slowest(size.min, size.max)
    batches = pace.batches(slowest)
    needed = duration.needed(pace, batches, boot=boot, warmup=warmup)
    if fleet.rollout.timeout <= needed and sound("bootTimeout"):
        yield (
            "rollout.timeout",
            f"must be more than bootTimeout, warmup, bake and the pauses at checkpoints together take ({needed} s: "
            f"{batches} x ({boot} + {warmup}) + {pace.pauses}; a fleet of up to size.max, {size.max}, needs up to "
            f"{batches} batches, as one of {slowest} that are replaced {pace.at_a_time(slowest)} at a time), is "
            f"{fleet.rollout.timeout}; leave it out for the default, or raise rollout.maxHealthyPercentage",
        )
