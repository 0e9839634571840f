"""Holds every module to the layers of docs/architecture.md: which package may import which, and what is pure."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = {"pulumi", "pulumi_aws", "boto3", "botocore", "git"}
"""What a pure module never reaches."""
ROOMS = {
    "source": set[str](),
    "artifact": {"source"},
    "store": {"source", "artifact"},
    "logs": set[str](),
    "rollout": {"source", "artifact", "store", "logs"},
    "phase": {"store"},
    "notify": {"source", "artifact", "store"},
    "component": {"source", "artifact", "store", "rollout", "phase", "notify"},
    "console": {"source", "artifact", "store", "rollout"},
    "drill": {"source", "artifact", "store", "rollout"},
    "preview": {"source", "artifact", "store", "rollout"},
    "watch": {"source", "artifact", "store", "rollout", "maintenance"},
    "github": set[str](),
    "review": set[str](),
    "maintenance": {"store"},
    "commands": {
        "source",
        "artifact",
        "store",
        "rollout",
        "notify",
        "console",
        "phase",
        "logs",
        "drill",
        "preview",
        "watch",
        "github",
        "review",
        "maintenance",
    },
}
"""The packages of release/, and which others each may import; all may import the modules at the top of release/."""


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


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


def says_pure(path: Path) -> bool:
    """Whether the module's docstring says "Pure."; so does the one of its package, for all that is in it."""
    sources = [path, path.with_name("__init__.py")]
    return any(
        re.search(r"\bPure[.:]", ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "")
        for file in sources
        if file.exists()
    )


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


OURS = ("infra", "release", "policy", "bootstrap")
PURE = [relative(path) for package in OURS for path in modules(package) if says_pure(path)]


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_reach_neither_pulumi_nor_boto3_nor_git(module: str):
    """A module that says that it is pure can be used and tested without any of them, whatever it imports in turn."""
    assert not {name.split(".")[0] for name in reached(ROOT / module)} & OUTSIDE


def test_what_decides_is_pure():
    """Settings, names, events and decisions are the core: they say that they are pure, and so are held to it."""
    core = {"release/names.py", "release/rollout/decide.py", "release/store/event.py", "release/store/manifest.py"}
    assert core | {relative(path) for path in modules("infra/settings")} <= set(PURE)


@pytest.mark.parametrize("room", ROOMS)
def test_the_packages_of_release_depend_on_each_other_one_way(room: str):
    """commands, component -> rollout -> store -> artifact -> source, as ROOMS has it."""
    allowed = ROOMS[room] | {room}
    assert modules(f"release/{room}"), room
    for path in modules(f"release/{room}"):
        packages = {name.split(".")[1] for name in imports(path) if name.startswith("release.")}
        assert not packages & set(ROOMS) - allowed, path


def test_the_top_of_release_depends_on_none_of_its_packages():
    """All packages use these modules; only `__main__` starts the commands."""
    assert {path.parent.name for path in modules("release")} == {"release", *ROOMS}
    for path in (ROOT / "release").glob("*.py"):
        packages = {name.split(".")[1] for name in imports(path) if name.startswith("release.")} & set(ROOMS)
        assert packages <= ({"commands"} if path.name == "__main__.py" else set()), path


def test_only_the_component_knows_pulumi():
    """Everything else of release/ works with the Pulumi engine gone."""
    for path in modules("release"):
        if path.parent.name != "component":
            assert not {name.split(".")[0] for name in imports(path)} & {"pulumi", "pulumi_aws"}, path


def test_infra_is_above_release():
    """infra/ uses release/; the other way, `permissions` and `drill` read its roles and settings."""
    for path in modules("infra"):
        assert "release.commands" not in imports(path), path
    for path in modules("release"):
        if path.parent.name != "commands":
            assert "infra" not in {name.split(".")[0] for name in imports(path)}, path


def test_the_rules_stand_apart():
    """policy/ judges what the program declares, and so shares with it only names and default times."""
    for path in modules("policy"):
        own = {name for name in imports(path) if name.split(".")[0] in ("infra", "release")}
        assert own <= {"release", "release.names", "release.defaults"}, path
    for path in [*modules("infra"), *modules("release")]:
        assert "policy" not in {name.split(".")[0] for name in imports(path)}, path


def test_the_set_up_of_an_account_stands_apart():
    """bootstrap/ uses what infra/ declares and allows; neither infra/ nor release/ knows of it."""
    for path in [*modules("infra"), *modules("release")]:
        assert "bootstrap" not in {name.split(".")[0] for name in imports(path)}, path


@pytest.mark.parametrize("package", OURS)
def test_the_program_does_not_know_the_sandbox(package: str):
    """What runs on AWS has nothing of the sandbox in it: no import, and no branch on its presence."""
    for path in [ROOT / "__main__.py", *modules(package)]:
        assert "sandbox" not in {name.split(".")[0] for name in imports(path)}, path
        assert "SLIPWAY_SANDBOX" not in path.read_text(encoding="utf-8"), path


def test_the_program_is_short():
    """The entry point holds settings, stack and exports, and no logic that a test could not reach."""
    assert len((ROOT / "__main__.py").read_text(encoding="utf-8").splitlines()) < 40
