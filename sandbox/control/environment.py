"""The environment variables with which the usual tools (pulumi, aws, boto3, curl) work on the sandbox."""

from __future__ import annotations

import dataclasses
import getpass
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from sandbox.control import git_shim, policy_pack
from sandbox.control.session import State
from sandbox.ports import LOOPBACK
from sandbox.processes import MARKER
from sandbox.service import keys
from sandbox.service.keys import Keys

PASSPHRASE = "slipway-sandbox"  # noqa: S105  # protects nothing: the sandbox holds no secret
DEFAULT_REGION = "us-east-1"
FIRST_REGION = "eu-west-1"  # of the stack `sandbox`
BACKEND = "pulumi"  # the folder of the state of the stacks there
CONFIG_FILE = "PULUMI_OPTION_CONFIG_FILE"  # the stack file that pulumi uses
POLICY_PACK = "PULUMI_OPTION_POLICY_PACK"  # the rules that it asks in `preview` and `up`
POLICY_LEVELS = "PULUMI_OPTION_POLICY_PACK_CONFIG"  # how much each rule matters

# Parts of a user's own AWS setup. They would take precedence over the keys below, and the sandbox must never reach a
# real account.
_AWS_OF_THE_USER = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_CA_BUNDLE",
)
_OF_MAKE = ("REPO", "MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS")  # REPO may be a URL with a token
_SERVICE_ENDPOINT = "AWS_ENDPOINT_URL_"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Deploy:
    """What an `up` was asked for; a plain `pulumi preview` afterwards asks for the same."""

    stack: str
    provider: str
    region: str
    sha: str
    repository: str
    directory: str
    config_file: str | None = None
    follows: str | None = None  # the stack whose last good release it takes: asked for is neither SHA nor repository


def of_processes(directory: Path, own: Keys) -> dict[str, str]:
    """Return the environment of the sandbox's own processes: marked, and unable to reach the user's AWS account."""
    dropped = {*unwanted(os.environ), *_OF_MAKE, "AWS_ENDPOINT_URL", "AWS_EC2_METADATA_DISABLED"}
    return {
        **{name: value for name, value in os.environ.items() if name not in dropped},
        **_credentials(DEFAULT_REGION, own),
        **_no_proxy(os.environ),
        MARKER: str(directory),
        "PATH": _path({"PATH": git_shim.without(directory, os.environ.get("PATH", os.defpath))}, []),
        "PYTHONUNBUFFERED": "1",
    }


def backend(directory: Path, region: str) -> Path:
    """Return the folder of the state of a region's stacks: to bring up one region, no other one's state is read."""
    return directory / (BACKEND if region == FIRST_REGION else f"{BACKEND}-{quote(region, safe='')}")


def _backend_url(folder: Path) -> str:
    """Return the URL of a folder of state, without a second file (`.attrs`) beside each one.

    It is written after the first, not at once with it: a pulumi that is killed meanwhile leaves it empty, and then
    none of the folder's stacks can be read.
    """
    return f"file://{quote(str(folder))}?metadata=skip"


def backends(directory: Path) -> list[tuple[Path, str]]:
    """Return the folders that hold state, with their regions; the first region's last: others use its replica."""
    found = {FIRST_REGION: directory / BACKEND}
    for folder in sorted(directory.glob(f"{BACKEND}-*")):
        region = unquote(folder.name.removeprefix(f"{BACKEND}-"))
        if (folder / ".pulumi").is_dir():
            found[region] = folder
    return [(folder, region) for region, folder in reversed(found.items()) if folder.is_dir()]


def of_tools(directory: Path, state: State, deploy: Deploy | None, engine: Path) -> dict[str, str]:
    """Return the variables that `env` exports, `shell` sets, and `up` runs pulumi with.

    The sandbox's marker is not among them, or `down` would end the user's shell.
    """
    variables = {
        **_credentials(deploy.region if deploy else DEFAULT_REGION, state.keys),
        "USER": _user(),
        **_no_proxy(os.environ),
        "AWS_ENDPOINT_URL": state.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": _path(os.environ, [git_shim.folder(directory), engine]),
        "PULUMI_HOME": str(directory / "pulumi-home"),
        "PULUMI_BACKEND_URL": _backend_url(backend(directory, deploy.region if deploy else FIRST_REGION)),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }
    if not deploy or deploy.provider == "sandbox":
        variables["PULUMI_DEBUG_PROVIDERS"] = f"aws:{state.ports['provider']}"
    if deploy:
        # An empty one counts as not set, and overrides what an earlier `env` left in the user's shell.
        variables["SLIPWAY_SHA"] = "" if deploy.follows else deploy.sha
        variables["SLIPWAY_REPOSITORY"] = deploy.repository
        variables["SLIPWAY_DIRECTORY"] = deploy.directory
        if policy_pack.folder(directory).is_dir():
            variables[POLICY_PACK] = str(policy_pack.folder(directory))
            variables[POLICY_LEVELS] = str(policy_pack.LEVELS)
        if deploy.config_file:
            variables[CONFIG_FILE] = deploy.config_file
    return variables


def with_tools(base: Mapping[str, str], engine: Path) -> dict[str, str]:
    """Return `base` with this Python's programs and the engine first on PATH."""
    return {**base, "PATH": _path(base, [engine])}


def without_git(path: str, engine: Path) -> str:
    """Return the folders of a PATH that hold no git: the engine itself runs `git status` where it finds one."""
    folders = [entry for entry in path.split(os.pathsep) if not (Path(entry) / "git").exists() or Path(entry) == engine]
    return os.pathsep.join(folders)


def unwanted(base: Mapping[str, str]) -> list[str]:
    """Return the names in `base` that must not be set in the sandbox."""
    return sorted(name for name in base if name in _AWS_OF_THE_USER or name.startswith(_SERVICE_ENDPOINT))


def merged(base: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Return `base` as it is in the sandbox."""
    dropped = {*unwanted(base), "PULUMI_ACCESS_TOKEN", CONFIG_FILE, POLICY_PACK, POLICY_LEVELS}
    return {**{name: value for name, value in base.items() if name not in dropped}, **variables}


def shell_lines(base: Mapping[str, str], variables: Mapping[str, str]) -> list[str]:
    """Return the lines that make a POSIX shell's environment what `merged` returns."""
    unset = [f"unset {name}" for name in unwanted(base)]
    return unset + [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def _credentials(region: str, own: Keys) -> dict[str, str]:
    return {
        keys.ACCESS: own.access,
        keys.SECRET: own.secret,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,  # the name that boto3 and the AWS CLI read
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
    }


def _user() -> str:
    """Return a name for the engine, which insists on one; in a container a user may have only a number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _no_proxy(base: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that keep a proxy of the user's out of requests to this machine."""
    local = f"{LOOPBACK},localhost,127.0.0.0/8"  # load balancers have addresses of their own
    given = base.get("NO_PROXY") or base.get("no_proxy") or ""
    value = given if local in given else ",".join(filter(None, [given, local]))
    return {"NO_PROXY": value, "no_proxy": value}


def _path(base: Mapping[str, str], first: list[Path]) -> str:
    ours = list(dict.fromkeys([str(Path(sys.executable).parent), *map(str, first)]))
    rest = [entry for entry in base.get("PATH", os.defpath).split(os.pathsep) if entry not in ours]
    return os.pathsep.join([*ours, *rest])
