"""The settings of a stack: each one's name, type, default, limits and meaning.

This and fleet.py are the schema, and the one home of each setting: parser, docs/settings.md and slipway.schema.json
follow from them (`make generate`). What several settings have to be together is in rules.py. The text below a field is
its documentation. Durations are whole seconds, percentages 0 to 100, volumes GiB. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, cast

from pydantic import Field, StrictBool

from infra.network import cidr
from infra.settings import notify as notified
from infra.settings.fleet import FleetSettings
from infra.settings.hooks import HooksSettings
from infra.settings.kinds import Kind, Otherwise, excluding, items, text, whole, wrong, wrong_type
from infra.settings.logs import LogsSettings
from infra.settings.recovery import RecoverySettings
from infra.settings.review import ReviewSettings
from infra.settings.schedule import ENTRY, JobSettings
from infra.settings.section import Section
from release import defaults
from release.notify.targets import Target, Told

Nat = Literal["none", "single", "per-az"]

BUCKET = text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket (3 to 63 of a-z, 0-9, - and .)")
CERTIFICATE = text(
    r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-f0-9-]{36}",
    "the ARN of an ACM certificate (arn:aws:acm:REGION:ACCOUNT:certificate/ID)",
)
WEB_ACL = text(
    r"arn:aws[a-z-]*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[A-Za-z0-9_-]{1,128}/[a-f0-9-]{36}",
    "the ARN of a regional web ACL (arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID)",
)
DIRECTORY = text(r"(?!/)(?!(.*/)?\.\.(/|$))[^\0]+", "a path inside the repository")
DOMAIN = text(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", "a domain such as shop.example.com")
HOSTED_ZONE = text(r"Z[A-Z0-9]{6,31}", "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ")
IMAGE_NAME = text(r"[A-Za-z0-9 ()\[\]./*?_'@-]{3,128}", "the name of a machine image, with * and ? as wildcards")
IMAGE_OWNER = text(r"amazon|aws-marketplace|self|[0-9]{12}", "amazon, aws-marketplace, self or an account's 12 digits")
NAME = r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?"
NAME_WORDS = "1 to 20 of a-z, 0-9 and -, beginning with a letter"
STACK = text(NAME, NAME_WORDS)
FLEET_NAME = excluding(
    text(NAME, NAME_WORDS, named="must be named with"),
    dict.fromkeys(
        ("balancer", "endpoints", "flow-logs"),
        "is what a part of the stack itself is called; name the fleet otherwise",
    ),
)
PRINCIPAL = text(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/*?-]{1,576}",
    "the ARN of a role or user (arn:aws:iam::ACCOUNT:role/NAME), with * and ? as wildcards",
)
REF = text(r"(?!-)[^\s\0]{1,255}", "a commit, tag, branch, or what git makes of one (HEAD~2)")
SHA = Kind(REF.words, {**REF.json, "type": ["string", "number"]}, REF.read)
"""Unquoted, YAML takes some for a number: infra/configuration.py undoes that."""
POLICY = text(
    r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]{1,640}",
    "the ARN of a managed policy (arn:aws:iam::ACCOUNT:policy/NAME)",
)
REGION = text(r"[a-z]{2}(-[a-z]+)+-[0-9]", "a region such as eu-west-1")

VARIABLES = {
    "aws:region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "release.sha": ("SLIPWAY_SHA",),
    "release.repository": ("SLIPWAY_REPOSITORY",),
    "release.directory": ("SLIPWAY_DIRECTORY",),
}
"""The environment variables that stand in for settings that are left out; the first one that is set counts."""
OVERRIDES = {"recovery.posture": "SLIPWAY_POSTURE"}
"""The environment variables that override settings: they are meant for one `pulumi up`."""


def _read_cidr(value: object) -> object:
    block = cast("str", text().read(value))
    if problem := cidr.check(block):
        raise wrong(problem)
    return block


def _read_zones(value: object) -> object:
    if isinstance(value, list):
        return tuple(sorted(cast("tuple[str, ...]", _LETTERS.read(value))))
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type("must be 2 to 6, or a list of zone letters")
    return _COUNT.read(value)


def _read_logs(value: object) -> object:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise wrong_type("must be true or false, or the name of a bucket")
    return BUCKET.read(value)


_COUNT = whole(2, 6)
_LETTERS = items(text(f"[{cidr.LETTERS}]", f"a letter of {cidr.LETTERS}"), "zones", least=2, most=6)
CIDR = Kind(
    "an IPv4 block, /16 to /22", {"type": "string", "pattern": r"^([0-9]{1,3}\.){3}0/(1[6-9]|2[0-2])$"}, _read_cidr
)
ZONES = Kind("2 to 6, or a list of 2 to 6 zone letters", {"anyOf": [_COUNT.json, _LETTERS.json]}, _read_zones)
LOGS = Kind("true, false, or the name of a bucket", {"anyOf": [{"type": "boolean"}, BUCKET.json]}, _read_logs)


class NetworkSettings(Section):
    """The VPC."""

    cidr: Annotated[str, CIDR] = "10.20.0.0/16"
    """The VPC's block of addresses."""
    zones: Annotated[int | tuple[str, ...], ZONES] = 3
    """How many zones, the first ones of the region, or exactly which ones, by letter: `["a", "b", "c"]`."""
    nat: Nat = "per-az"
    """How many NAT gateways the private subnets get: none, a single one, or one in each zone."""
    flow_logs: StrictBool = True
    """Whether the VPC's flow logs are kept."""


