"""What a machine's dnf puts onto its PATH."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.machines.developer import Developer
from sandbox.machines.dnf import DnfError, install
from sandbox.machines.repository import PACKAGES

pytestmark = pytest.mark.sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "usr" / "bin"
    made.mkdir(parents=True)
    return made


def program(file: Path, says: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{says}\n")
    file.chmod(0o755)
    return file


def developer(tmp_path: Path) -> Developer:
    return Developer(folders=(tmp_path / "shims", tmp_path / "bin"), home=tmp_path / "home")


def test_a_package_brings_its_commands_in_every_name(tmp_path: Path, folder: Path):
    """nodejs22 is `node` and `node-22`; what lies beside the program comes from there, not from PATH."""
    node = program(tmp_path / "node" / "bin" / "node")
    program(tmp_path / "node" / "bin" / "npm")
    program(tmp_path / "bin" / "npm")
    program(tmp_path / "bin" / "node", f"echo {node}")
    install(["nodejs22"], folder, developer(tmp_path))
    assert {link.name: link.readlink() for link in folder.iterdir()} == {
        name: node.with_name(name.split("-")[0]) for name in ("node", "node-22", "npm", "npm-22")
    }


def test_a_shim_that_does_not_work_is_passed_over(tmp_path: Path, folder: Path):
    """One of a manager of versions says nothing of the version that is not chosen; it lies below the home."""
    program(tmp_path / "shims" / "python3.12", "exit 127")
    real = program(tmp_path / "home" / ".pyenv" / "versions" / "3.12.1" / "bin" / "python3.12", 'echo "$0"')
    install(["python3.12"], folder, developer(tmp_path))
    inner = folder.parent / "lib" / "python3.12" / "bin" / "python3.12"
    assert inner.readlink() == real


def test_pip_comes_with_its_own_package(tmp_path: Path, folder: Path):
    """And belongs to the Python of that package alone."""
    name = "python3.12"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / name).symlink_to(getattr(sys, "_base_executable", sys.executable))
    install([name], folder, developer(tmp_path))
    environment = {"PATH": str(folder)}
    without = subprocess.run([folder / name, "-m", "pip"], env=environment, capture_output=True, text=True, check=False)
    assert "No module named pip" in without.stderr
    install([f"{name}-pip"], folder, developer(tmp_path))
    said = subprocess.run(
        [folder / "pip3.12", "--version"], env=environment, capture_output=True, text=True, check=True
    )
    assert str(folder.parent / "lib" / name) in said.stdout


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["git", "nodejs99", "foo"], "No match for argument: nodejs99\nNo match for argument: foo\n"
                                     "Error: Unable to find a match: nodejs99 foo"),
        (["git", "php8.4"], "Error: php8.4 is a package of Amazon Linux 2023, but this computer has no php"),
        (["git", "python3.14-pip"], "Error: python3.14-pip is a package .* but this computer has no python3.14"),
    ],
)  # fmt: skip
def test_what_cannot_be_installed_leaves_all_as_it_was(tmp_path: Path, folder: Path, names: list[str], why: str):
    """An unknown package in dnf's own words; one that is known, with what is missing on this computer."""
    program(tmp_path / "bin" / "git")
    with pytest.raises(DnfError, match=why):
        install(names, folder, developer(tmp_path))
    assert list(folder.iterdir()) == []


def test_what_the_errors_recommend_is_there():
    """A package that the boot script names can be installed in the sandbox too."""
    from infra.plan.packages import RUNTIMES

    assert {runtime.package for runtime in RUNTIMES} <= set(PACKAGES)
