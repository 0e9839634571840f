"""Runs the optional build step: a command in a clean copy of the commit, whose result is deployed."""

from __future__ import annotations

import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from release import processes
from release.artifact import archive, build_isolation, temporary
from release.artifact.archive import Artifact
from release.artifact.build_isolation import Place
from release.errors import BuildError
from release.source import files, links
from release.source.revision import Revision

_LAST_LINES = 20
_LONGEST_LINE = 8192
_PASSED = (
    "PATH LANG CI HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy SSL_CERT_FILE SSL_CERT_DIR"
    " NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE GOPROXY GONOSUMDB GOPRIVATE"
)
_PASSED_PREFIXES = ("PIP_", "UV_", "NPM_CONFIG_", "npm_config_", "BUNDLE_", "CARGO_")


@dataclass(frozen=True, kw_only=True)
class Build:
    """A command for bash, run in the deployed directory, and the seconds that it may take.

    A `trusted` one may read everything that its user can read on this machine, including credentials.
    """

    command: str
    timeout: float = 900.0
    trusted: bool = False


def run(revision: Revision, build: Build, destination: Path, output: Callable[[str], None]) -> Artifact:
    """Export the revision, run the command in it, and archive what is there then into the file `destination`.

    `output` gets each line as it comes, from another thread. The command's environment has no AWS credentials, its
    HOME is an empty directory, and unless it is trusted it is isolated (build_isolation.py). Raises BuildError with
    the exit status and the last lines. In any case, also on Ctrl-C, its processes are ended and the copy is removed.
    """
    with temporary.folder() as own:
        checkout, home = own / "checkout", own / "home"
        for folder in (home, own / "scratch"):
            folder.mkdir()
        try:
            export(revision, checkout)
        except OSError as error:
            raise BuildError(
                f"{checkout}: the commit can't be written for its build ({error.strerror}): set TMPDIR to a folder "
                "with more room"
            ) from None
        _execute(revision, build, Place(checkout=checkout, home=home, scratch=own / "scratch"), output)
        where = f"build of {revision.sha[:12]}"
        return archive.write_directory(checkout, destination, mtime=int(revision.committed.timestamp()), where=where)


def export(revision: Revision, directory: Path) -> None:
    """Write the revision's files below `directory`, with modes 755 and 644 whatever the umask."""
    top = os.fsencode(directory)
    os.mkdir(top)  # noqa: PTH102 - bytes
    targets: dict[bytes, bytes] = {}
    with files.contents(revision) as reader:
        for file in files.listed(revision):
            path = os.path.join(top, file.path)  # noqa: PTH118 - bytes
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - bytes
            if file.is_link:
                targets[file.path] = reader.read(file)
                continue
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            except OSError as error:
                raise BuildError(f"{file.shown}: can't be written here ({error.strerror}): build on Linux") from None
            with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
                os.fchmod(descriptor, 0o755 if file.executable else 0o644)
                stream.writelines(reader.chunks(file))
    links.check(targets, revision.where)
    for path, target in targets.items():
        os.symlink(target, os.path.join(top, path))  # noqa: PTH118, PTH211 - bytes


def environment(revision: Revision, home: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the command's environment: where packages come from and the commit, but no AWS credentials."""
    kept = {
        name: value for name, value in inherited.items() if name in _PASSED.split() or name.startswith(_PASSED_PREFIXES)
    }
    return (
        kept
        | build_isolation.rustup(Path.home())
        | {
            "HOME": str(home),
            "TMPDIR": str(home),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "AWS_EC2_METADATA_DISABLED": "true",
            "SOURCE_DATE_EPOCH": str(int(revision.committed.timestamp())),
            "SLIPWAY_SHA": revision.sha,
        }
    )


def _execute(revision: Revision, build: Build, place: Place, output: Callable[[str], None]) -> None:
    last: deque[str] = deque(maxlen=_LAST_LINES)
    command = ["bash", "-euo", "pipefail", "-c", build.command]
    variables = environment(revision, place.home, os.environ if build.trusted else build_isolation.allowed(os.environ))
    if build.trusted:
        output("the build step is trusted: it can read your credentials")
    else:
        command = build_isolation.wrapped(command, place, variables)

    def tell(line: str) -> None:
        last.append(line)
        output(line)

    with _process(command, place.checkout, variables) as process:
        reader = threading.Thread(target=_read, args=(process, tell), daemon=True)
        reader.start()
        try:
            status = process.wait(timeout=build.timeout)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            processes.end_guarded(process)
            reader.join(timeout=5)
    if status == 0:
        return
    how = f"failed with exit status {status}" if status is not None else f"took more than {build.timeout:g} s"
    said = "".join(f"\n    {line}" for line in last)
    raise BuildError(f"build of {revision.sha[:12]}: `{build.command}` {how}; its last lines:{said or ' none'}")


@contextmanager
def _process(
    command: Sequence[str], directory: Path, environment: dict[str, str]
) -> Generator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            processes.guarded(command),
            cwd=directory,
            env=environment,
            umask=0o022,
            stdin=subprocess.PIPE,  # the guard ends the command when this closes
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise BuildError(f"the build step cannot be started: {error}") from None
    try:
        yield process
    finally:
        processes.end_guarded(process)
        if process.stdout is not None:
            process.stdout.close()


def _read(process: subprocess.Popen[bytes], tell: Callable[[str], None]) -> None:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    while line := process.stdout.readline(_LONGEST_LINE):
        tell(line.decode("utf-8", "replace").rstrip("\r\n"))
