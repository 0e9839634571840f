"""Build the engine from its Go modules, which needs access to the module proxy only.

The command line tool and the Python language host are `tool` dependencies of two small modules beside this file: the
last version of the SDK's module that contains the language host is older than the tool. Their go.sum is committed, so
that only the reviewed code is built.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from sandbox.engine import toolchain
from sandbox.errors import SandboxError
from sandbox.progress import Progress, follow, tail

HERE = Path(__file__).parent
DEADLINE = 3600.0  # seconds
SDK = "github.com/pulumi/pulumi/sdk/v3"
LANGUAGE_HOST = "v3.79.0"


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Build:
    """One program: `package` of the module in `folder`, to be built with `go` and the caches in `work`."""

    go: Path
    environment: dict[str, str]
    work: Path
    folder: str
    package: str
    program: str

    def run(self, version: str, result: Path) -> None:
        """Build the program into `result`."""
        progress = Progress(f"building {self.program}")
        packages = self._list(progress)
        compiled = 0

        def status(_line: str) -> str:
            nonlocal compiled
            compiled += 1
            return f"{min(compiled, packages)} of {packages} packages"

        linked = f"-s -w -X {SDK}/go/common/version.Version={version}"
        output = str(result / self.program)
        self._follow(["build", "-v", "-trimpath", "-ldflags", linked, "-o", output], progress, status)
        progress.end("built")

    def _list(self, progress: Progress) -> int:
        """Fetch the modules. Returns how many packages there are to compile."""
        fetched = packages = 0

        def status(line: str) -> str:
            nonlocal fetched, packages
            if line.startswith("go: downloading"):
                fetched += 1
            else:
                packages += 1
            return f"{fetched} modules fetched"

        self._follow(["list", "-deps"], progress, status)
        return packages

    def _follow(self, arguments: list[str], progress: Progress, status: Callable[[str], str]) -> None:
        log = self.work / f"{self.program}.log"
        try:
            code = follow(
                [str(self.go), *arguments, self.package],
                progress=progress,
                status=status,
                log=log,
                env=self.environment,
                cwd=HERE / self.folder,
                deadline=DEADLINE,
            )
        except TimeoutError:
            raise SandboxError(f"building {self.program} took more than {DEADLINE / 60:.0f} min") from None
        if code:
            raise SandboxError(
                f"building {self.program} failed; fix the error below, or install Pulumi yourself "
                f"(https://www.pulumi.com/docs/install):\n{tail(log)}"
            )


def build(version: str, *, work: Path, result: Path) -> None:
    """Build the engine's programs into `result`, with every cache in `work`. Raises SandboxError if that fails."""
    variables = environment(work)
    go = toolchain.find(work, variables)
    tool = _Build(
        go=go,
        environment=variables,
        work=work,
        folder="cli",
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        program="pulumi",
    )
    host = dataclasses.replace(
        tool,
        folder="host",
        package=f"{SDK}/python/cmd/pulumi-language-python",
        program="pulumi-language-python",
    )
    tool.run(version, result)
    host.run(LANGUAGE_HOST, result)
    _copy_exec(go, result, variables)


def environment(work: Path) -> dict[str, str]:
    """Return the user's environment (which may choose a Go proxy) with caches in `work` and without a C compiler."""
    temporary = work / "tmp"
    temporary.mkdir()
    return {
        **os.environ,
        "GOMODCACHE": str(work / "modules"),
        "GOCACHE": str(work / "cache"),
        "GOTMPDIR": str(temporary),
        "GOFLAGS": "-mod=readonly",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }


def _copy_exec(go: Path, result: Path, environment: dict[str, str]) -> None:
    """Copy the script that starts a Python program from the SDK's module; it is not Go."""
    folder = subprocess.run(
        [str(go), "list", "-m", "-f", "{{.Dir}}", SDK],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=HERE / "cli",
        timeout=60,
    ).stdout.strip()
    target = result / "pulumi-language-python-exec"
    shutil.copyfile(Path(folder) / "python" / "cmd" / target.name, target)
    target.chmod(0o755)
