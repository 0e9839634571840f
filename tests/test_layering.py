"""Who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PURE = [
    "infra/alarm_times.py",
    "infra/cidr.py",
    "infra/identities.py",
    "infra/permissions.py",
    "infra/placeholders.py",
    "infra/preferences.py",
    "infra/routing.py",
    "infra/user_data.py",
    "infra/zones.py",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "infra/settings").glob("*.py")),
    "release/source/location.py",
    "release/store/manifest.py",
    "release/source/procfile.py",
    "release/rollout/alarms.py",
    "release/rollout/duration.py",
    "release/store/entries.py",
    "release/store/event.py",
    "release/store/reader.py",
    "release/component/packages.py",
    "release/rollout/decide.py",
    "release/names.py",
    "release/text.py",
    "release/component/user_data.py",
]
OUTSIDE = {"pulumi", "pulumi_aws", "boto3", "botocore", "git"}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it, with `from a import b` as `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def reached(path: Path) -> set[str]:
    """What a file imports itself or by way of the project's own modules."""
    seen: set[Path] = set()
    found: set[str] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in imports(file):
            found.add(name)
            own = ROOT / name.replace(".", "/")
            waiting += [there for there in (own.with_suffix(".py"), own / "__init__.py") if there.exists()]
    return found


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_reach_neither_pulumi_nor_boto3_nor_git(module):
    """A pure module can be used and tested without any of them, whatever it imports in turn."""
    assert not {name.split(".")[0] for name in reached(ROOT / module)} & OUTSIDE


@pytest.mark.parametrize("package", ["infra", "release"])
def test_the_program_does_not_know_the_sandbox(package):
    """What runs on AWS has nothing of the sandbox in it: no import, and no branch on its presence."""
    for path in [ROOT / "__main__.py", *sorted((ROOT / package).rglob("*.py"))]:
        assert "sandbox" not in {name.split(".")[0] for name in imports(path)}, path
        assert "SLIPWAY_SANDBOX" not in path.read_text(encoding="utf-8"), path


def test_the_program_is_short():
    """The entry point holds settings, stack and exports, and no logic that a test could not reach."""
    assert len((ROOT / "__main__.py").read_text(encoding="utf-8").splitlines()) < 40
