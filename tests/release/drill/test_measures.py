"""Tests of release/drill/measures.py: RTO and RPO."""

from __future__ import annotations

from datetime import datetime

from release.drill import measures
from release.drill.measures import Listing
from release.store import release_keys
from tests.release.drill.reports import AT, at

OLD, NEW = "a" * 40, "b" * 40
EVENT = "ledger/prod/web/20260506T025900.000000Z-0000.json"


def release(sha: str, seconds: float) -> dict[str, datetime]:
    """A release's objects, stored some seconds from the fault."""
    return {release_keys.artifact(sha): at(seconds), release_keys.manifest(sha): at(seconds)}


def lost(first: dict[str, datetime], replica: dict[str, datetime]) -> list[tuple[str, str, float]]:
    """What would have been lost: its kind, its name, its distance from the fault in seconds."""
    found = measures.lost(Listing(keys=first), Listing(keys=replica), AT)
    return [(each.kind, each.name, (each.at - AT).total_seconds()) for each in found]


def test_what_is_in_both_is_not_lost():
    """A replica that has all is complete, whatever it has besides."""
    assert lost(release(OLD, -60), {**release(OLD, -60), **release(NEW, -1)}) == []


def test_what_has_not_arrived_is_lost():
    """A release and an event that only the first region has, oldest first."""
    first = {**release(OLD, -60), **release(NEW, -5), EVENT: at(-3)}
    assert lost(first, release(OLD, -60)) == [("release", NEW, -5), ("event", EVENT, -3)]


def test_a_release_is_lost_with_either_of_its_objects():
    """A manifest that arrived before its artifact recovers nothing."""
    replica = {release_keys.manifest(NEW): at(-5)}
    assert lost(release(NEW, -5), replica) == [("release", NEW, -5)]


def test_what_came_after_the_fault_is_not_lost():
    """The first region goes on during a drill: what is published meanwhile was not there to be lost."""
    assert lost(release(NEW, 5), {}) == []
    assert lost(release(NEW, 0.9), {}) == [("release", NEW, 0.9)]  # listings have whole seconds


def test_what_is_no_release_is_not_counted():
    """An artifact without a manifest, tags and the index of digests are no releases and no events."""
    first = {
        release_keys.artifact(NEW): at(-5),
        release_keys.tag("v1", NEW): at(-5),
        "ledger/.digests/x/y": at(-5),
        "ledger/prod/web/": at(-5),
    }
    assert lost(first, {}) == []


def test_the_rpo_is_the_age_of_the_oldest_loss():
    """From the fault back to the oldest release or event that was lost; 0 without a loss; unknown, with the reason."""
    found = measures.lost(Listing(keys={**release(NEW, -5), EVENT: at(-30)}), Listing(keys={}), AT)
    measure = measures.rpo(found, AT, 20)
    assert (measure.measured, measure.met) == (30.0, False)
    assert "1 release and 1 event had not reached the replica" in measure.how
    assert measures.rpo([], AT, 0).met is True
    unknown = measures.rpo(None, AT, 20, "it does not answer")
    assert (unknown.measured, unknown.met, unknown.how) == (None, None, "it does not answer")


def test_the_rto_counts_from_the_fault():
    """Not from the command, and never below zero for two clocks that differ."""
    assert measures.rto(AT, at(540), 600).measured == 540.0
    assert measures.rto(AT, at(540), 600).met is True
    assert measures.rto(AT, at(601), 600).met is False
    assert measures.rto(AT, at(540), None).met is None
    assert measures.rto(AT, at(-1), 600).measured == 0.0
    assert measures.rto(AT, None, 600).measured is None
