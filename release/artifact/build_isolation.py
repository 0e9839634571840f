"""Isolates a build step from its user's processes, home, agents, sockets and working folder on this machine.

Linux namespaces do that, set up by bubblewrap (`bwrap`) or by util-linux (`unshare`, `mount`, `setpriv`), whichever
works here: some machines allow neither. The network stays open, because packages come from there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from release.artifact import temporary
from release.errors import BuildError

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix", "/snap")
_OF_A_TOOL = [
    "bin",
    "sbin",
    "lib",
    "lib32",
    "lib64",
    "libexec",
    "include",
    "pyvenv.cfg",
    "shims",
    "versions",
    "plugins",
    "installs",
    "pyenv.d",
    "Cellar",
    "toolchains",
]
"""Parts of programs; credentials may be beside them, as `~/.cargo/credentials` is beside `~/.cargo/bin`."""
_NOBODY = 65534
_TRIAL = 20.0
"""Seconds."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A build's folders: `checkout` and `home` are its own; `scratch` is for its `/tmp` and for this module."""

    checkout: Path
    home: Path
    scratch: Path


def check() -> None:
    """Raise BuildError if this machine can't isolate a build, which only a trial shows."""
    with temporary.folder() as own:
        place = Place(checkout=own / "checkout", home=own / "home", scratch=own / "scratch")
        for folder in (place.checkout, place.home, place.scratch):
            folder.mkdir()
        wrapped(["true"], place, os.environ)


def wrapped(command: Sequence[str], place: Place, environment: Mapping[str, str]) -> list[str]:
    """Return the command that runs `command` in isolation. Raises BuildError if this machine has no way to do that."""
    problems: list[str] = []
    for way in (_by_bubblewrap, _by_unshare):
        made = way(place, environment.get("PATH", os.defpath), environment)
        if isinstance(made, str):
            problems.append(made)
            continue
        problem = _tried([*made, "true"], environment)
        if problem is None:
            return [*made, *command]
        problems.append(problem)
    raise BuildError(
        "this machine can't keep the build step from your credentials: "
        f"{'; '.join(problems)}. Install bubblewrap, or let users make namespaces (Ubuntu: `sysctl "
        "kernel.apparmor_restrict_unprivileged_userns=0`; containers: run it outside of one). If you trust everything "
        "that the build runs, set slipway:release.build.trusted to true (`python -m release publish --build-trusted`)"
    )


