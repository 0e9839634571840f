"""Which requests reach which fleet."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.balancer import routing
from infra.settings.fleet import RouteSettings

PATHS = st.sampled_from(["/*", "/api/*", "/api/v2/*", "/api", "/static/?", "/a", "*"])
HOSTS = st.sampled_from(["a.example.com", "b.example.com", "*.example.com"])
ROUTES = st.builds(
    RouteSettings,
    paths=st.lists(PATHS, min_size=1, max_size=3, unique=True).map(tuple),
    hosts=st.lists(HOSTS, max_size=2, unique=True).map(tuple),
)
FLEETS = st.dictionaries(st.sampled_from(["web", "api", "admin", "jobs"]), ROUTES, min_size=1)


def route(*paths: str, hosts: tuple[str, ...] = ()) -> RouteSettings:
    return RouteSettings(paths=paths or ("/*",), hosts=hosts)


@given(FLEETS)
def test_priorities_are_distinct_and_allowed(fleets: dict[str, RouteSettings]):
    """The API takes 1 to 50000, each once."""
    priorities = [rule.priority for rule in routing.plan(fleets).rules]
    assert len(set(priorities)) == len(priorities)
    assert all(1 <= priority <= 50_000 for priority in priorities)


@given(FLEETS)
def test_names_of_rules_are_distinct(fleets: dict[str, RouteSettings]):
    """A rule's key is part of a logical name, so that two rules of one fleet must not share it."""
    keys = [(rule.fleet, rule.key) for rule in routing.plan(fleets).rules]
    assert len(set(keys)) == len(keys)


@given(FLEETS, ROUTES)
def test_a_fleet_that_is_added_moves_no_rule_to_another_place(fleets: dict[str, RouteSettings], added: RouteSettings):
    """A rule in use keeps its priority, unless the new one lands on the very same place."""
    before = {(rule.fleet, rule.path): rule.priority for rule in routing.plan(fleets).rules}
    after = {(rule.fleet, rule.path): rule.priority for rule in routing.plan({**fleets, "zz-new": added}).rules}
    assert all(after[key] == priority for key, priority in before.items())


def test_the_more_specific_rule_comes_first():
    """`/api/v2/*` must not be taken by the fleet of `/api/*`, nor an exact path by a pattern."""
    fleets = {"v1": route("/api/*"), "v2": route("/api/v2/*"), "exact": route("/api/v2/x"), "web": route()}
    assert [rule.fleet for rule in routing.plan(fleets).rules] == ["exact", "v2", "v1"]
    taken = next(rule for rule in routing.plan(fleets).rules if fnmatch.fnmatch("/api/v2/y", rule.path or "*"))
    assert taken.fleet == "v2"


def test_a_host_goes_before_paths_without_one():
    """A fleet with a host of its own gets all that host's requests."""
    fleets = {
        "web": route(),
        "api": route("/api/*"),
        "admin": route(hosts=("admin.example.com",)),
        "any": route(hosts=("*.example.com",)),
    }
    plan = routing.plan(fleets)
    assert [rule.fleet for rule in plan.rules] == ["admin", "any", "api"]
    assert plan.default == "web"


def test_without_a_fleet_for_everything_there_is_no_default():
    """The rest is answered with 404 then."""
    assert routing.plan({"api": route("/api/*")}).default is None


def test_conflicts_name_both_fleets():
    """Two fleets that claim the same requests are told of, with where and whose."""
    found = routing.conflicts({"a": route("/x", "/y"), "b": route("/y"), "c": route("*"), "d": route()})
    assert [path for path, _ in found] == ["fleets.b.routes", "fleets.d.routes"]
    assert "/y is already taken by fleets.a" in found[0][1]
    assert "/* is already taken by fleets.c" in found[1][1]


def test_the_same_path_on_other_hosts_is_no_conflict():
    """Hosts part what paths do not, in whatever case they are written."""
    one, two = route(hosts=("a.example.com",)), route(hosts=("b.example.com",))
    assert not routing.conflicts({"one": one, "two": two})
    assert routing.conflicts({"one": one, "two": route(hosts=("A.example.com",))})


NAMES = st.from_regex(r"[a-z]{1,3}", fullmatch=True)
SHORT = st.sampled_from([f"/{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"])
MANY = st.dictionaries(
    NAMES,
    st.builds(RouteSettings, paths=st.lists(SHORT, min_size=1, max_size=4, unique=True).map(tuple), hosts=st.just(())),
    max_size=8,
)


def numbered(routing_: routing.Routing) -> dict[tuple[str, str | None], int]:
    return {(rule.fleet, rule.path): rule.priority for rule in routing_.rules}


@given(MANY, MANY)
def test_whatever_is_added_or_removed_renumbers_nothing(
    before: dict[str, RouteSettings], after: dict[str, RouteSettings]
):
    """Each rule that stays keeps its priority, and no new one takes one that AWS still has in use."""
    there = numbered(routing.plan(before))
    now = numbered(routing.plan(after, there))
    assert len(set(now.values())) == len(now)
    for key, priority in now.items():
        assert priority == there[key] if key in there else priority not in there.values()
    assert numbered(routing.plan(after, now)) == now


@given(MANY)
def test_without_a_collision_a_priority_follows_from_the_rule_alone(fleets: dict[str, RouteSettings]):
    """Stacks that were there before keep theirs."""
    alone = {
        key: priority
        for name, route_ in fleets.items()
        for key, priority in numbered(routing.plan({name: route_})).items()
    }
    together = numbered(routing.plan(fleets))
    if len(set(alone.values())) == len(alone):
        assert together == alone


def test_a_rule_that_becomes_more_specific_moves():
    """Where a rule is belongs to what it says: hosts that are added put it before those without."""
    there = numbered(routing.plan({"api": route("/api/*")}))
    moved = numbered(routing.plan({"api": route("/api/*", hosts=("a.test",))}, there))
    assert moved["api", "/api/*"] < there["api", "/api/*"]


def test_64_equally_specific_routes_are_served_and_65_refused():
    """There are that many priorities for them."""
    paths = [f"/{number:02}" for number in range(65)]
    fleets = {f"f{number}": route(*paths[number * 5 : number * 5 + 5]) for number in range(13)}
    found = routing.conflicts(fleets)
    assert [path for path, _ in found] == ["fleets.f0.routes"]
    assert "more than 64 routes are as specific as /00" in found[0][1]
    fewer = {**fleets, "f12": route(*paths[60:64])}
    assert routing.conflicts(fewer) == []
    assert len(numbered(routing.plan(fewer))) == 64


def test_routes_that_are_to_go_are_named_where_they_are_in_the_way():
    """It ends, also where every place is taken by what is there still."""
    there = numbered(routing.plan({"old": route(*(f"/{number:02}" for number in range(64)))}))
    with pytest.raises(ValueError, match=r"fleets\.new\.routes: no priority is free for /99"):
        routing.plan({"new": route("/99")}, there)


def test_what_no_load_balancer_takes_is_refused():
    """ELB's quotas: 100 rules, five wildcards in each."""
    many = {f"f{number}": route(*(f"/{number:02}/{n:0{n}}" for n in range(1, 6))) for number in range(21)}
    assert [text[:23] for _, text in routing.conflicts(many)] == ["have 105 routes togethe"]
    assert "6 wildcards, a rule takes 5" in routing.conflicts({"a": route("/*/*/*/*", hosts=("*.?.test",))})[0][1]
    assert not routing.conflicts({"a": route("/*/*/*/*", hosts=("*.test",))})
