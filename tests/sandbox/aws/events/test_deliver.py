"""A rule's event reaches a topic where the topic's policy lets EventBridge publish, and nowhere else."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.events.models import events_backends
from moto.sns.models import Topic, sns_backends

from infra.notify import pattern, template
from sandbox.aws.events import deliver

REGION = "eu-west-1"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/slipway-shop-rollouts"


def allowing(topic: str, rule: str = RULE) -> str:
    statement: Mapping[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch):
    """A topic that the rule of a stack's rollouts leads to."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        sns, events = boto3.client("sns", REGION), boto3.client("events", REGION)
        arn = sns.create_topic(Name="deploys")["TopicArn"]
        events.put_rule(Name="slipway-shop-rollouts", EventPattern=json.dumps(pattern("shop", ["web"])))
        transformer = {
            "InputPathsMap": {
                "end": "$.detail-type",
                "group": "$.detail.AutoScalingGroupName",
                "refresh": "$.detail.InstanceRefreshId",
                "region": "$.region",
                "at": "$.time",
            },
            "InputTemplate": template("shop"),
        }
        target = {"Id": "deploys", "Arn": arn, "InputTransformer": transformer}
        events.put_targets(Rule="slipway-shop-rollouts", Targets=[target])
        yield sns_backends[ACCOUNT][REGION].topics[arn]


def ended(group: str = "slipway-shop-web", end: str = "Failed") -> None:
    deliver.send(
        REGION,
        source="aws.autoscaling",
        detail_type=f"EC2 Auto Scaling Instance Refresh {end}",
        resources=["arn"],
        detail={"InstanceRefreshId": "r-1", "AutoScalingGroupName": group},
    )


def published(topic: Topic) -> list[dict[str, Any]]:
    return [json.loads(message) for _, message, *_ in topic.sent_notifications]


def test_the_end_of_a_refresh_reaches_the_topic(topic: Topic):
    """In the words of the stack's template; the start, and another stack's end, do not."""
    topic.policy = allowing(topic.arn)
    ended(group="slipway-other-web")
    ended(end="Started")
    ended(end="Rollback Succeeded")
    deadline = time.monotonic() + 10
    while not topic.sent_notifications and time.monotonic() < deadline:
        time.sleep(0.01)
    (said,) = published(topic)
    assert said["event"] == "refresh-ended"
    assert said["text"] == ("shop: EC2 Auto Scaling Instance Refresh Rollback Succeeded (AWS, group slipway-shop-web)")
    assert (said["group"], said["refresh"], said["region"]) == ("slipway-shop-web", "r-1", REGION)


def test_a_topic_whose_policy_does_not_let_eventbridge_publish_refuses(topic: Topic):
    """The policy that a new topic has lets its account publish, and no service; another rule's does not count."""
    assert "policy does not let" in deliver.refusal(topic, RULE, REGION)
    topic.policy = allowing(topic.arn, f"{RULE}-2")
    assert "policy does not let" in deliver.refusal(topic, RULE, REGION)
    topic.policy = allowing(topic.arn)
    assert deliver.refusal(topic, RULE, REGION) == ""
    topic.kms_master_key_id = "alias/aws/sns"
    assert "key does not let" in deliver.refusal(topic, RULE, REGION)
    assert events_backends[ACCOUNT][REGION].event_buses["default"].rules
