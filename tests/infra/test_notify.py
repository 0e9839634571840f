"""What a stack declares so that people hear of its deploys, and that it is nothing without the setting."""

from __future__ import annotations

import json

from infra.settings import parse
from tests.infra.program import ACCOUNT, run

WEBHOOK = "https://hooks.slack.com/services/T0123/SECRET"


def stack(**more: object) -> dict[str, object]:
    return {"aws:region": "eu-west-1", "loadBalancer": {"http": True}, "fleets": {"web": None}, **more}


def test_nothing_is_declared_without_the_setting():
    """A stack that tells nobody has neither the parameter nor the rule."""
    program = run(parse(stack(), "shop", {}))
    assert not program.of("ssm/parameter")
    assert not program.of("cloudwatch/eventRule")


def test_whom_to_tell_is_a_secret_and_topics_hear_of_each_end():
    """The parameter's value is a secret of the state; the rule leads to topics alone."""
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT}:deploys"
    program = run(parse(stack(notify=[topic, WEBHOOK]), "shop", {}))
    parameter = program.one("ssm/parameter")
    assert (parameter["name"], parameter["type"]) == ("/slipway/shop/notify", "SecureString")
    assert set(parameter["value"]) == {"secret"}
    rule = json.loads(program.one("cloudwatch/eventRule")["eventPattern"])
    assert rule["detail"] == {"AutoScalingGroupName": ["slipway-shop-web"]}
    target = program.one("cloudwatch/eventTarget")
    assert target["arn"] == topic
    assert "SECRET" not in json.dumps(target)


def test_a_stack_that_tells_only_webhooks_has_no_rule():
    """EventBridge can't tell a webhook without showing its address."""
    program = run(parse(stack(notify=[WEBHOOK]), "shop", {}))
    assert not program.of("cloudwatch/eventRule")
