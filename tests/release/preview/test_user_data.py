"""Tests of release/preview/user_data.py, over what release/component/user_data.py renders."""

from __future__ import annotations

import base64
from dataclasses import replace

from release.component.user_data import Boot, render
from release.preview.user_data import Told, decoded, differences

BOOT = Boot(
    sha="a" * 40,
    digest="1" * 64,
    bucket="store",
    region="eu-west-1",
    fleet="web",
    group="slipway-prod-web",
    hook="boot",
    log_group="/slipway/prod/web",
    command="exec 'a b' --it's",
    port=8080,
    health_path="/healthz",
    health_codes="200",
    health_timeout=2,
    boot_timeout=60,
    environment={"LOG_LEVEL": "info", "MOTD": "it's\ntwo = lines", "command": "x"},
    secrets=("/slipway/prod/web/DATABASE_URL:3",),
    packages=("nodejs20",),
)


def test_nothing_differs_between_two_of_the_same():
    """The names and values of one rendering are those of another."""
    assert differences(render(BOOT), render(BOOT)) == ()


def test_a_variable_of_the_app():
    """It is named alone, whatever else the values around it have in them."""
    newer = replace(BOOT, environment={**BOOT.environment, "LOG_LEVEL": "debug"})
    assert differences(render(BOOT), render(newer)) == (Told(name="LOG_LEVEL", before="info", after="debug"),)


def test_everything_that_may_differ():
    """Variables that come and go, secrets by their version, packages, and Slipway's own words in small letters."""
    newer = replace(
        BOOT,
        sha="b" * 40,
        command="serve",
        health_path="/ready",
        environment={"MOTD": BOOT.environment["MOTD"], "command": "y", "NEW": ""},
        secrets=("/slipway/prod/web/DATABASE_URL:4",),
        packages=(),
    )
    assert {told.name: (told.before, told.after) for told in differences(render(BOOT), render(newer))} == {
        "release": ("a" * 40, "b" * 40),
        "command": ("exec 'a b' --it's", "serve"),
        "health path": ("/healthz", "/ready"),
        "LOG_LEVEL": ("info", None),
        "variable command": ("x", "y"),
        "NEW": (None, ""),
        "secret DATABASE_URL": ("/slipway/prod/web/DATABASE_URL:3", "/slipway/prod/web/DATABASE_URL:4"),
        "package nodejs20": ("installed", None),
    }


def test_the_packed_script_is_one_line():
    """Nobody reads base85; that it is another one is what there is to say."""
    text = render(BOOT)
    (told,) = differences(text, text.rpartition("'")[0][:-4] + "abcd')\n")
    assert told.name == "boot script"
    assert told.before != told.after


def test_user_data_of_something_else():
    """Lines that are gone and new."""
    assert [(told.before, told.after) for told in differences("#!/bin/sh\na\n", "#!/bin/sh\nb\n")] == [
        ("a", None),
        (None, "b"),
    ]
    assert (decoded("not base64"), decoded(base64.b64encode(b"\xff"))) == (None, None)
