"""Runs the optional build step: a command in a clean copy of the commit, whose result is deployed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from release import command as commands
from release.artifact import archive, build_isolation, temporary
from release.artifact.archive import Artifact
from release.artifact.build_isolation import Place
from release.errors import BuildError
from release.source import files, links
from release.source.revision import Revision

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
    command = ["bash", "-euo", "pipefail", "-c", build.command]
    variables = environment(revision, place.home, os.environ if build.trusted else build_isolation.allowed(os.environ))
    if build.trusted:
        output("the build step is trusted: it can read your credentials")
    else:
        command = build_isolation.wrapped(command, place, variables)
    try:
        ended = commands.run(
            command,
            directory=place.checkout,
            environment=variables,
            timeout=build.timeout,
            output=output,
            umask=0o022,
        )
    except OSError as error:
        raise BuildError(f"the build step cannot be started: {error}") from None
    if ended.status == 0:
        return
    late = f"took more than {build.timeout:g} s"
    how = late if ended.status is None else f"failed with exit status {ended.status}"
    raise BuildError(f"build of {revision.sha[:12]}: `{build.command}` {how}; its last lines:{ended.told()}")
