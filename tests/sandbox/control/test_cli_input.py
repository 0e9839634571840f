"""Whatever is typed after a command is taken, or refused in one line: never a traceback."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.control import cli, stack
from sandbox.errors import SandboxError

NUMBERS = [
    "1e400",
    "nan",
    "inf",
    "-1",
    "9" * 5000,
    "0x1",
    "1_0",
    "",
    " ",
    "1e-1",
    "\u0663",
    "\u00b2",
    "\udcff",
    "--",
    "1.",
    "61",
]


def said(*arguments: str) -> str:
    """What a command says; its exit code may be anything but 0, and no exception may leave it."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(errors):
        try:
            code = cli.main(arguments)
        except SystemExit as ended:
            code = ended.code
    assert code != 0, arguments
    assert "error: " in errors.getvalue()
    assert len(errors.getvalue()) < 2000
    return errors.getvalue()


@pytest.mark.parametrize("words", [["sandbox", "status"], ["release", "list"]])
def test_a_python_without_the_packages_is_told_the_one_that_has_them(words: list[str]):
    """`python -m` outside of `make shell` runs the machine's own Python, which says which one to use."""
    ran = subprocess.run([sys.executable, "-S", "-m", *words], capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.fullmatch(r"error: [^\n]* has no \w+: use \.venv/bin/python[^\n]*\n", ran.stderr)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("fault", ["latency", "throttle", "reset", "lose"])
def test_odd_numbers_of_faults_are_refused(fault: str, number: str):
    """Before anything is asked of a sandbox."""
    assert ("are required" if number == "--" else "not a number from 0 to") in said("fault", fault, number)


@pytest.mark.parametrize("port", ["0", "65536", "nan", "9" * 5000, "-1", "\u00b2", "\u0663", "1.0", "\udcff"])
def test_odd_ports_are_refused(port: str):
    """Before anything is started."""
    assert "is not a port" in said("up", f"--port={port}")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 5000, "\udcff", "a\nb", "-"])
def test_odd_stacks_are_refused(name: str):
    """Before anything is started."""
    assert ("Pulumi.-.yaml does not exist" if name == "-" else "is not the name of a stack") in said(
        "up", f"--stack={name}"
    )


@given(st.text(min_size=1, max_size=30) | st.text("/~.:-%$'", min_size=1, max_size=300) | st.just("a" * 5000))
def test_any_repository_is_a_folder_or_a_url_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str):
    """Decided before anything is started."""
    folder = tmp_path_factory.getbasetemp()
    file = stack.StackPins(path=folder / "Pulumi.x.yaml", region="eu-west-1", pins={})
    for caller in (folder, None):
        with contextlib.suppress(SandboxError):
            stack.choose(file, {"repository": text, "sha": "v1"}, checkout=folder / "none", caller=caller)
