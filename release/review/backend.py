"""Reads what Pulumi's backend has of review stacks, and removes them from it, by the engine.

All is done in a project of its own, a folder with nothing but the project's name: a removal needs neither the program
nor a stack's file, and whoever sweeps need not have them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote

import yaml

from release import names
from release.engine import QUESTION, Engine, Ran
from release.errors import EngineError
from release.review.decide import Kept

PROJECT = "Pulumi.yaml"
URL = "PULUMI_BACKEND_URL"
DESTROY = 1800.0
"""Seconds to destroy one stack; a load balancer, a NAT gateway and a group with its instances take ten minutes."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The backend that the environment names, for the project in `folder`, which is a copy. `stop` ends what runs."""

    folder: Path
    environment: Mapping[str, str]
    stop: threading.Event

    @classmethod
    def of(cls, project: Path, folder: Path, environment: Mapping[str, str], stop: threading.Event) -> Backend:
        """Return the backend of the project there. Raises EngineError if its file can't be read."""
        (folder / PROJECT).write_text(_bare(project / PROJECT), encoding="utf-8")
        named = {name: absolute(environment[name], project) for name in (URL,) if environment.get(name)}
        return cls(folder=folder, environment={**environment, **named}, stop=stop)

    def stacks(self) -> dict[str, int]:
        """Return the project's stacks, and how many resources each has. Raises EngineError."""
        found = self._engine("").json("stack", "ls")
        return {str(each["name"]).rpartition("/")[2]: int(each.get("resourceCount") or 0) for each in found}

    def kept(self, stack: str) -> Kept:
        """Return what the backend has of a stack, and keep what it takes to remove it. Raises EngineError."""
        ran, text = self._engine(stack).answer("stack", "export", "--stack", stack, deadline=QUESTION)
        if ran.code:
            raise EngineError(f"pulumi stack export: {ran.why}")
        try:
            deployment = cast("dict[str, Any]", json.loads(text)["deployment"] or {})
        except (ValueError, KeyError, TypeError):
            raise EngineError(f"the state of {stack} can't be read") from None
        self._config(stack).write_text(secrets(deployment), encoding="utf-8")
        resources = cast("list[dict[str, Any]]", deployment.get("resources") or [])
        real = [each for each in resources if each.get("custom") and not str(each["type"]).startswith("pulumi:")]
        values = {tags[names.EXPIRY_TAG] for each in real if names.EXPIRY_TAG in (tags := _tags(each))}
        count = len(resources) if real else 0  # as `pulumi stack ls` counts, components among them
        return Kept(resources=count, expires=frozenset(values))

    def destroy(self, stack: str, show: Callable[[str], None]) -> Ran:
        """Remove all that the state has of a stack, as far as it goes. Raises EngineError at the deadline."""
        arguments = ("destroy", "--yes", "--skip-preview", "--continue-on-error", "--stack", stack)
        return self._engine(stack).follow(*arguments, deadline=DESTROY, show=show)

    def forget(self, stack: str) -> Ran:
        """Remove a stack that has no resources; the engine refuses where it has some."""
        return self._engine(stack).ask("stack", "rm", "--yes", "--stack", stack)

    def _config(self, stack: str) -> Path:
        return self.folder / f"Pulumi.{stack}.yaml"

    def _engine(self, stack: str) -> Engine:
        given = {key: value for key, value in self.environment.items() if key not in _OTHERS}
        return Engine(project=self.folder, stack=stack, config=self._config(stack), environment=given, stop=self.stop)


_OTHERS = (
    "PULUMI_STACK",
    "PULUMI_OPTION_STACK",
    "PULUMI_OPTION_CONFIG_FILE",
    "PULUMI_OPTION_POLICY_PACK",
    "PULUMI_OPTION_POLICY_PACK_CONFIG",
)
"""Variables that lead the engine to another stack, another file, or a pack that this bare project has not."""


def secrets(deployment: Mapping[str, Any]) -> str:
    """Return the lines of a stack file by which the engine decrypts a state. Pure."""
    provider = deployment.get("secrets_providers") or {}
    state = provider.get("state") or {}
    lines = {
        "encryptionsalt": state.get("salt"),
        "secretsprovider": state.get("url"),
        "encryptedkey": state.get("encryptedkey"),
    }
    return yaml.safe_dump({key: value for key, value in lines.items() if value}) if any(lines.values()) else ""


def _tags(resource: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a resource in a state; an Auto Scaling group has a list of them."""
    tags: Any = (resource.get("outputs") or {}).get("tags")
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in cast("Mapping[str, Any]", tags).items()}
    return dict(_pairs(cast("list[Any]", tags))) if isinstance(tags, list) else {}


def _pairs(tags: list[Any]) -> Iterator[tuple[str, str]]:
    for tag in tags:
        if isinstance(tag, dict) and "key" in tag:
            yield str(tag["key"]), str(cast("dict[str, Any]", tag).get("value"))


def _bare(file: Path) -> str:
    """Return a project's file with nothing in it but its name and its backend."""
    try:
        project: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        bare = {"name": str(project["name"]), "runtime": "python"}
    except OSError:
        raise EngineError(f"{file.parent} has no {PROJECT}: run this in Slipway's folder") from None
    except (yaml.YAMLError, TypeError, KeyError, UnicodeDecodeError):
        raise EngineError(f"{file} is not the file of a project") from None
    backend: Any = project.get("backend")
    if not isinstance(backend, dict) or not isinstance(backend.get("url"), str):
        return yaml.safe_dump(bare)
    return yaml.safe_dump({**bare, "backend": {"url": absolute(backend["url"], file.parent)}})


def absolute(url: str, project: Path) -> str:
    """Return a backend's URL such that it names the same place from another folder (`file://./state`)."""
    path, mark, options = url.removeprefix("file://").partition("?")
    if not url.startswith("file://."):
        return url
    return f"file://{quote(str((project / unquote(path)).resolve()))}{mark}{options}"
