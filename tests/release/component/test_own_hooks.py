"""Commands of the user's own get the facts; the first one can stop a deploy, the others only warn."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pulumi
import pytest

from release.component.own_hooks import Commands, Facts, OwnHooks
from release.errors import ReleaseError, StoreError

FACTS = (
    'echo "$SLIPWAY_STACK $SLIPWAY_REGION $SLIPWAY_SHA from=$SLIPWAY_FROM to=$SLIPWAY_FLEETS by=$SLIPWAY_BY '
    'at=$SLIPWAY_URL $SLIPWAY_OUTCOME ${SLIPWAY_SECONDS-none} ${SLIPWAY_REASON-} config=${PULUMI_CONFIG-none}"'
)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is shown, with `warning: ` before warnings."""
    lines: list[str] = []

    def info(line: str, **_: object) -> None:
        lines.append(line)

    def warn(line: str, **_: object) -> None:
        lines.append(f"warning: {line}")

    monkeypatch.setattr(pulumi.log, "info", info)
    monkeypatch.setattr(pulumi.log, "warn", warn)
    monkeypatch.setenv("SLIPWAY_BY", "kim")
    monkeypatch.setenv("PULUMI_CONFIG", '{"slipway:fleets": "a secret"}')
    return lines


def hooks(before: str = "b" * 40, **commands: str | float) -> OwnHooks:
    async def url() -> str:
        return "https://shop.example.com"

    def served() -> str:
        if not before:
            raise StoreError("the ledger can't be read")
        return before

    facts = Facts(stack="prod", region="eu-west-1", sha="a" * 40, fleets=["api", "web"], before=served, url=url)
    return OwnHooks(commands=Commands(**commands), facts=facts, clock=iter([10.0, 72.4]).__next__)  # pyright: ignore[reportArgumentType]


def warn(line: str) -> None:
    pulumi.log.warn(line)


def test_each_gets_the_facts(said: list[str]):
    """What serves before is asked once; the engine's copy of the settings, with secrets, is kept from it."""

    async def deploy() -> None:
        made = hooks(before_deploy=FACTS, after_deploy=FACTS)
        await made.before(print, warn)
        await made.after(None)

    asyncio.run(deploy())
    told = f"prod eu-west-1 {'a' * 40} from={'b' * 40} to=api web by=kim at=https://shop.example.com "
    assert f"beforeDeploy: {told}none config=none" in [" ".join(line.split()) for line in said]
    assert f"afterDeploy: {told}succeeded 62 config=none" in [" ".join(line.split()) for line in said]


def test_before_deploy_can_stop(said: list[str]):
    """Its exit status and its last lines are the error; what served before need not be known."""
    with pytest.raises(ReleaseError) as stopped:
        asyncio.run(hooks("", before_deploy="echo not on a friday; exit 7").before(print, warn))
    assert str(stopped.value) == (
        "hooks.beforeDeploy: ended with exit status 7. Nothing was replaced; its last lines:\n    not on a friday"
    )
    assert said[0] == "warning: hooks: what served before is not known: the ledger can't be read"


def test_one_that_hangs_is_ended(said: list[str], tmp_path: Path):
    """At its deadline, with what it started."""
    with pytest.raises(ReleaseError, match=r"took more than 0.5 s \(hooks.timeout\), and was ended. Nothing was rep"):
        asyncio.run(hooks(before_deploy=f"(sleep 2; touch {tmp_path}/late) & wait", timeout=0.5).before(print, warn))
    assert not (tmp_path / "late").exists()
    assert said


def test_the_others_only_warn(said: list[str]):
    """afterFailure is told why; that it fails in turn changes nothing."""
    failing = hooks(after_failure='echo "why: $SLIPWAY_OUTCOME $SLIPWAY_REASON"; exit 1', after_deploy="exit 2")
    asyncio.run(failing.after("web does not boot\nNow all fleets"))
    assert "afterFailure: why: failed web does not boot Now all fleets" in said
    assert said[-1] == "warning: hooks.afterFailure: ended with exit status 1. The deploy is what it was"
    asyncio.run(failing.after(None))
    assert said[-1] == "warning: hooks.afterDeploy: ended with exit status 2. The deploy is what it was"
