"""The store's second bucket, and replication both ways."""

from __future__ import annotations

import functools
import json

import pytest

from infra.settings import SettingsError
from tests.infra.program import ACCOUNT, Declared, Program
from tests.infra.test_stack import STORE, declare, statements

SECOND = "eu-central-1"
REPLICA = f"slipway-prod-{ACCOUNT}-{SECOND}"


@functools.cache
def replicated(*, destroy: bool = False) -> Program:
    """A stack whose store has a replica."""
    return declare(artifacts={"destroy": destroy, "replica": {"region": SECOND}})


def parts(program: Program, prefix: str) -> dict[str, Declared]:
    return {made.name: made for made in program.declared if made.name.startswith(prefix)}


def test_without_a_replica_nothing_of_it_is_declared():
    """A stack that was made before sees no change, and no resource says its region."""
    made = parts(declare(), "artifacts-")
    assert all(name.startswith("artifacts-store-") for name in made)
    assert not any("region" in each.inputs for each in made.values())


def test_the_replica_is_as_well_kept_as_the_store():
    """In the other region: the same settings, part by part."""
    store, replica = (parts(replicated(), f"artifacts-{part}-") for part in ("store", "replica"))
    assert [name.removeprefix("artifacts-replica") for name in replica] == [
        name.removeprefix("artifacts-store") for name in store
    ]
    for ours, theirs in zip(store.values(), replica.values(), strict=True):
        assert theirs.inputs.get("region") == SECOND
        same = json.loads(
            json.dumps(ours.inputs).replace(STORE, REPLICA).replace("artifacts-store", "artifacts-replica")
        )
        assert theirs.inputs == {**same, "region": SECOND}
        assert theirs.retained


def test_access_to_the_replica_is_logged_in_its_own_region():
    """S3 delivers no logs to another one."""
    program = declare(artifacts={"accessLogs": True, "replica": {"region": SECOND}})
    logging = program.of("s3/bucketLogging")["artifacts-replica-logging"]
    assert (logging["region"], logging["targetPrefix"]) == (SECOND, f"{REPLICA}/")
    bucket = program.of("s3/bucket")["artifacts-replica-logs-bucket"]
    assert (bucket["region"], bucket["bucket"]) == (SECOND, f"slipway-prod-s3logs-{ACCOUNT}-{SECOND}")


def test_each_bucket_replicates_everything_to_the_other():
    """Without delete markers, with metrics; the rule's id names the region that it leads to."""
    rules = replicated().of("s3/bucketReplicationConfig")
    assert {name: inputs.get("region") for name, inputs in rules.items()} == {
        "artifacts-replication-there": None,
        "artifacts-replication-back": SECOND,
    }
    for name, target, region in (("there", REPLICA, SECOND), ("back", STORE, "eu-west-1")):
        (rule,) = rules[f"artifacts-replication-{name}"]["rules"]
        assert rule == {
            "id": f"slipway-to-{region}",
            "priority": 1,
            "status": "Enabled",
            "filter": {"prefix": ""},
            "deleteMarkerReplication": {"status": "Disabled"},
            "destination": {"bucket": f"arn:aws:s3:::{target}", "metrics": {"status": "Enabled"}},
        }


def test_replication_waits_for_versioning_of_both():
    """S3 refuses a bucket without versions, on either side."""
    for name, made in parts(replicated(), "artifacts-replication-").items():
        if name.endswith(("there", "back")):
            assert {"artifacts-store-versioning", "artifacts-replica-versioning"} <= set(made.depends_on)


@pytest.mark.parametrize("locked", [False, True])
def test_what_s3_may_do_by_the_role(locked: bool):
    """It reads and replicates the two buckets, and nothing else; retention only where there is any."""
    lock = {"objectLock": {"mode": "governance", "days": 1}} if locked else {}
    program = declare(artifacts={"replica": {"region": SECOND}, **lock})
    role = program.of("iam/role")["artifacts-replication-role"]
    assert role["name"] == "slipway-prod-replication-eu-west-1"
    (trust,) = statements(role["assumeRolePolicy"])
    assert trust["Principal"] == {"Service": ["s3.amazonaws.com", "batchoperations.s3.amazonaws.com"]}
    allowed = statements(program.of("iam/rolePolicy")["artifacts-replication-policy"]["policy"])
    assert all(
        arn.split("/")[0].removeprefix("arn:aws:s3:::") in (STORE, REPLICA) for s in allowed for arn in s["Resource"]
    )
    actions = {action for statement in allowed for action in statement["Action"]}
    assert not {action for action in actions if "Delete" in action or "*" in action}
    assert ("s3:GetObjectRetention" in actions) is locked


def test_a_replica_outlives_a_store_that_is_to_go():
    """Unless it is to go too; replication has then nobody to replicate to."""
    made = parts(replicated(destroy=True), "artifacts-")
    assert {name for name, each in made.items() if each.retained} == set(parts(replicated(), "artifacts-replica-"))


def test_nothing_is_launched_before_a_release_would_be_replicated():
    """What is published before the rules are there is not copied by them."""
    group = next(made for made in replicated().declared if made.name == "web-group")
    assert {"artifacts-replication-there", "artifacts-replication-back"} <= set(group.depends_on)


def test_a_fleet_may_not_want_the_role_of_replication():
    """Its name would be the same."""
    with pytest.raises(SettingsError, match="give that fleet another name"):
        declare(fleets={"replication": None}, artifacts={"replica": {"region": SECOND}})
