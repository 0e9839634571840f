"""policy/pack: what the official engine starts it by, and its pins. With an engine: tests/engine/test_policy.py."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "policy" / "pack"


def pins(file: Path) -> dict[str, str]:
    """Name and version of each package."""
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)(?:\[\S+\])?==(\S+)", file.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_pack_uses_the_programs_pulumi():
    """Engine, program and pack speak one protocol."""
    assert pins(PACK / "requirements.txt")["pulumi"] == pins(ROOT / "requirements.txt")["pulumi"]


def test_what_the_pack_names_is_pinned_with_hashes():
    """requirements.txt was made from requirements.in."""
    made = pins(PACK / "requirements.txt")
    for name, version in pins(PACK / "requirements.in").items():
        assert made[name] == version
    text = (PACK / "requirements.txt").read_text(encoding="utf-8")
    assert text.count("==") <= text.count("--hash=sha256:")


def test_the_pack_says_how_it_is_started():
    """By Python, in the environment that docs/policy.md has people make."""
    project = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    assert project["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}
    assert "python3 -m venv policy/pack/.venv" in (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