def allowed(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables, except those that name a folder which the build can't see (a cache, say)."""
    return {
        name: value
        for name, value in environment.items()
        if name == "PATH" or not (value.startswith("/") and Path(value).is_dir() and not _is_system(Path(value)))
    }


def rustup(home: Path) -> dict[str, str]:
    """Return the variable that tells rustup where its compilers are, since a build has another home."""
    return {"RUSTUP_HOME": str(home / ".rustup")} if (home / ".rustup/toolchains").is_dir() else {}


def _by_bubblewrap(place: Place, path: str, environment: Mapping[str, str]) -> list[str] | str:
    bwrap = shutil.which("bwrap", path=path)
    if bwrap is None:
        return "bwrap is not installed"
    if os.geteuid() == 0:
        return "bwrap would leave it root"
    options = ["--die-with-parent", "--unshare-pid", "--unshare-ipc", "--proc", "/proc", "--dev", "/dev"]
    for mode, source, target in _binds(place, path, environment):
        if source.is_symlink() and source == target and len(source.parts) == 2:
            options += ["--symlink", str(source.readlink()), str(target)]
        else:
            options += ["--ro-bind" if mode == "ro" else "--bind", str(source), str(target)]
    return [bwrap, *options, "--tmpfs", "/run", "--tmpfs", "/var/tmp", "--chdir", str(place.checkout), "--"]  # noqa: S108


def _by_unshare(place: Place, path: str, environment: Mapping[str, str]) -> list[str] | str:
    tools = f"{path}:/usr/sbin:/sbin"
    missing = [tool for tool in ("unshare", "setpriv", "mount") if shutil.which(tool, path=tools) is None]
    if missing:
        return f"{' and '.join(missing)} (util-linux) are not installed"
    binds, root = place.scratch / "binds", place.scratch / "root"
    root.mkdir(exist_ok=True)
    fields = (field for bind in _binds(place, path, environment) for field in map(str, bind))
    binds.write_bytes(b"".join(os.fsencode(field) + b"\0" for field in fields))
    privileged = os.geteuid() == 0
    uid, gid = (_NOBODY, _NOBODY) if privileged else (os.geteuid(), os.getegid())
    if privileged:
        _give(place, uid, gid)
    spaces = ["--mount", "--pid", "--ipc", "--fork", "--kill-child"]
    if not privileged:
        spaces += ["--user", "--map-root-user"]
    jail = str(Path(__file__).with_name("build_isolation.sh"))
    return ["unshare", *spaces, "bash", jail, str(binds), str(root), str(uid), str(gid), str(place.checkout)]


def _tried(command: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Run a command; return None if it works, else the error in the tool's words."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env=dict(environment), timeout=_TRIAL, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit status {done.returncode}"]
    return None if done.returncode == 0 else said[-1]


def _give(place: Place, uid: int, gid: int) -> None:
    """Give the build's folders to the user `nobody`, as whom it runs."""
    for top in (place.checkout, place.home, place.scratch / "tmp"):
        os.lchown(top, uid, gid)
        for folder, folders, files in os.walk(os.fsencode(top)):
            for name in (*folders, *files):
                os.lchown(os.path.join(folder, name), uid, gid)  # noqa: PTH118 - bytes


def _binds(place: Place, path: str, environment: Mapping[str, str]) -> Iterator[tuple[str, Path, Path]]:
    """Yield what to bind, as `ro` or `rw`, source and target; parents before what is below them."""
    temporary = place.scratch / "tmp"
    temporary.mkdir(exist_ok=True)
    temporary.chmod(0o1777)
    for folder in map(Path, _SYSTEM):
        if folder.exists():
            yield "ro", folder, folder
    yield "rw", temporary, Path("/tmp")  # noqa: S108 - the build's own
    for found in sorted({*_tools(path), *_files(environment), *_rust(environment)}):
        yield "ro", found, found
    for own in (place.checkout, place.home):
        yield "rw", own, own


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the files that variables name (a certificate), and the file behind /etc/resolv.conf."""
    for found in [Path(value) for value in environment.values() if value.startswith("/")]:
        if found.is_file() and not _is_system(found):
            yield found
    resolver = Path("/etc/resolv.conf").resolve()
    if resolver.is_file() and not _is_system(resolver):
        yield resolver


def _rust(environment: Mapping[str, str]) -> Iterator[Path]:
    for name in ("toolchains", "settings.toml"):
        if (found := Path(environment.get("RUSTUP_HOME", "/nowhere"), name)).exists():
            yield found


def _tools(path: str) -> Iterable[Path]:
    """Return the folders of programs on PATH that are not the system's, including those that links lead to."""
    waiting = [Path(folder) for folder in path.split(":") if folder.startswith("/")]
    found: set[Path] = set()
    seen: set[Path] = set()
    while waiting:
        folder = waiting.pop()
        if folder in seen or not folder.is_dir() or _is_system(folder):
            continue
        seen.add(folder)
        found.update(_parts(folder))
        waiting.append(folder.resolve())
        waiting += [item.resolve().parent for item in folder.iterdir() if item.is_symlink()]
    return {part for part in found if not any(above in found for above in part.parents)}


def _parts(folder: Path) -> Iterator[Path]:
    """Yield a folder and the parts of its programs beside it; never a home or the working folder."""
    if folder in _own():
        return
    yield folder
    prefix = folder.parent
    if folder.name not in ("bin", "sbin", "shims") or prefix in _own():
        return
    for name in _OF_A_TOOL:
        if (prefix / name).exists():
            yield prefix / name


def _own() -> set[Path]:
    """Return folders that must never be bound whole: the home, the working folder, and their parents."""
    homes = {Path.home(), Path(os.environ.get("HOME") or "/"), Path.cwd()}
    return {above for home in {*homes, *(home.resolve() for home in homes)} for above in (home, *home.parents)}


def _is_system(path: Path) -> bool:
    return any(path == Path(top) or path.is_relative_to(top) for top in _SYSTEM)
