"""What to deploy, and with which stack file: decided before anything is started."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from release.source.urls import without_credentials
from sandbox.control.environment import DEFAULT_REGION
from sandbox.errors import SandboxError

PROJECT = "slipway"
EXAMPLE = "examples/shop"
_PINS = ("sha", "repository", "directory")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")  # as Pulumi has it
_FOREIGN = (
    "note: what is deployed runs on this machine as you, with your files in reach; an app that listens on all "
    "addresses can be reached from your network"
)
_SEEN = (
    "note: REPO= holds a password or token, which everybody on this machine can see (`ps`) while make runs: "
    "leave it away, and let git's credential helper or ssh have it"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Release:
    """What to deploy: a ref of a repository (a path or a URL), and the folder in it that is the app."""

    sha: str
    repository: str
    directory: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class StackFile:
    """What a stack file says that decides how it is deployed here."""

    path: Path
    region: str
    pins: dict[str, str]  # of slipway:release, those of sha, repository, directory that are set


def read(checkout: Path, stack: str) -> StackFile:
    """The file of a stack. Raises SandboxError where there is none, naming those there are."""
    if not _NAME.fullmatch(stack):
        raise SandboxError(f"STACK={stack[:100]!r} is not the name of a stack: up to 100 letters, digits, - _ and .")
    path = checkout / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        names = sorted(file.name.split(".")[1] for file in checkout.glob("Pulumi.*.yaml"))
        known = ", ".join(names) if names else "none"
        raise SandboxError(f"there is no {path.name} for the stack {stack!r}; those there are: {known}")
    try:
        text = path.read_text(encoding="utf-8")
        content: Any = yaml.safe_load(text)
        written: Any = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes texts of all there is
        if twice := _twice(yaml.compose(text, yaml.BaseLoader)):
            raise SandboxError(f"{path.name}, line {twice[1]}: {twice[0]} is there already; join the two")
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise SandboxError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise SandboxError(f"{path.name} is nested too deeply") from None
    config: Any = content.get("config") if isinstance(content, dict) else None
    settings: dict[str, Any] = config if isinstance(config, dict) else {}
    release = settings.get(f"{PROJECT}:release")
    pins: dict[str, Any] = release if isinstance(release, dict) else {}
    return StackFile(
        path=path,
        region=str(settings.get("aws:region") or DEFAULT_REGION),
        # As they are written: to YAML the tag 1.10 is a number, and 0123456 another one.
        pins={key: written["config"][f"{PROJECT}:release"][key] for key in _PINS if pins.get(key) not in (None, "")},
    )


def _twice(node: yaml.Node | None, path: str = "", above: tuple[int, ...] = ()) -> tuple[str, int] | None:
    """The path and line of a key that its mapping has already: the engine refuses those, and does not say where."""
    if id(node) in above or not isinstance(node, yaml.MappingNode):
        return None
    seen: set[str] = set()
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    for key, value in pairs:
        name = str(key.value)
        here = f"{path}.{name}".lstrip(".")
        if name in seen:
            return here, key.start_mark.line + 1
        seen.add(name)
        if found := _twice(value, here, (*above, id(node))):
            return found
    return None


def check_interpreter(checkout: Path) -> None:
    """Pulumi.yaml has the program run in `.venv`: one that somebody made must hold what the program needs."""
    environment = checkout / ".venv"
    if environment.is_dir() and not any(environment.glob("lib/python*/site-packages/pulumi_aws")):
        raise SandboxError(
            f"{environment} is not one that Slipway made, and has no pulumi-aws: move it away, or run "
            ".venv/bin/pip install -r requirements.txt"
        )


def choose(file: StackFile, asked: dict[str, str], *, checkout: Path, caller: Path | None) -> tuple[Release, list[str]]:
    """The release to deploy, and remarks for the user.

    `asked` holds what `make up` was given of sha, repository and directory; a relative repository is one of
    `caller`'s (None where that is not known). The program lets the stack file win over the environment, so a pin that
    says something else than what was asked for raises SandboxError.
    """
    if "repository" in asked:
        asked = {**asked, "repository": _absolute(asked["repository"], caller)}
    pins = {key: _absolute(value, checkout) if key == "repository" else value for key, value in file.pins.items()}
    for key, value in asked.items():
        if key in pins and pins[key] != value:
            pinned, wanted = without_credentials(file.pins[key]), without_credentials(value)
            raise SandboxError(
                f"{file.path.name} pins {PROJECT}:release.{key} to {pinned!r}, make was asked for {wanted!r}: "
                f"remove the pin (pulumi config rm --path {PROJECT}:release.{key}) or leave the other away"
            )
    chosen = {**pins, **asked}
    ours = chosen.get("repository", str(checkout)) == str(checkout)
    directory = chosen.get("directory", EXAMPLE if ours else "")
    remarks: list[str] = []
    if "sha" not in chosen:
        chosen["sha"] = head(checkout) if ours else "HEAD"
        remarks = _uncommitted(checkout, directory) if ours else []
    if not ours:
        remarks.append(_FOREIGN)
    if without_credentials(asked.get("repository", "")) != asked.get("repository", ""):
        remarks.append(_SEEN)
    release = Release(sha=chosen["sha"], repository=chosen.get("repository", str(checkout)), directory=directory)
    return release, remarks


def _absolute(repository: str, base: Path | None) -> str:
    """A path made absolute; a URL, also a scp-like one, as it is."""
    if "\0" in repository or any(0xD800 <= ord(character) < 0xE000 for character in repository):
        raise SandboxError(f"REPO={repository!r} is neither a path nor a URL")
    try:
        given = Path(repository).expanduser()
    except RuntimeError:
        raise SandboxError(f"REPO={repository}: there is no such user") from None
    if "://" not in repository and base is None and not given.is_absolute():
        raise SandboxError(
            f"REPO={repository} is relative, and which folder make was called in can't be told: give the whole path"
        )
    path = (base or Path()) / given
    if "://" in repository or (":" in repository.partition("/")[0] and not path.exists()):
        return repository
    try:
        found = path.is_dir()
    except OSError as error:
        raise SandboxError(f"REPO={repository[:200]}: {error.strerror}") from None
    if not found:
        raise SandboxError(f"REPO={repository}: there is no folder {path}")
    return str(path.resolve())


def head(checkout: Path) -> str:
    """The commit of the checkout, a full SHA."""
    found = _git(checkout, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if found.returncode:
        raise SandboxError(f"{checkout} has no commit to deploy; commit something, or name one with SHA= and REPO=")
    return found.stdout.strip()


def _uncommitted(checkout: Path, directory: str) -> list[str]:
    changed = _git(checkout, "status", "--porcelain", "--", directory or ".").stdout
    return [f"note: {directory or 'the checkout'} has changes that are not committed: HEAD goes live"] * bool(changed)


def _git(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", "-C", str(checkout), *arguments], capture_output=True, text=True, check=False, timeout=60
        )
    except FileNotFoundError:
        raise SandboxError("git is not on PATH; install it") from None
