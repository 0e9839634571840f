"""Which requests reach which fleet."""

import fnmatch

from hypothesis import given
from hypothesis import strategies as st

from infra import routing
from infra.settings import RouteSettings

PATHS = st.sampled_from(["/*", "/api/*", "/api/v2/*", "/api", "/static/?", "/a", "*"])
HOSTS = st.sampled_from(["a.example.com", "b.example.com", "*.example.com"])
ROUTES = st.builds(
    RouteSettings,
    paths=st.lists(PATHS, min_size=1, max_size=3, unique=True).map(tuple),
    hosts=st.lists(HOSTS, max_size=2, unique=True).map(tuple),
)
FLEETS = st.dictionaries(st.sampled_from(["web", "api", "admin", "jobs"]), ROUTES, min_size=1)


def route(*paths, hosts=()):
    return RouteSettings(paths=paths or ("/*",), hosts=hosts)


@given(FLEETS)
def test_priorities_are_distinct_and_allowed(fleets):
    """The API takes 1 to 50000, each once."""
    priorities = [rule.priority for rule in routing.plan(fleets).rules]
    assert len(set(priorities)) == len(priorities)
    assert all(1 <= priority <= 50_000 for priority in priorities)


@given(FLEETS)
def test_names_of_rules_are_distinct(fleets):
    """A rule's key is part of a logical name, so that two rules of one fleet must not share it."""
    keys = [(rule.fleet, rule.key) for rule in routing.plan(fleets).rules]
    assert len(set(keys)) == len(keys)


@given(FLEETS, ROUTES)
def test_a_fleet_that_is_added_moves_no_rule_to_another_place(fleets, added):
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