class LoadBalancerSettings(Section):
    """How clients reach the fleets: exactly one of `domain`, `certificate` and `http` is set."""

    domain: Annotated[str | None, DOMAIN] = None
    """The name that clients use; its certificate is requested and renewed automatically."""
    hosted_zone: Annotated[str | None, HOSTED_ZONE] = None
    """The Route 53 zone that the domain's records go to; required with `domain`."""
    certificate: Annotated[str | None, CERTIFICATE] = None
    """An existing certificate in the stack's region, instead of `domain`."""
    http: StrictBool = False
    """Set to `true` for plain HTTP, on purpose."""
    logs: Annotated[bool | str, LOGS] = Field(default=True, alias="accessLogs")
    """Whether access logs are kept, in a bucket of the stack's own, or the existing bucket that takes them."""
    deletion_protection: StrictBool = True
    """Whether AWS refuses to delete the load balancer."""
    web_acl: Annotated[str | None, WEB_ACL] = None
    """The web ACL of AWS WAF that the balancer asks about each request, in the stack's region and account."""
    failover: Literal["none", "primary", "secondary"] = "none"
    """Which of two stacks with one `domain` this is: clients are led to the `secondary` one while the health check of
    the `primary` one fails. With `none`, the domain leads to this stack alone."""
    idle_timeout: Annotated[int, whole(1, 4000, "seconds")] = 60
    """How long the balancer waits for an app, and keeps a connection to it; an app must keep them for longer."""

    @property
    def access_logs(self) -> bool:
        """Whether access logs are kept."""
        return bool(self.logs)

    @property
    def access_logs_bucket(self) -> str | None:
        """The existing bucket that takes the access logs; None for one of the stack's own."""
        return self.logs if isinstance(self.logs, str) else None


class ObjectLockSettings(Section):
    """For how long no version in the store may be removed; without it, there is no lock. A lock stays."""

    mode: Literal["governance", "compliance"] = "governance"
    """`governance` can be lifted by an administrator, `compliance` by nobody."""
    days: Annotated[int, whole(1, 36_500, "days")]
    """How long a version is kept."""


