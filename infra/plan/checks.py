"""Checks of a stack against what AWS has already, before anything is declared: a function each.

A problem is a line that begins with the setting. Checks that ask AWS raise what boto3 raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from infra.plan import lookup, packages
from infra.settings import Settings
from release import names, postures
from release.machine_image import Image
from release.rollout.observed import DeployedFleet


def topics(settings: Settings) -> list[str]:
    """Return the problems of topics that do not exist: nobody would hear of an alarm."""
    asked = {
        f"fleets.{fleet.name}.alarms.notify[{index}]": topic
        for fleet in settings.fleets.values()
        for index, topic in enumerate(fleet.alarms.notify)
    }
    asked |= {f"notify[{index}]": each.address for index, each in enumerate(settings.notify) if each.is_topic}
    missing = lookup.missing_topics(settings.region, asked.values())
    return [
        f"{path}: there is no topic {topic}, and nobody would hear of {'a deploy' if path[0] == 'n' else 'an alarm'}; "
        f"make it (`aws sns create-topic --name {topic.rpartition(':')[2]}`), or remove it here"
        for path, topic in asked.items()
        if topic in missing
    ]


def key(settings: Settings) -> list[str]:
    """Return the problem of a key that can't encrypt logs: AWS would refuse each log group, half-way through."""
    arn = settings.logs.kms_key
    why = lookup.unusable_key(settings.region, arn) if arn else ""
    return [f"logs.kmsKey: {arn} can't be used: {why}; `aws kms list-keys` shows what there is"] if why else []


def web_acl(settings: Settings) -> list[str]:
    """Return the problem of a web ACL that is not there: the balancer would serve without it, and the deploy fail."""
    arn = settings.load_balancer.web_acl
    if not arn or lookup.has_web_acl(settings.region, arn):
        return []
    return [
        f"loadBalancer.webAcl: there is no {arn}; "
        f"`aws wafv2 list-web-acls --scope REGIONAL --region {settings.region}` shows what there is"
    ]


def egress(settings: Settings) -> list[str]:
    """Return the problems of security groups and prefix lists that do not exist: AWS would refuse the rules."""
    asked = {
        (fleet.name, index): rule.target
        for fleet in settings.fleets.values()
        for index, rule in enumerate(fleet.egress)
    }
    missing = lookup.missing_targets(settings.region, asked.values())
    return [
        f"fleets.{fleet}.egress[{index}]: there is no {target} in {settings.region}; "
        "`aws ec2 describe-security-groups` and `aws ec2 describe-managed-prefix-lists` show what there is"
        for (fleet, index), target in asked.items()
        if target in missing
    ]


def store(settings: Settings) -> list[str]:
    """Return the problem of a given store that is not there, or in another region, on which the stack would depend."""
    bucket, follow = settings.artifacts.bucket, settings.release.follow
    region = lookup.region_of(bucket, settings.region) if bucket else None
    if region in (None, settings.region):
        return []
    replica = f", the replica of the store of {follow}" if follow else ""
    if not region:
        makes = f"`pulumi up --stack {follow}` makes it (artifacts.replica)" if follow else "make it"
        return [f"artifacts.bucket: there is no bucket {bucket}; {makes}, or correct the name"]
    return [
        f"artifacts.bucket: {bucket} is in {region}, and not in {settings.region}, the stack's region: it could not be "
        f"deployed without both; name a bucket there{replica}"
    ]


def posture(settings: Settings, there: Sequence[DeployedFleet]) -> Iterator[str]:
    """Yield the refusal of a lower posture than stands: the stack may serve since somebody activated it."""
    stands = [found for found in there if found.posture and postures.is_lower(settings.posture, found.posture)]
    if stands and not settings.posture_asked:
        names_of = ", ".join(f"{found.name} is {found.posture}" for found in stands)
        highest = max((found.posture for found in stands), key=postures.POSTURES.index)
        yield (
            f"recovery.posture: is {settings.posture}, but more than that stands (fleet {names_of}, by the tag "
            f"{names.POSTURE_TAG} of its group): somebody activated the stack, which may serve. To keep it up, run "
            f"`SLIPWAY_POSTURE={highest} pulumi up --stack {settings.stack}`; to take it down, "
            f"`SLIPWAY_POSTURE={settings.posture} pulumi up --refresh --stack {settings.stack}`"
        )


