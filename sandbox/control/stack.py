"""Decide what to deploy, by which stack file, before anything is started."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import yaml

from release.errors import RevisionError
from release.names import is_review
from release.source import git_command
from release.source.urls import without_credentials
from sandbox.control.environment import DEFAULT_REGION
from sandbox.errors import SandboxError

PROJECT = "slipway"
EXAMPLE = "examples/shop"
REVIEW = "Pulumi.review.yaml"  # of each stack for a pull request that has no file of its own
_PINS = ("sha", "repository", "directory")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")  # what Pulumi accepts
_FOREIGN = (
    "note: the app runs on this machine as you and can reach your files; if it listens on all addresses, it can be "
    "reached from your network"
)
_SEEN = (
    "note: REPO= contains a password or token, which everybody on this machine can see (`ps`) while make runs: "
    "leave it out, and let git's credential helper or ssh supply it"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class App:
    """The app to deploy: a ref, its repository (a path or a URL), and the app's folder in it.

    All are empty if it is the last good release of the stack that this one `follows`.
    """

    sha: str
    repository: str
    directory: str
    follows: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class StackPins:
    """The parts of a stack file that decide how it is deployed to a sandbox."""

    path: Path
    region: str
    pins: dict[str, str]  # those of sha, repository and directory that slipway:release sets
    follow: str | None = None  # the stack whose last good release it takes


def read(checkout: Path, stack: str) -> StackPins:
    """Read a stack's file. Raises SandboxError, naming the stacks there are, if it is missing or is not valid."""
    if not _NAME.fullmatch(stack):
        raise SandboxError(
            f"STACK={stack[:100]!r} is not the name of a stack: use at most 100 letters, digits, - _ and ."
        )
    path = checkout / f"Pulumi.{stack}.yaml"
    if not path.is_file() and is_review(stack):
        path = checkout / REVIEW
    if not path.is_file():
        names = sorted(file.name.split(".")[1] for file in checkout.glob("Pulumi.*.yaml"))
        known = ", ".join(names) if names else "none"
        raise SandboxError(f"{path.name} does not exist, so there is no stack {stack!r}; existing stacks: {known}")
    try:
        text = path.read_text(encoding="utf-8")
        content: Any = yaml.safe_load(text)
        written: Any = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it turns every scalar into a string
        if repeated := _repeated_key(yaml.compose(text, yaml.BaseLoader)):
            raise SandboxError(f"{path.name}, line {repeated[1]}: {repeated[0]} is set a second time; merge the two")
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise SandboxError(f"{path.name} is not valid YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise SandboxError(f"{path.name} is nested too deeply") from None
    config: Any = content.get("config") if isinstance(content, dict) else None
    settings: dict[str, Any] = config if isinstance(config, dict) else {}
    release = settings.get(f"{PROJECT}:release")
    pins: dict[str, Any] = release if isinstance(release, dict) else {}
    return StackPins(
        path=path,
        region=str(settings.get("aws:region") or DEFAULT_REGION),
        # As written: YAML takes the tag 1.10 for the number 1.1, and 0123456 for 42798.
        pins={key: written["config"][f"{PROJECT}:release"][key] for key in _PINS if pins.get(key) not in (None, "")},
        follow=str(pins["follow"]) if pins.get("follow") else None,
    )


def _repeated_key(node: yaml.Node | None, path: str = "", above: tuple[int, ...] = ()) -> tuple[str, int] | None:
    """Return the path and line of a key that its mapping has twice. The engine refuses those without saying where."""
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
        if found := _repeated_key(value, here, (*above, id(node))):
            return found
    return None


def check_interpreter(checkout: Path) -> None:
    """Raise SandboxError if `.venv`, in which Pulumi.yaml runs the program, is somebody else's and lacks pulumi-aws."""
    environment = checkout / ".venv"
    if environment.is_dir() and not any(environment.glob("lib/python*/site-packages/pulumi_aws")):
        raise SandboxError(
            f"{environment} was not made by Slipway and lacks pulumi-aws: move it away, or run "
            ".venv/bin/pip install -r requirements.txt"
        )


def choose(file: StackPins, asked: dict[str, str], *, checkout: Path, caller: Path | None) -> tuple[App, list[str]]:
    """Return the app to deploy, and notes for the user.

    `asked` holds what `make up` was given of sha, repository and directory; a relative repository is relative to
    `caller` (None if that is unknown). The program prefers the stack file to the environment, so a pin that
    contradicts what was asked for raises SandboxError.
    """
    if "repository" in asked:
        asked = {**asked, "repository": _absolute(asked["repository"], caller)}
    pins = {key: _absolute(value, checkout) if key == "repository" else value for key, value in file.pins.items()}
    for key, value in asked.items():
        if key in pins and pins[key] != value:
            pinned, wanted = without_credentials(file.pins[key]), without_credentials(value)
            raise SandboxError(
                f"{file.path.name} pins {PROJECT}:release.{key} to {pinned!r}, but make was given {wanted!r}: "
                f"remove the pin (pulumi config rm --path {PROJECT}:release.{key}) or don't give make another value"
            )
    chosen = {**pins, **asked}
    if file.follow and "sha" not in chosen:
        _refuse_without_sha(file, asked)
        return App(sha="", repository="", directory="", follows=file.follow), []
    ours = chosen.get("repository", str(checkout)) == str(checkout)
    directory = chosen.get("directory", EXAMPLE if ours else "")
    notes: list[str] = []
    if "sha" not in chosen:
        chosen["sha"] = head(checkout) if ours else "HEAD"
        notes = _uncommitted(checkout, directory) if ours else []
    if not ours:
        notes.append(_FOREIGN)
    if without_credentials(asked.get("repository", "")) != asked.get("repository", ""):
        notes.append(_SEEN)
    return App(sha=chosen["sha"], repository=chosen.get("repository", str(checkout)), directory=directory), notes


def _refuse_without_sha(file: StackPins, asked: dict[str, str]) -> None:
    """Raise SandboxError if make was given where a commit is, and not which one."""
    names = {"repository": "REPO=", "directory": "DIRECTORY="}
    given = [name for key, name in names.items() if key in asked]
    if given:
        raise SandboxError(
            f"{' and '.join(given)} needs SHA=: without it, {file.path.name} takes the last good release of the stack "
            f"{file.follow} from the store ({PROJECT}:release.follow), and no repository"
        )


def _absolute(repository: str, base: Path | None) -> str:
    """Return a path made absolute, and a URL (also one like scp's) as it is. Raises SandboxError if it is neither."""
    if "\0" in repository or any(0xD800 <= ord(character) < 0xE000 for character in repository):
        raise SandboxError(f"REPO={repository!r} is neither a path nor a URL")
    try:
        given = Path(repository).expanduser()
    except RuntimeError:
        raise SandboxError(f"REPO={repository}: that user does not exist") from None
    if "://" not in repository and base is None and not given.is_absolute():
        raise SandboxError(
            f"REPO={repository} is relative, and the folder make was called in is unknown: give an absolute path"
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
    """Return the full SHA of the checkout's commit. Raises SandboxError if there is none."""
    status, output = _git(checkout, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if status:
        raise SandboxError(f"{checkout} has no commit yet: commit something, or name a commit with SHA= and REPO=")
    return output.strip()


def _uncommitted(checkout: Path, directory: str) -> list[str]:
    _, changed = _git(checkout, "status", "--porcelain", "--", directory or ".")
    where = directory or "the checkout"
    return [f"note: {where} has changes that are not committed; HEAD is deployed without them"] if changed else []


def _git(checkout: Path, *arguments: str) -> tuple[int, str]:
    try:
        status, output, _ = git_command.attempt(["-C", str(checkout), *arguments])
    except RevisionError as error:
        raise SandboxError(str(error)) from None
    return status, output.decode("utf-8", "replace")
