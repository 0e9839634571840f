"""A stack's configuration becomes `Settings`, or one `SettingsError` that tells all that is wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from infra.settings.fleets import read_fleets
from infra.settings.model import (
    ArtifactsSettings,
    BuildSettings,
    FleetSettings,
    ImageSettings,
    ObjectLockSettings,
    ReleaseSettings,
    Settings,
)
from infra.settings.network import BUCKET, read_load_balancer, read_network
from infra.settings.problems import Problems
from infra.settings.section import UNFIT, Section, Syntax, is_fit

STACK = Syntax(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?", "1 to 20 of a-z, 0-9 and -, beginning with a letter")
REGION = Syntax(r"[a-z]{2}(-[a-z]+)+-[0-9]", "a region such as eu-west-1")
IMAGE_NAME = Syntax(r"[A-Za-z0-9 ()\[\]./*?_'@-]{3,128}", "the name of a machine image, with * and ? as wildcards")
IMAGE_OWNER = Syntax(r"amazon|aws-marketplace|self|\d{12}", "amazon, aws-marketplace, self or an account's 12 digits")
PRINCIPAL = Syntax(
    r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/[A-Za-z0-9+=,.@_/*?-]{1,576}",
    "the ARN of a role or user (arn:aws:iam::ACCOUNT:role/NAME), with * and ? as wildcards",
)
DIRECTORY = Syntax(r"(?!/)(?!(.*/)?\.\.(/|$))[^\0]+", "a path inside the repository")
REF = Syntax(r"(?!-)[^\s\0]{1,255}", "a commit, tag, branch, or what git makes of one (HEAD~2)")

REGION_KEY = "aws:region"


def parse(
    mapping: Mapping[str, object],
    stack: str,
    environment: Mapping[str, str],
    *,
    encrypted: Collection[str] | None = None,
) -> Settings:
    """The settings of a stack.

    `mapping` has the stack file's keys without `slipway:`, values as JSON has them, and `aws:region`.
    `encrypted` has the paths of its encrypted values (`fleets.web.secrets.KEY`), or of what they lie below; None where
    that is not to be judged.
    Raises SettingsError.
    """
    problems = Problems()
    top = Section("", mapping, problems)
    _check_stack(stack, problems)
    region = _read_region(top, environment)
    image = _read_image(top.section("image"))
    settings = Settings(
        stack=stack,
        region=region,
        network=read_network(top.section("network")),
        load_balancer=read_load_balancer(top.section("loadBalancer"), region=region),
        artifacts=_read_artifacts(top.section("artifacts")),
        release=_read_release(top.section("release"), environment),
        image=image,
        fleets=read_fleets(top.section("fleets"), image=image.name),
    )
    top.finish()
    for fleet in settings.fleets.values():
        _check_topics(fleet, region, problems)
    if encrypted is not None:
        for fleet in settings.fleets.values():
            _judge_encryption(fleet, encrypted, problems)
    problems.raise_any(stack)
    return settings


def _check_stack(stack: str, problems: Problems) -> None:
    if not STACK.matches(stack):
        problems.add(
            "the stack's name",
            f"must be {STACK.words}, is {stack!r}; rename it with `pulumi stack rename NAME`",
        )


def _read_region(top: Section, environment: Mapping[str, str]) -> str:
    region = top.optional_text(REGION_KEY, REGION)
    if top.has(REGION_KEY):
        return region or ""
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if value := environment.get(variable):
            if REGION.matches(value):
                return value
            top.problems.add(variable, f"must be {REGION.words}, is {value!r}")
            return ""
    top.problems.add(REGION_KEY, "missing; set it with `pulumi config set aws:region eu-west-1`")
    return ""


def _read_artifacts(section: Section) -> ArtifactsSettings:
    settings = ArtifactsSettings(
        bucket=section.optional_text("bucket", BUCKET),
        destroy=section.boolean("destroy", False),
        publishers=section.texts("publishers", (), PRINCIPAL),
        deployers=section.texts("deployers", (), PRINCIPAL),
        object_lock=_read_object_lock(section),
    )
    if settings.bucket and settings.destroy:
        section.problem("destroy", "must be false with artifacts.bucket: that bucket is not the stack's to remove")
    for key in ("publishers", "deployers", "objectLock"):
        if settings.bucket and section.has(key):
            section.problem(key, "has no use with artifacts.bucket: that bucket is not the stack's to change")
    if settings.object_lock and settings.destroy:
        section.problem("objectLock", "must be left out with artifacts.destroy: what is locked can't be removed")
    section.finish()
    return settings


def _read_object_lock(section: Section) -> ObjectLockSettings | None:
    if not section.has("objectLock"):
        section.get("objectLock")
        return None
    inner = section.section("objectLock")
    if not inner.has("days"):
        inner.problem("days", "missing; say for how many days no version may be removed")
    mode = inner.choice("mode", "governance", ("governance", "compliance"))
    lock = ObjectLockSettings(mode=mode, days=inner.integer("days", 1, 1, 36_500, "days"))
    inner.finish()
    return lock


def _read_release(section: Section, environment: Mapping[str, str]) -> ReleaseSettings:
    build_section = section.section("build")
    build = None
    if section.has("build"):
        command = build_section.optional_text("command")
        if not build_section.has("command"):
            build_section.problem("command", "missing; say what builds the release, or remove build")
        timeout = build_section.integer("timeout", 900, 1, 86_400, "seconds")
        build = BuildSettings(command=command or "", timeout=timeout, trusted=build_section.boolean("trusted", False))
        build_section.finish()
    settings = ReleaseSettings(
        sha=_or_variable(section, "sha", "SLIPWAY_SHA", environment, REF),
        repository=_or_variable(section, "repository", "SLIPWAY_REPOSITORY", environment, None),
        directory=_or_variable(section, "directory", "SLIPWAY_DIRECTORY", environment, DIRECTORY),
        build=build,
        # For one `pulumi up` only, so there is no setting that would be forgotten in a stack file.
        supersede=environment.get("SLIPWAY_SUPERSEDE", "") in {"1", "true"},
    )
    section.finish()
    return settings


def _or_variable(
    section: Section, key: str, variable: str, environment: Mapping[str, str], syntax: Syntax | None
) -> str | None:
    """The setting, else the environment variable; an empty text is as good as none."""
    if section.has(key) and section.get(key) != "":
        return section.optional_text(key, syntax)
    section.get(key)
    value = environment.get(variable) or None
    if value is not None and not is_fit(value):
        section.problems.add(variable, UNFIT)
    elif value is not None and syntax is not None and not syntax.matches(value):
        section.problems.add(variable, f"must be {syntax.words}, is {value!r}")
    return value


def _read_image(section: Section) -> ImageSettings:
    image = ImageSettings(
        name=section.text("name", "al2023-ami-2023.*-kernel-6.1-x86_64", IMAGE_NAME),
        owner=section.text("owner", "amazon", IMAGE_OWNER),
    )
    section.finish()
    return image


def _check_topics(fleet: FleetSettings, region: str, problems: Problems) -> None:
    """An alarm takes topics of its own region only (PutMetricAlarm refuses others)."""
    for index, topic in enumerate(fleet.alarms.notify):
        of = topic.split(":")[3]
        if region and of != region:
            path = f"fleets.{fleet.name}.alarms.notify[{index}]"
            problems.add(path, f"must be a topic of {region}, the stack's region, is one of {of}")


def _judge_encryption(fleet: FleetSettings, encrypted: Collection[str], problems: Problems) -> None:
    """Each value by itself: a secret must be encrypted, and what instances are told in the open must not."""

    def covered(path: str) -> bool:
        return any(path == found or path.startswith(f"{found}.") for found in encrypted)

    base = f"fleets.{fleet.name}"
    for name in fleet.secrets:
        path = f"{base}.secrets.{name}"
        if not covered(path):
            problems.add(path, f"is in plain text; encrypt it with `pulumi config set --secret --path slipway:{path}`")
    for name in fleet.environment:
        path = f"{base}.environment.{name}"
        if covered(path):
            problems.add(
                path,
                "is encrypted, but what is in environment is told to instances in the open (user data); remove it with "
                f"`pulumi config rm --path slipway:{path}` and set it anew with "
                f"`pulumi config set --secret --path slipway:{base}.secrets.{name}`",
            )
    if fleet.command is not None and covered(f"{base}.command"):
        problems.add(
            f"{base}.command",
            "is encrypted, but instances are told what they run in the open (user data); pass what is secret in it as "
            f"a variable of {base}.secrets",
        )