def ports(settings: Settings, there: Sequence[DeployedFleet]) -> Iterator[str]:
    """Yield the fleets whose port changes: a new target group has no instance until the rollout is over.

    And those that become workers, or are no longer: instances of the one kind fail the checks of the other.
    """
    for found in there:
        fleet = settings.fleets.get(found.name)
        groups = [names.target_group_in(arn) for arn in found.group.target_group_arns]
        if fleet and fleet.balanced != found.group.balanced:
            now = "requests reach the running fleet" if found.group.balanced else "the running fleet is one of workers"
            yield (
                f"fleets.{fleet.name}.routes: {now}, and instances of one kind fail the checks of the other; declare a "
                "fleet of another name, and remove this one once that runs"
            )
        elif fleet and groups and names.target_group_name(settings.stack, fleet.name, fleet.port) not in groups:
            yield (
                f"fleets.{fleet.name}.port: differs from the running fleet's ({', '.join(groups)}), and nothing would "
                "serve until it is rolled out; declare a fleet of another name with the new port, give it this one's "
                "routes, and remove this one in the next `pulumi up`"
            )


def taken_names(settings: Settings, account: str, there: Sequence[DeployedFleet]) -> Iterator[str]:
    """Yield the names that something else has.

    A stack `shop` with a fleet `api-web` and a stack `shop-api` with a fleet `web` want the same names.
    """
    stack, region = settings.stack, settings.region
    logs = names.access_logs_bucket_name(stack, account, region)
    own_logs = _has_own_logs(settings)
    if own_logs and settings.artifacts.bucket == logs:
        yield f"artifacts.bucket: {logs} takes this stack's access logs, which expire; name another one"
    buckets = [logs] if own_logs else []
    if settings.artifacts.bucket is None:
        buckets.append(names.bucket_name(stack, account, region))
        buckets += [names.store_logs_bucket_name(stack, account, region)] * settings.artifacts.access_logs
    known = {found.name for found in there}
    new = {name: fleet.port if fleet.balanced else None for name, fleet in settings.fleets.items() if name not in known}
    roles = [names.role_name(stack, name, region) for name in new]
    if settings.network.flow_logs and not known:
        roles.append(names.flow_logs_role_name(stack, region))
    wanted = [
        *lookup.of_buckets(region, buckets),
        *lookup.of_roles(region, roles),
        *lookup.of_fleets(region, stack, new),
    ]
    for problem in lookup.taken(stack, wanted):
        yield f"{problem}; stack {stack} would need it: give this stack, or its fleet, another name"


def kept_logs(settings: Settings, account: str, there: Sequence[DeployedFleet]) -> bool:
    """Return whether the bucket of the stack's access logs was kept when the stack was removed, or became cold."""
    if there or not _has_own_logs(settings):
        return False
    logs = names.access_logs_bucket_name(settings.stack, account, settings.region)
    return any(lookup.exists(name) for name in lookup.of_buckets(settings.region, [logs]))


def kept_store_logs(settings: Settings, account: str) -> frozenset[str]:
    """Return the buckets for access logs of the store and its replica that are there: they are kept, and taken over.

    So may one be that the stack has; to take that over changes nothing. A region that does not answer keeps none up.
    """
    artifacts, stack = settings.artifacts, settings.stack
    if artifacts.bucket or artifacts.destroy or not artifacts.access_logs:
        return frozenset()
    regions = [settings.region, *([artifacts.replica.region] if artifacts.replica else [])]
    wanted = {names.store_logs_bucket_name(stack, account, region): region for region in regions}
    return frozenset(bucket for bucket, region in wanted.items() if lookup.stands(bucket, region))


def _has_own_logs(settings: Settings) -> bool:
    return settings.load_balancer.access_logs and not settings.load_balancer.access_logs_bucket


def commands(settings: Settings, commands: Mapping[str, str], image: Image) -> Iterator[str]:
    """Yield the fleets whose command the image lacks: each instance would fail to boot. And the scheduled work.

    One line for each package of a fleet, whichever of them need it.
    """
    run = [(f"fleets.{name}.packages: it runs", name, commands[name]) for name in settings.fleets]
    run += [(f"schedule.{name}.command: it runs", job.fleet, job.command) for name, job in settings.schedule.items()]
    told = set[tuple[str, str]]()
    for begins, name, line in run:
        fleet = settings.fleets[name]
        lacks = packages.missing(line, fleet.packages, image=image.name, owner=image.owner)
        if not lacks or "PATH" in fleet.environment or (name, lacks[1]) in told:
            continue
        command, package = lacks
        told.add((name, package))
        yield (
            f"{begins} `{line}`, but the image {image.name} has no {command}; "
            f"`pulumi config set --path 'slipway:fleets.{name}.packages[{len(fleet.packages)}]' {package}`"
        )
