"""Checks what the settings of a review stack have to be together. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from infra.settings.stack import Settings
from release import names


def problems(settings: Settings, sound: Callable[..., bool]) -> Iterator[tuple[str, str]]:
    """Check that a review stack can be told from others, is small, and leaves nothing when it goes."""
    review = settings.review
    if review.expires is None:
        if fields := sorted(review.model_fields_set & {"stacks", "instances"}):
            yield f"review.{fields[0]}", "has no effect without review.expires; set it or remove this"
        return
    if not names.is_review(settings.stack):
        yield (
            "review.expires",
            f"is only for a review stack, which is named pr-NUMBER: when its time is over, all of {settings.stack} "
            "would be removed; remove this, or name the stack so",
        )
    most = sum(fleet.size.max for fleet in settings.fleets.values())
    if most > review.instances and all(sound(f"fleets.{name}.size.max") for name in settings.fleets):
        yield (
            "review.instances",
            f"is {review.instances}, and the fleets may have {most} instances (size.max); make them smaller, or raise "
            "this",
        )
    if settings.load_balancer.deletion_protection and sound("loadBalancer.deletionProtection"):
        yield "loadBalancer.deletionProtection", "must be false with review.expires: the stack could not be removed"
    if settings.posture != "active":
        yield "recovery.posture", f"is {settings.posture}: a review stack is not kept for recovery; remove one of them"
    artifacts = settings.artifacts
    if not artifacts.bucket and not artifacts.destroy and sound("artifacts.destroy"):
        yield "artifacts.destroy", "must be true with review.expires: the store would stay when the stack is removed"
    if artifacts.replica:
        yield "artifacts.replica", "must be left out with review.expires: nothing of the stack is to last"
    if settings.notify:
        yield "notify", "must be left out with review.expires: a pull request's own code would have the addresses"
