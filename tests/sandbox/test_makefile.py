"""What `make` is told becomes what Slipway is told, wherever it is called from and whatever the folders are called."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox import bootstrap
from sandbox.caller import caller, changes
from sandbox.errors import SandboxError

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).resolve().parents[2]
NAMES = [
    "it's",
    "C#",
    "my%20site",
    "a b",
    "$HOME $y",
    "a&b;c",
    "-x",
    "ü",
    "back\\slash",
    '"',
    "(a)",
    "a*?[b]",
    "~",
    "a=b",
]


@pytest.fixture(params=NAMES)
def folders(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A checkout's Makefile, and an app beside it, below a folder with an odd name."""
    slipway, app = tmp_path / request.param / "slipway", tmp_path / request.param / "app"
    (slipway / "sandbox").mkdir(parents=True)
    app.mkdir()
    shutil.copy(ROOT / "Makefile", slipway)
    for name in ("caller.py", "bootstrap.py"):
        shutil.copy(ROOT / "sandbox" / name, slipway / "sandbox")
    return slipway, app


def make_up(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Let `make up` say what it would do."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment = {**environment, "PWD": str(folder), **more}
    command = ["make", "-n", *arguments, "up"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def told(folder: Path, *arguments: str, **more: str) -> dict[str, str]:
    """What `sandbox up` would be told, as a dictionary."""
    ran = make_up(folder, *arguments, **more)
    assert ran.returncode == 0, ran.stderr
    [line] = [line for line in ran.stdout.splitlines() if line.startswith("exec ")]
    words = shlex.split(line)
    return dict(word.split("=", 1) for word in words if word.startswith("--"))


FLAGS = [[], ["-s"], ["--no-print-directory"], ["-w"], ["-sw"], ["-j2"], ["-j", "2"]]


def test_a_relative_repository_is_the_callers(folders: tuple[Path, Path]):
    """However the folders are called."""
    slipway, app = folders
    assert told(app, "-s", "-C", "../slipway", "REPO=.")["--relative-to"] == str(app)
    assert told(slipway, "REPO=../app")["--relative-to"] == str(slipway)


@pytest.mark.parametrize("folders", ["it's"], indirect=True)
@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
def test_whatever_make_says_of_where_it_went(folders: tuple[Path, Path], flags: list[str]):
    """With every flag that says something, or nothing, and every way to write -C."""
    _, app = folders
    for way in (["-C../slipway"], ["--dir", "../slipway"], ["-C", "..", "-C", "slipway"]):
        assert told(app, *flags, *way, "REPO=.")["--relative-to"] == str(app)


@pytest.mark.parametrize("folders", ["a b"], indirect=True)
def test_where_the_caller_is_not_known_nothing_is_made_up(folders: tuple[Path, Path]):
    """A PWD that somebody exported leads nowhere, and without -C it does not matter."""
    slipway, app = folders
    assert told(app, "-C", "../slipway", "REPO=.", PWD="/usr")["--relative-to"] == ""
    assert told(slipway, "REPO=.", PWD="/usr")["--relative-to"] == str(slipway)


@pytest.mark.parametrize("folders", ["a b"], indirect=True)
def test_a_makefile_without_its_folder_is_refused(folders: tuple[Path, Path]):
    """`make -f` leaves make in the caller's folder, where nothing of Slipway is."""
    slipway, app = folders
    ran = make_up(app, "-f", str(slipway / "Makefile"), "REPO=.")
    assert ran.returncode != 0
    assert "make -C" in ran.stderr


@pytest.mark.parametrize("folders", ["a b"], indirect=True)
def test_a_url_is_in_no_argument(folders: tuple[Path, Path]):
    """REPO may hold a token, and everybody can read the arguments of a process; the environment's means nothing."""
    slipway, _ = folders
    url = "https://bob:tok3n@example.invalid/a.git"
    assert told(slipway, f"REPO={url}")["--repo-from"] == "REPO"
    assert "tok3n" not in str(told(slipway, f"REPO={url}"))
    assert "--repo-from" not in told(slipway, REPO=url)


def test_a_link_to_the_folder(tmp_path: Path):
    """PWD names a folder by a link; `..` is its real parent."""
    real, slipway, link = tmp_path / "real" / "app", tmp_path / "real" / "slipway", tmp_path / "link"
    real.mkdir(parents=True)
    slipway.mkdir()
    link.symlink_to(real)
    assert caller(["-C", "../slipway"], str(slipway), [str(link), str(real)]) == str(real)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["up", "REPO=."], []),
        (["-C", "a", "-Cb", "-skC", "c", "--directory", "d", "--dire=e"], ["a", "b", "c", "d", "e"]),
        (["-f", "-C", "--", "-C", "a"], []),
        (["-I", "-C", "-j2C", "-E", "C", "-C"], [""]),
        (["--debug", "--d"], []),
    ],
)
def test_command_lines_of_make(line: list[str], expected: list[str]):
    """Its options are told from what belongs to them."""
    assert changes(line) == expected


@pytest.mark.parametrize("name", ["a:b", "a\nb"])
def test_folders_that_cannot_be_on_path_are_refused(name: str):
    """Before anything is made."""
    with pytest.raises(SandboxError, match="move the checkout"):
        bootstrap.check_folder(Path("/tmp") / name)  # noqa: S108 - not made


def test_folders_with_odd_names_are_not():
    for name in NAMES:
        bootstrap.check_folder(Path("/tmp") / name)  # noqa: S108 - not made