class ReplicaSettings(Section):
    """A second copy of the store, in another region; S3 replicates both ways."""

    region: Annotated[str, REGION]
    """The region of the replica; not the stack's."""
    bucket: Annotated[str | None, BUCKET, Otherwise("`slipway-STACK-ACCOUNT-REGION`")] = None
    """The name of the bucket, which the stack makes."""
    required: StrictBool = True
    """Whether a release that is not in the replica is refused; `SLIPWAY_UNREPLICATED=1 pulumi up` insists."""
    wait: Annotated[int, whole(0, 86_400, "seconds")] = 900
    """How long a deploy waits for the release to be in the replica."""
    destroy: StrictBool = False
    """Whether the replica is emptied and removed with the stack."""


class ArtifactsSettings(Section):
    """The store of releases."""

    bucket: Annotated[str | None, BUCKET, Otherwise("one of the stack's own")] = None
    """An existing bucket, encrypted with S3's keys: instances may use no KMS key."""
    destroy: StrictBool = False
    """Whether the store is emptied and removed with the stack."""
    publishers: Annotated[tuple[str, ...], items(PRINCIPAL, "ARNs of roles and users")] = ()
    """Who alone may write releases; an empty list leaves it to IAM. Whoever deploys what is not published has to be in
    `publishers` and `deployers`."""
    deployers: Annotated[tuple[str, ...], items(PRINCIPAL, "ARNs of roles and users")] = ()
    """Who alone may write the ledger; an empty list leaves it to IAM."""
    access_logs: StrictBool = False
    """Whether S3 logs who reads and writes the store and its replica, each in a bucket of its own, without a guarantee
    that it logs every request."""
    object_lock: ObjectLockSettings | None = None
    replica: ReplicaSettings | None = None


class BuildSettings(Section):
    """The step that builds a release before it is published; left out, the files are deployed as they are."""

    command: Annotated[str, text()]
    """The command, run by bash in a copy of the commit's files."""
    timeout: Annotated[int, whole(1, 86_400, "seconds")] = 900
    """How long the command may take."""
    trusted: StrictBool = False
    """Whether the command may see what whoever deploys has on the machine, credentials included."""


class ReleaseSettings(Section):
    """What is deployed."""

    sha: Annotated[str | None, SHA, Otherwise("`SLIPWAY_SHA`, or the last good release")] = None
    """Any ref, as it is written (`0123456`, `1.10`)."""
    repository: Annotated[str | None, text(), Otherwise("`SLIPWAY_REPOSITORY`")] = None
    """The path or URL of the git repository; asked only for a commit that is not in the store yet."""
    directory: Annotated[str | None, DIRECTORY, Otherwise("`SLIPWAY_DIRECTORY`, or the whole tree")] = None
    """The directory of the repository to deploy."""
    follow: Annotated[str | None, STACK, Otherwise("the stack's own ledger says what was good")] = None
    """The stack whose last good release is deployed where no `sha` is given: the one that this one is to replace."""
    link: Annotated[str | None, notified.LINK, Otherwise("that of `repository` at GitHub, GitLab or Bitbucket")] = None
    """Where people look at a commit, with `{sha}` in the place of its SHA: what `notify` tells has this link."""
    build: BuildSettings | None = None
    command: Annotated[str | None, text(), Otherwise("the Procfile's `release:` line, if there is one")] = None
    """What runs once before a release reaches the first fleet, on an instance of its own (a migration of the database);
    if it fails, nothing is replaced."""
    fleet: Annotated[str | None, FLEET_NAME, Otherwise("the first one")] = None
    """The fleet whose network, role, secrets and instance types that instance has."""
    timeout: Annotated[int, whole(1, 86_400, "seconds")] = 900
    """How long the command may take."""
    run: StrictBool = True
    """Whether the command runs; with `false`, a `release:` line is left to you."""


