"""What is made from the schema of the settings: docs/settings.md and slipway.schema.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from infra.settings import page as settings_page
from infra.settings.section import Section, inner
from infra.settings.stack import StackSettings
from tests.infra.settings.test_settings import problems

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = Draft7Validator(json.loads((ROOT / "slipway.schema.json").read_text(encoding="utf-8")))


def test_the_page_and_the_schema_are_up_to_date():
    """`make generate` makes them anew."""
    assert settings_page.PAGE.read_text(encoding="utf-8") == settings_page.render_page()
    assert settings_page.SCHEMA.read_text(encoding="utf-8") == settings_page.render_schema()


def sections(section: type[Section] = StackSettings) -> list[type[Section]]:
    below = [found for field in section.model_fields.values() if (found := inner(field))]
    return [section, *(each for found in below for each in sections(found))]


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_each_setting_has_a_sentence(section: type[Section]):
    """A section as a whole has one too."""
    sentences = settings_page.documentation(section)
    assert all(sentences[name].endswith(".") for name, field in section.model_fields.items() if not inner(field))
    assert (section.__doc__ or "").endswith(".")


@pytest.mark.parametrize("pattern", ["Pulumi.*.yaml", "examples/apps/*/stack.yaml"])
def test_the_shipped_stack_files_fit_the_schema(pattern: str):
    """An editor that checks them has nothing to complain about."""
    for path in ROOT.glob(pattern):
        found = [error.message for error in SCHEMA.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))]
        assert found == [], path


def test_stack_files_name_the_schema():
    """So that an editor finds it without being told."""
    for path in ROOT.glob("Pulumi.*.yaml"):
        assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=slipway.schema.json\n")


GOOD: dict[str, Any] = {"loadBalancer": {"http": True}, "fleets": {"web": None}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"netwrk": {}},
        {"network": {"nat": "per_az"}},
        {"network": {"zones": ["a"]}},
        {"loadBalancer": {"http": True, "idleTimeout": 0}},
        {"artifacts": {"objectLock": {}}},
        {"release": {"directory": "/x"}},
        {"fleets": {"Web": None}},
        {"fleets": {"web": {"port": "8080"}}},
        {"fleets": {"web": {"environment": {"A": 1.1}}}},
        {"fleets": {"web": {"environment": {"PORT": "1"}}}},
        {"fleets": {"web": {"egress": [443, "db.internal:5432"]}}},
        {"fleets": {"web": {"alarms": {"errorRate": 0}}}},
    ],
)
def test_the_schema_refuses_what_the_parser_refuses(wrong: dict[str, Any]):
    """An editor marks it before `pulumi up` does."""
    assert problems({**GOOD, **wrong})
    assert not SCHEMA.is_valid({"config": {f"slipway:{key}": value for key, value in {**GOOD, **wrong}.items()}})


def test_the_schema_leaves_the_rest_of_a_stack_file_alone():
    """Pulumi's own keys, and what other programs and providers are told there; null is the default."""
    config = {
        "aws:region": "eu-west-1",
        "aws:profile": "prod",
        "slipway:network": None,
        "slipway:release": {"sha": 1.1},
    }
    fleets = {"web": {"secrets": {"KEY": {"secure": "v1:x"}}, "size": {"min": None}, "health": {"codes": 200}}}
    SCHEMA.validate({"secretsprovider": "awskms://x", "config": {**config, "slipway:fleets": fleets}})


def test_a_plain_secret_is_marked_as_wrong():
    """As `pulumi up` does, before it is committed."""
    assert not SCHEMA.is_valid({"config": {"slipway:fleets": {"web": {"secrets": {"KEY": "hunter2"}}}}})
