"""The pins of the virtual environment."""

from importlib.metadata import distributions

from packaging.requirements import Requirement

from sandbox.paths import CHECKOUT


def test_every_extra_that_a_package_asks_for_is_pinned_with_it() -> None:
    """Without that, an older pip that checks hashes takes a newer version for it, and refuses what has no hash."""
    text = (CHECKOUT / "requirements-dev.txt").read_text()
    pinned = {line.partition("==")[0] for line in text.splitlines() if line[:1].isalnum()}
    names = {name.partition("[")[0] for name in pinned}
    for found in distributions():
        for wanted in map(Requirement, found.requires or ()):
            needed = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
            if found.name in names and wanted.name in names and needed and wanted.extras:
                assert f"{wanted.name}[{','.join(sorted(wanted.extras))}]" in pinned, f"{found.name} needs {wanted}"