class ImageSettings(Section):
    """The machine image of releases that are published from now on: the newest match."""

    name: Annotated[str, IMAGE_NAME] = defaults.IMAGE_NAME
    """The image's name."""
    owner: Annotated[str, IMAGE_OWNER] = defaults.IMAGE_OWNER
    """The account that the image belongs to."""
    copy_to_replica: StrictBool = Field(default=False, alias="copy")
    """Whether the release's image is copied to the region of `artifacts.replica`, under the same name: for an image of
    your own, which is in one region only."""


class PermissionsSettings(Section):
    """What the roles that the stack makes may do at most."""

    boundary: Annotated[str | None, POLICY, Otherwise("nothing bounds them")] = None
    """The managed policy that is their permissions boundary, such as the one that `bootstrap/` makes for the stack."""


class StackSettings(Section):
    """What a stack file has below `config`; every key but the first begins with `slipway:`."""

    region: Annotated[str, REGION, Otherwise("`AWS_REGION`, or `AWS_DEFAULT_REGION`")] = Field(
        default="", alias="aws:region"
    )
    """The region of the stack."""
    network: NetworkSettings = NetworkSettings()
    load_balancer: LoadBalancerSettings = LoadBalancerSettings()
    artifacts: ArtifactsSettings = ArtifactsSettings()
    logs: LogsSettings = LogsSettings()
    release: ReleaseSettings = ReleaseSettings()
    image: ImageSettings = ImageSettings()
    recovery: RecoverySettings = RecoverySettings()
    permissions: PermissionsSettings = PermissionsSettings()
    review: ReviewSettings = ReviewSettings()
    hooks: HooksSettings = HooksSettings()
    notify: Annotated[tuple[Target, ...], notified.TARGETS] = Field(default=(), repr=False)
    """Who is told of deploys, rollbacks and freezes: ARNs of SNS topics in the stack's region, and webhooks, each
    encrypted (`pulumi config set --secret --path 'slipway:notify[0]'`; [shapes](deploy-day.md#word-of-it))."""
    console: StrictBool = False
    """Whether `python -m release exec` may run commands on the instances, as the app's user."""
    fleets: dict[Annotated[str, FLEET_NAME], FleetSettings] = Field(default_factory=dict)
    """The fleets by name."""
    schedule: dict[Annotated[str, ENTRY], JobSettings] = Field(default_factory=dict)
    """Scheduled work, by name."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a stack, with the defaults that follow from others filled in."""

    stack: str
    region: str
    network: NetworkSettings
    load_balancer: LoadBalancerSettings
    artifacts: ArtifactsSettings
    logs: LogsSettings
    release: ReleaseSettings
    image: ImageSettings
    recovery: RecoverySettings
    permissions: PermissionsSettings
    review: ReviewSettings
    hooks: HooksSettings
    notify: Sequence[Target]
    console: bool
    fleets: Mapping[str, FleetSettings]
    schedule: Mapping[str, JobSettings]
    supersede: bool
    """Whether a rollout of something else that is under way is undone, instead of refused."""
    unreplicated: bool
    """Whether a release that is not in the replica is deployed, instead of refused."""
    posture_asked: bool
    """Whether the posture is asked for by SLIPWAY_POSTURE, so that a lower one than stands is meant."""
    release_again: bool
    """Whether the release phase runs although it has succeeded for the release."""
    extend: bool
    """Whether a review stack's time begins anew."""

    @property
    def balanced(self) -> Mapping[str, FleetSettings]:
        """The fleets that requests reach, by name; the others are workers."""
        return {name: fleet for name, fleet in self.fleets.items() if fleet.balanced}

    @property
    def told(self) -> Told:
        """Whom the stack tells of its deploys, and how a link to a commit is made."""
        return notified.told(self.notify, self.release.link, self.release.repository)

    @property
    def posture(self) -> str:
        """What stands of the stack."""
        return self.recovery.posture

    @property
    def tells_posture(self) -> bool:
        """Whether the groups tell their posture by tags: those of a stack that is kept for recovery."""
        return self.release.follow is not None or "posture" in self.recovery.model_fields_set
