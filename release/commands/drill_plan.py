"""What a drill is told, from the stack's file, the options and the environment. Bad settings are refused here."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from infra import stackfile
from infra.settings import Settings, SettingsError, parse
from release.drill.isolated import isolate
from release.drill.plan import Asked, Plan
from release.errors import DrillError
from release.store import actor

_PROJECT = "Pulumi.yaml"


def plan(arguments: argparse.Namespace, stack: str, folder: Path, environment: Mapping[str, str]) -> Plan:
    """Return the plan of a drill. Raises DrillError for what is wrong with the settings, before anything changes."""
    project, path, text = _file(stack, folder, environment)
    settings = _settings(text, path, project, stack, environment)
    follow, bucket = followed(arguments, settings)
    recovery = settings.recovery
    return Plan(
        stack=stack,
        follows=follow,
        region=settings.region,
        bucket=bucket,
        project=folder,
        project_name=project,
        isolated=isolate(text, stack=stack, project=project, bucket=bucket, follow=follow),
        posture=recovery.posture,
        domain=settings.load_balancer.domain,
        rto=recovery.objectives.rto,
        rpo=recovery.objectives.rpo,
        checks=[
            Asked(name=name, command=check.command, url=check.url, timeout=check.timeout)
            for name, check in sorted(recovery.checks.items())
        ],
        bake=recovery.bake,
        interval=recovery.interval,
        scope=_scope(settings),
        since=arguments.since,
        lift=arguments.lift,
        contacted=arguments.contacted,
        timeout=arguments.timeout,
        by=actor.actor(environment),
        caller=actor.caller(settings.region),
        versions=_versions(folder, environment),
    )


def followed(arguments: argparse.Namespace, settings: Settings) -> tuple[str, str]:
    """Return the stack that is to be recovered, and the replica. Raises DrillError if the settings name none."""
    stack, follow = settings.stack, settings.release.follow
    bucket = arguments.bucket or settings.artifacts.bucket
    if not follow or not bucket:
        raise DrillError(
            f"{stack} follows no stack, so that nothing says what it is to recover: set release.follow and "
            "artifacts.bucket, or name the stack that does with --stack"
        )
    if arguments.region and arguments.region != settings.region:
        raise DrillError(f"--region: {stack} is in {settings.region}, not in {arguments.region}")
    return follow, bucket


def settings_of(stack: str, folder: Path, environment: Mapping[str, str]) -> Settings:
    """Return the settings of a stack by its file. Raises DrillError."""
    project, path, text = _file(stack, folder, environment)
    return _settings(text, path, project, stack, environment)


def store(
    arguments: argparse.Namespace, stack: str, folder: Path, environment: Mapping[str, str]
) -> tuple[str, str] | None:
    """Return the bucket and the region of a stack by its file; None if an option names the bucket or it has no file."""
    if arguments.bucket or (environment.get("SLIPWAY_BUCKET") and not arguments.stack):
        return None
    try:
        settings = settings_of(stack, folder, environment)
    except DrillError:
        return None
    bucket = settings.artifacts.bucket
    return (bucket, settings.region) if bucket else None


def _file(stack: str, folder: Path, environment: Mapping[str, str]) -> tuple[str, Path, str]:
    """Return the project's name, the path of the stack's file, and its text."""
    try:
        project: Any = yaml.safe_load((folder / _PROJECT).read_text(encoding="utf-8"))
        name = str(project["name"])
    except OSError:
        raise DrillError(f"{folder} has no {_PROJECT}: run this in Slipway's folder") from None
    except (yaml.YAMLError, TypeError, KeyError, UnicodeDecodeError):
        raise DrillError(f"{folder / _PROJECT} is not the file of a project") from None
    path = stackfile.locate(folder, stack, environment)
    try:
        return name, path, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(sorted(file.name for file in folder.glob("Pulumi.*.yaml"))) or "none"
        why = getattr(error, "strerror", None) or error
        raise DrillError(f"{path}: the file of stack {stack} can't be read ({why}); there are: {known}") from None


def _settings(text: str, path: Path, project: str, stack: str, environment: Mapping[str, str]) -> Settings:
    """Return the settings, with a text in the place of each encrypted value: only the engine decrypts them."""
    try:
        content: Any = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise DrillError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    given: Any = content.get("config") if isinstance(content, dict) else None
    config = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    mapping = {key.removeprefix(f"{project}:"): _shown(value) for key, value in config.items()}
    known = {key: value for key, value in mapping.items() if not key.startswith("aws:") or key == "aws:region"}
    regions = {name: environment[name] for name in ("AWS_REGION", "AWS_DEFAULT_REGION") if environment.get(name)}
    release = known.get("release")
    if isinstance(release, dict):  # what is pinned is not what is drilled
        known["release"] = {key: value for key, value in cast("dict[str, Any]", release).items() if key != "sha"}
    try:
        return parse(known, stack, regions)
    except SettingsError as error:
        raise DrillError(str(error)) from None


def _shown(value: Any) -> Any:  # noqa: ANN401 - YAML
    if isinstance(value, dict):
        inner = cast("dict[Any, Any]", value)
        return "encrypted" if set(inner) == {"secure"} else {key: _shown(each) for key, each in inner.items()}
    return [_shown(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value


def _scope(settings: Settings) -> list[str]:
    zones = settings.network.zones
    where = f"{zones if isinstance(zones, int) else len(zones)} zones"
    return [
        f"a network ({settings.network.cidr}) in {where} of {settings.region}, and a load balancer",
        *(
            f"the fleet {name}: {fleet.size.min} to {fleet.size.max} instances of {fleet.instance_types[0]}, its "
            "alarms, its role and its secrets"
            for name, fleet in settings.fleets.items()
        ),
    ]


def _versions(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the versions of what is drilled with."""
    packages = ("pulumi", "pulumi-aws", "boto3")
    return {
        "slipway": environment.get("GITHUB_SHA") or _commit(folder),
        "python": platform.python_version(),
        **{name: _version(name) for name in packages},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _commit(folder: Path) -> str:
    """Return the commit that is checked out, by git's own files: a drill starts no git."""
    try:
        head = (folder / ".git" / "HEAD").read_text(encoding="ascii").strip()
        ref = head.removeprefix("ref: ")
        loose = folder / ".git" / ref
        if ref == head or loose.is_file():
            return head if ref == head else loose.read_text(encoding="ascii").strip()
        packed = (folder / ".git" / "packed-refs").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):  # no clone, or a work tree of one elsewhere
        return "unknown"
    return next((line.partition(" ")[0] for line in packed if line.endswith(f" {ref}")), "unknown")
