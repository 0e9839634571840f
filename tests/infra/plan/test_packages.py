"""What is known of an image before it boots."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra.plan.packages import RUNTIMES, missing

AL2023 = {"image": "al2023-ami-2023.9.20251110.1-kernel-6.1-x86_64", "owner": "amazon"}


@pytest.mark.parametrize(
    ("command", "package"),
    [
        ("node server.js", "nodejs22"),
        ("exec node server.js", "nodejs22"),
        ("NODE_ENV=production npm start", "nodejs22"),
        ("env A=b npx serve", "nodejs22"),
        ("bundle exec puma", "ruby3.4"),
        ("php -S 0.0.0.0:$PORT", "php8.4"),
        ("java -jar app.jar", "java-21-amazon-corretto-headless"),
        ("go run .", "golang"),
        ("pip3 install -r requirements.txt && python3 app.py", "python3-pip"),
        ("python3.12 -m shop", "python3.12"),
        ("pip3.13 install x", "python3.13-pip"),
    ],
)
def test_a_command_that_the_image_lacks_is_known(command: str, package: str):
    """By the first word, and no longer once a package brings it."""
    found = missing(command, (), **AL2023)
    assert found is not None
    assert found[1] == package
    assert missing(command, (package,), **AL2023) is None


@pytest.mark.parametrize(
    "command",
    [
        "python3 -m shop",
        "bash -c 'node x'",
        "./bin/node x",
        "vendor/bin/puma",
        "node_modules/.bin/next start",
        "cd app && node x",
        "PATH=$PWD/node/bin:$PATH node x",
        "gunicorn app:app",
        "$RUNTIME x",
        "",
    ],
)
def test_what_the_release_may_bring_is_not_refused(command: str):
    """A path, a line that is more than a command, and a name that nobody knows."""
    assert missing(command, (), **AL2023) is None


def test_other_versions_and_images_are_left_alone():
    """Any version of a language brings its command; an image of somebody's own has what it has."""
    assert missing("node x", ("nodejs24",), **AL2023) is None
    assert missing("ruby x", ("ruby3.2",), **AL2023) is None
    assert missing("java x", ("java-17-amazon-corretto",), **AL2023) is None
    assert missing("python3.12 x", ("python3.13",), **AL2023) == ("python3.12", "python3.12")
    assert missing("node x", (), image="shop-base-7", owner="amazon") is None
    assert missing("node x", (), image="al2023-ami-2023.9", owner="self") is None


def test_the_boot_script_knows_the_same():
    """One table for what is refused beforehand and what a boot says."""
    script = Path("release/boot.sh").read_text()
    lines = script[script.index("brought_by() {") : script.index("not_found() {")]
    for runtime in RUNTIMES:
        for command in runtime.commands:
            said = subprocess.run(["bash", "-c", f"{lines}\nbrought_by {command}"], capture_output=True, check=True)
            assert said.stdout.decode().strip() == runtime.package
