"""What a fleet without a balancer declares, and what it leaves out."""

from __future__ import annotations

import functools
import json

from infra.fleet import boot
from infra.settings import parse
from release.component.user_data import LIMIT_BYTES, render
from tests.infra.program import Program
from tests.infra.test_stack import declare

METRIC = {"namespace": "AWS/SQS", "name": "Visible", "dimensions": {"QueueName": "dead"}, "threshold": 0}


@functools.cache
def beside_web() -> Program:
    """A fleet of workers beside one that requests reach."""
    jobs = {"routes": "none", "drain": 120, "health": {"command": "bin/up"}, "alarms": {"metric": METRIC}}
    return declare(fleets={"web": None, "jobs": jobs})


def names(program: Program, kind: str) -> set[str]:
    return {name for name in program.of(kind) if name.startswith(("jobs", "balancer-jobs"))}


def test_nothing_of_the_balancer_is_there_for_workers():
    """No target group, no rule, and nobody may connect to them."""
    made = beside_web()
    assert set(made.of("lb/targetGroup")) == {"balancer-web"}
    assert names(made, "lb/listenerRule") == names(made, "vpc/securityGroupIngressRule") == set()
    assert names(made, "vpc/securityGroupEgressRule") == {"jobs-out-443"}
    group = made.of("autoscaling/group")["jobs-group"]
    assert "targetGroupArns" not in group
    assert (group["healthCheckType"], group["healthCheckGracePeriod"]) == ("EC2", 0)


def test_a_worker_is_held_until_it_has_ended():
    """For its drain and a minute, by a hook of which fleets with a balancer have none."""
    assert beside_web().of("autoscaling/lifecycleHook") == {
        "jobs-drain": {
            "name": "drain",
            "autoscalingGroupName": "slipway-prod-jobs",
            "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "heartbeatTimeout": 180,
            "defaultResult": "CONTINUE",
        }
    }


def test_restarts_are_counted_from_the_journal_and_a_metric_is_compared():
    """Both are watched by rollouts, and none of the alarms of requests is there."""
    made = beside_web()
    assert names(made, "cloudwatch/metricAlarm") == {"jobs-alarms-restarts", "jobs-alarms-metric"}
    restarts, own = (made.of("cloudwatch/metricAlarm")[f"jobs-alarms-{kind}"] for kind in ("restarts", "metric"))
    counted = made.one("cloudwatch/logMetricFilter")
    assert counted["pattern"] == '{ $.event = "restarted" }'
    assert counted["logGroupName"] == "/slipway/prod/jobs"
    transformation = counted["metricTransformation"]
    assert (restarts["namespace"], restarts["metricName"]) == (transformation["namespace"], transformation["name"])
    assert (restarts["threshold"], restarts["period"], restarts["statistic"]) == (5, 180, "Sum")
    assert (own["dimensions"], own["comparisonOperator"], own["period"]) == (
        {"QueueName": "dead"},
        "GreaterThanThreshold",
        60,
    )


def test_only_workers_may_call_themselves_unhealthy():
    """On their own group, which is all that IAM can limit it to."""
    policies = beside_web().of("iam/rolePolicy")
    allowed = {
        fleet: {
            action: statement["Resource"]
            for statement in json.loads(policies[f"{fleet}-identity-policy"]["policy"])["Statement"]
            for action in statement["Action"]
        }
        for fleet in ("web", "jobs")
    }
    assert "autoscaling:SetInstanceHealth" not in allowed["web"]
    assert allowed["jobs"]["autoscaling:SetInstanceHealth"].endswith(":autoScalingGroupName/slipway-prod-jobs")


def test_the_boot_of_a_worker_leaves_room_in_the_user_data():
    """For the app's own variables: half of EC2's limit."""

    settings = parse(
        {"loadBalancer": {"http": True}, "fleets": {"web": None, "jobs": {"routes": "none"}}},
        "prod",
        {"AWS_REGION": "eu-west-1"},
    )
    told = boot.boot(
        settings.fleets["jobs"],
        stack="prod",
        region="eu-west-1",
        bucket="store",
        command="work",
        sha="a" * 40,
        digest="d" * 64,
        secrets=[],
    )
    size = len(render(told).encode())

    assert size < LIMIT_BYTES * 0.7
