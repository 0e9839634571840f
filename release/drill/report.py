"""The report of a drill: what it says, its JSON, and the SHA-256 by which a change of it shows. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Annotated, Any, cast

from release.errors import DrillError
from release.store import document
from release.store.document import Moment, Number, one_of

SCHEMA = 1
LIMIT_BYTES = 4 << 20
"""A larger object can't be a report, and is not read."""
PASSED, FOUND, ENDED = "passed", "findings", "ended by hand"
OUTCOMES = (PASSED, FOUND, ENDED)
SEAL = "sha256"
SECOND, GLOBAL, REFUSED = "second region", "global", "refused"
"""Why a host was let through, or that it was not."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A part of a drill, from `began` to `ended`."""

    name: str
    began: Moment
    ended: Moment
    outcome: Annotated[str, one_of("done", "failed", "ended")]
    detail: str = ""

    @property
    def seconds(self) -> float:
        return (self.ended - self.began).total_seconds()


@dataclass(frozen=True, kw_only=True)
class Measure:
    """An objective and what was measured, in seconds; `measured` is None if that is unknown."""

    name: Annotated[str, one_of("RTO", "RPO")]
    objective: Number | None
    measured: Number | None
    how: str
    """How it was measured, or why it is unknown."""

    @property
    def met(self) -> bool | None:
        """Whether the objective was met; None where there is none, or nothing was measured."""
        if self.objective is None or self.measured is None:
            return None
        return self.measured <= self.objective


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check of the user's. `what` is its command or URL."""

    name: str
    what: str
    outcome: Annotated[str, one_of("passed", "failed", "not run")]
    seconds: Number | None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """An instance that reported what it runs, with the digest that it computed itself."""

    fleet: str
    instance: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Served:
    """What was brought up, and how its digest compares with those of others; "" stands for unknown."""

    sha: str = ""
    digest: str = ""
    ledger_digest: str = ""
    """The digest by the newest event in the replica that says that it served."""
    first_digest: str = ""
    """The digest by the first region's manifest."""
    wanted: int = 0
    """The instances that there should be."""
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AlarmState:
    name: str
    state: str
    fired: bool
    """Whether it was in ALARM at any time of the bake."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host that was asked for through the proxy. `scope` says why it was let through, or that it was not."""

    name: str
    scope: Annotated[str, one_of(SECOND, GLOBAL, REFUSED)]
    asked: int
    failed: int = 0
    """How many of these it did not answer."""


@dataclass(frozen=True, kw_only=True)
class Lost:
    """What of the first region's store was not in the replica at the fault."""

    kind: Annotated[str, one_of("release", "event")]
    name: str
    at: Moment


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something to put right. `id` is the same for the same thing in every drill, `since` when it was found first."""

    id: str
    text: str
    fix: str
    since: Moment


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A finding of the drill before, and what has become of it."""

    id: str
    text: str
    since: Moment
    state: Annotated[str, one_of("still open", "closed", "not tested again")]


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a drill has to say. Times are UTC, durations seconds."""

    stack: str
    follows: str
    region: str
    first_region: str
    """"" if it is not known, because the replica's replication could not be read."""
    bucket: str
    drilled: str
    """The name of the isolated stack."""
    scenario: str
    fault_at: Moment
    began: Moment
    ended: Moment
    outcome: Annotated[str, one_of(*OUTCOMES)]
    by: str
    caller: str | None
    versions: Mapping[str, str]
    posture: str
    """What the stack's settings say."""
    stands: str
    """What of the stack stands, as its Auto Scaling groups show it, and what a failover would therefore do."""
    scope: tuple[str, ...]
    """What was brought up."""
    changed: tuple[str, ...]
    """Which settings the isolated stack has otherwise, and why."""
    measures: tuple[Measure, ...]
    served: Served
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    alarms: tuple[AlarmState, ...]
    bake: Number
    hosts: tuple[Host, ...]
    git: tuple[str, ...]
    """The git commands that were asked for, and refused."""
    calls: Mapping[str, int] | None
    """Calls to AWS by region, as --contacted told; None where it was not asked."""
    lost: tuple[Lost, ...]
    not_tested: tuple[str, ...]
    findings: tuple[Finding, ...]
    earlier: tuple[Earlier, ...]
    left_over: tuple[str, ...]
    """What could not be removed, with the command that does."""
    next_due: Moment

    @property
    def id(self) -> str:
        """The name of its folder in the store: the time at which the drill began."""
        return stamp(self.began)


def stamp(moment: datetime) -> str:
    """Return a time in the form of a report's folder, which sorts by time."""
    return f"{moment.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}"


def to_json(report: Report) -> str:
    """Return the report as JSON with a SHA-256 of itself: of the rest of it, as `canonical` writes it."""
    plain = {"schema": SCHEMA, **_plain(asdict(report))}
    return json.dumps({**plain, SEAL: seal(plain)}, indent=2, sort_keys=True) + "\n"


def from_json(text: str | bytes, where: str) -> Report:
    """Return the report in `text`. Raises DrillError if it is none, or was changed."""
    if not intact(text):
        raise DrillError(f"{where}: its SHA-256 is another one than it says: it was changed after it was written")
    return document.read(
        Report, text, where=where, what="a drill's report", schema=SCHEMA, limit=LIMIT_BYTES, error=DrillError
    )


def intact(text: str | bytes) -> bool:
    """Return whether a report has the SHA-256 that it says; False for what is no report."""
    try:
        found = document.parse(text)
    except ValueError:
        return False
    if not isinstance(found, dict):
        return False
    plain = cast("dict[str, Any]", found)
    return plain.get(SEAL) == seal({key: value for key, value in plain.items() if key != SEAL})


def seal(plain: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a report without its own `sha256`."""
    return hashlib.sha256(canonical(plain)).hexdigest()


def canonical(plain: Mapping[str, Any]) -> bytes:
    """Return JSON in one form only: sorted keys, no white space, ASCII."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in cast("list[Any]", value)]
    return round(value, 3) if isinstance(value, float) else value
