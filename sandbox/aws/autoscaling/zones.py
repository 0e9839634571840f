"""Pure: in which zone the next instance goes, and which instance goes first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar


class Placed(Protocol):
    """What the choice depends on."""

    @property
    def zone(self) -> str: ...
    @property
    def launched_at(self) -> float: ...


P = TypeVar("P", bound=Placed)


def emptiest(zones: Sequence[str], staying: Iterable[str], leaving: Iterable[str] = ()) -> str:
    """Return the zone with the fewest remaining instances; ties go to the fewest in all, then to the first.

    Those that a refresh is about to replace are `leaving`: AWS would rebalance the zones once they are gone.
    """
    stay = Counter(staying)
    there = stay + Counter(leaving)
    return min(zones, key=lambda zone: (stay[zone], there[zone], zones.index(zone)))


def first_to_go(candidates: Sequence[P], taken: Iterable[str], outdated: Iterable[P] = ()) -> P:
    """Return the instance to terminate, as the `Default` termination policy chooses it.

    From the zone with the most instances; of those one of `outdated` where there is any; of those the oldest.
    """
    count = Counter(taken)
    old = {id(member) for member in outdated}
    return min(candidates, key=lambda m: (-count[m.zone], id(m) not in old, m.launched_at))
