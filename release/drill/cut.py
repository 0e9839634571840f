"""Cuts a drill off: from the first region by a proxy, from git by a program that stands in its place and refuses."""

from __future__ import annotations

import os
import shlex
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from release.drill.hosts import allowed
from release.drill.proxy import Proxy, by_way_of, direct
from release.drill.report import Host
from release.text import one_line

_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
_ASKED = ("SLIPWAY_SHA", "SLIPWAY_REPOSITORY", "SLIPWAY_POSTURE", "SLIPWAY_UNREPLICATED", "SLIPWAY_SUPERSEDE")
"""What the user's shell asks the program for is not what a drill asks for."""
LOCAL = "127.0.0.1,localhost,::1,169.254.169.254,169.254.170.2,169.254.170.23"
"""Hosts that are asked directly: this machine, and where AWS's SDKs get credentials on instances and in containers."""
_GIT = """\
#!/bin/sh
if [ "$*" != "status --porcelain -z" ]; then  # the engine's own, by which it describes an update: it asks no host
  printf "git %s\\n" "$*" | head -c 300 >>{log}
fi
echo "fatal: the drill has cut off git" >&2
exit 128
"""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What a cut-off has seen, and the environment of what runs behind it."""

    environment: Mapping[str, str]
    _proxy: Proxy
    _log: Path

    def hosts(self) -> tuple[Host, ...]:
        """Return the hosts that were asked for."""
        return self._proxy.hosts()

    def git(self) -> tuple[str, ...]:
        """Return the git commands that were refused."""
        try:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ()
        return tuple(one_line(line, 200) for line in lines[:100])


@contextmanager
def cut_off(folder: Path, region: str, environment: Mapping[str, str]) -> Generator[Cut]:
    """Cut off this process's AWS clients made within, and whatever runs in the environment of the cut."""
    log = folder / "git.log"
    log.unlink(missing_ok=True)
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    _stand_in(programs / "git", log)
    upstream = environment.get("https_proxy") or environment.get("HTTPS_PROXY")
    with Proxy(allowed(region).scope, connect=by_way_of(upstream) if upstream else direct) as proxy:
        through = {"HTTPS_PROXY": proxy.url, "https_proxy": proxy.url, "NO_PROXY": LOCAL, "no_proxy": LOCAL}
        kept = {name: value for name, value in environment.items() if name not in (*_PROXIES, *_ASKED)}
        path = os.pathsep.join([str(programs), environment.get("PATH", os.defpath)])
        before = {name: os.environ.pop(name, None) for name in _PROXIES}
        os.environ.update(through)
        try:
            yield Cut(environment={**kept, **through, "PATH": path}, _proxy=proxy, _log=log)
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def _stand_in(path: Path, log: Path) -> None:
    path.write_text(
        _GIT.format(log=shlex.quote(str(log))),
        encoding="utf-8",
    )
    path.chmod(0o700)
