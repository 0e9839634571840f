"""What the replica lacks is found by one pass over both listings."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from release.store.backlog import Original, compare

LISTING = st.dictionaries(st.text(min_size=1, max_size=3), st.sampled_from("ab"), max_size=8)


def originals(listed: dict[str, str]) -> Iterator[Original]:
    for key in sorted(listed, key=str.encode):
        yield Original(key=key, version="1", etag=listed[key])


@given(LISTING.filter(lambda keys: "\ud800" not in "".join(keys)), LISTING)
def test_what_is_left_is_what_sets_would_tell(store: dict[str, str], replica: dict[str, str]):
    """Also of keys that only the replica has, and in the order of S3's listings: that of UTF-8."""
    left = list(compare(originals(store), ((key, replica[key]) for key in sorted(replica, key=str.encode))))
    missing = {found.original.key for found in left if not found.differs}
    differing = {found.original.key for found in left if found.differs}
    assert missing == store.keys() - replica.keys()
    assert differing == {key for key in store.keys() & replica.keys() if store[key] != replica[key]}


def test_listings_are_read_as_far_as_they_are_needed():
    """Neither of them is kept: the first difference is known before the rest was listed."""

    def endless() -> Iterator[Original]:
        for number in range(10**9):
            yield Original(key=f"{number:09}", version="1", etag="a")

    first = next(compare(endless(), iter([("000000000", "a"), ("000000001", "a"), ("000000003", "a")])))
    assert first.original.key == "000000002"
