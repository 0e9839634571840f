"""Documents name only what exists: links, anchors, files, commands, and the errors that the program has."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

import release.__main__
import sandbox.control.cli

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("infra", "release", "sandbox", "benchmarks")


def files(*patterns: str) -> list[Path]:
    return sorted(path.relative_to(ROOT) for pattern in patterns for path in ROOT.glob(pattern))


DOCUMENTS = files("*.md", "docs/**/*.md", "examples/**/*.md", "benchmarks/*.md", "tests/**/*.md")
OTHERS = files("*.yaml", "*.in", "Makefile", ".github/**/*.yml", ".ci/run", *(f"{of}/**/*.py" for of in PACKAGES))
FOLDERS = (*PACKAGES, "tests", "docs", "examples", r"\.github", r"\.ci")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^]]*]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")
NAMED_FILE = re.compile(rf"(?<![\w./-])(?:{'|'.join(FOLDERS)})/[\w./*-]*")
COMMAND = re.compile(r"python3? -m ((?:release|sandbox|infra|benchmarks)[\w.]*)(?: ([a-z]+))?")
TARGET = re.compile(r"(?<![\w-])make ([a-z]+(?:-[a-z]+)*)")
MAIN = {"release": release.__main__.main, "sandbox": sandbox.control.cli.main}


def text(document: Path) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def anchors(document: Path) -> set[str]:
    """Return what GitHub makes of a document's headings: lower case, no punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text(document)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document: Path):
    """A link inside the repository leads to a file that exists and, in a document, to one of its headings."""
    for target in LINK.findall(FENCED.sub("", text(document))):
        if ":" in target:
            continue
        path, _, anchor = target.partition("#")
        file = ((ROOT / document).parent / path).resolve() if path else ROOT / document
        assert file.exists(), f"{document}: {target}"
        assert not anchor or anchor in anchors(file.relative_to(ROOT)), f"{document}: {target}"


def test_named_files_exist():
    """A path below one of the project's folders is a file, or the beginning of a file's name (`docs/adr/0003`)."""
    missing = [
        f"{document}: {name}"
        for document in [*DOCUMENTS, *OTHERS]
        for name in NAMED_FILE.findall(text(document))
        if not any(ROOT.glob(f"{name.rstrip('./*')}*"))
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_named_commands_exist(document: Path):
    """`make` knows each target, and each `python -m` has its module and its subcommand."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    whole = text(document)
    for code in [*FENCED.findall(whole), *CODE.findall(FENCED.sub("", whole))]:
        for target in TARGET.findall(code):
            assert target in targets, f"{document}: {code}"
        for module, command in COMMAND.findall(code):
            assert importlib.util.find_spec(module), f"{document}: {code}"
            if command and module in MAIN:
                with pytest.raises(SystemExit) as end:
                    MAIN[module]([command, "--help"])
                assert end.value.code == 0, f"{document}: {code}"


def test_quoted_errors_are_what_the_program_says():
    """Each error in docs/deploying.md is one that the program has; … stands for what differs from case to case."""
    said = "\n".join(messages()).replace("`", "")
    table = text(Path("docs/deploying.md")).partition("\n## Errors\n")[2]
    quotes = [quote for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for quote in CODE.findall(row)]
    missing = [quote for quote in quotes if not all(part.strip(" :,()") in said for part in quote.split("…"))]
    assert quotes
    assert missing == []


def messages() -> list[str]:
    """Return every text of the program and its boot script, with … for each value that is put into one."""
    found = [(ROOT / path).read_text(encoding="utf-8") for path in ROOT.glob("release/**/*.sh")]
    for folder in ("infra", "release"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                    found.append("".join(str(part) for part in parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
    return found
