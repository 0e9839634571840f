"""`python -m sandbox.lint`: actionlint and zizmor over this repository's workflows; 1 if either finds something.

zizmor is one of the audit's tools. actionlint's package on PyPI fetches a program from elsewhere as it is installed, so
it is built from its module, whose go.sum is committed: once, into the cache.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sandbox import bootstrap
from sandbox.audit import tools
from sandbox.engine import acquire, build, toolchain
from sandbox.errors import SandboxError, describe
from sandbox.locks import locked
from sandbox.paths import CHECKOUT, cache_root, machine
from sandbox.progress import Progress, follow, tail

PACKAGE = "github.com/rhysd/actionlint/cmd/actionlint"
HERE = Path(__file__).parent
DEADLINE = 900.0
"""Seconds for the build, on a very slow machine."""
_CHECK = 300.0
"""Seconds for a linter."""


def main() -> int:
    """Run both linters, whatever the first one finds; the exit status."""
    try:
        zizmor = bootstrap.made(tools.REQUIREMENTS).with_name("zizmor")
        # What is on PATH must not decide what is found: actionlint would run shellcheck and pyflakes.
        found = _run(str(actionlint()), "-shellcheck=", "-pyflakes="), _run(str(zizmor), "--offline", "--quiet")
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {describe(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 1 if any(found) else 0


def _run(*program: str) -> int:
    workflows = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
    try:
        return subprocess.run([*program, *workflows], cwd=CHECKOUT, check=False, timeout=_CHECK).returncode
    except subprocess.TimeoutExpired:
        raise SandboxError(f"{Path(program[0]).name} took more than {_CHECK / 60:.0f} min") from None


def actionlint() -> Path:
    """Return actionlint; build it first if the cache has none. Raises SandboxError if that fails."""
    target = cache_root() / "lint" / f"actionlint-{version()}-{machine()}"
    if not target.exists():
        with locked(
            target.with_name(f"{target.name}.lock"),
            deadline=DEADLINE,
            waiting=lambda: print("waiting for another process to build actionlint", file=sys.stderr),
        ):
            if not target.exists():
                _build(target)
    return target


def version() -> str:
    """Return the version of actionlint that go.mod names."""
    line = next(line for line in (HERE / "go.mod").read_text().splitlines() if "rhysd/actionlint v" in line)
    return line.split()[1]


def _build(target: Path) -> None:
    with acquire.workspace(target.parent) as work:
        environment = build.environment(work)
        go = toolchain.find(work, environment)
        progress, log, built = Progress("building actionlint"), work / "build.log", work / "actionlint"
        command = [str(go), "build", "-trimpath", "-ldflags", "-s -w", "-o", str(built), PACKAGE]
        try:
            code = follow(
                command,
                progress=progress,
                status=lambda _line: "only once",
                log=log,
                env=environment,
                cwd=HERE,
                deadline=DEADLINE,
            )
        except TimeoutError:
            raise SandboxError(f"building actionlint took more than {DEADLINE / 60:.0f} min") from None
        if code:
            raise SandboxError(f"building actionlint failed:\n{tail(log)}")
        built.rename(target)
        progress.end("built")


if __name__ == "__main__":
    sys.exit(main())
