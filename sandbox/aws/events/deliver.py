"""Delivers a service's event to the targets of the rules that match it, as EventBridge does.

Source: EventBridge user guide, "Events from AWS services", "Using resource-based policies" (a topic's policy has to let
events.amazonaws.com publish; an encrypted topic's key has to let it be used).
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.events.models import Rule, events_backends
from moto.events.utils import EventTemplateParser
from moto.sns.models import Topic, sns_backends

from sandbox.aws.iam.policy import Ask, decide
from sandbox.aws.iam.principals import listed
from sandbox.aws.kms import use

SERVICE = "events.amazonaws.com"
_THREADS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="events")
"""Whoever has an event to send does not wait: a topic's subscriber may be slow."""
_log = logging.getLogger(__name__)


def send(region: str, *, source: str, detail_type: str, resources: Sequence[str], detail: Mapping[str, str]) -> None:
    """Send an event to the account's default bus, and return at once."""
    at = datetime.now(timezone.utc)
    event: dict[str, Any] = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "region": region,
        "resources": list(resources),
        "detail": dict(detail),
        "ingestion-time": time.time(),
    }
    rules = list(events_backends[ACCOUNT][region].event_buses["default"].rules.values())
    meant = [rule for rule in rules if rule.state == "ENABLED" and _matches(rule, event)]
    for rule in meant:
        _THREADS.submit(_deliver, region, rule, event)


def _deliver(region: str, rule: Rule, event: dict[str, Any]) -> None:
    for target in list(rule.targets):
        topic = sns_backends[ACCOUNT][region].topics.get(target["Arn"])
        if topic is None:
            _log.warning("rule %s: the sandbox delivers to topics that exist, not to %s", rule.name, target["Arn"])
        elif refused := refusal(topic, rule.arn, region):
            _log.warning("rule %s may not publish to %s: %s", rule.name, topic.arn, refused)
        else:
            topic.publish(message(target, event))


def _matches(rule: Rule, event: dict[str, Any]) -> bool:
    return rule.event_pattern.matches_event(event)  # pyright: ignore[reportArgumentType]


def message(target: Mapping[str, Any], event: dict[str, Any]) -> str:
    """Return what a target gets: the event, or what the target's input transformer makes of it."""
    transformer = target.get("InputTransformer")
    if transformer is None:
        return json.dumps({key: value for key, value in event.items() if key != "ingestion-time"})
    made = EventTemplateParser.parse(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), event)  # pyright: ignore[reportArgumentType]
    return json.dumps(made)


def refusal(topic: Topic, rule_arn: str, region: str) -> str:
    """Return why a rule may not publish to a topic; "" if it may."""
    context = {"aws:SourceArn": rule_arn, "aws:SourceAccount": ACCOUNT}
    statements = [each for each in listed(json.loads(topic.policy)) if _is_about(each.get("Principal"))]
    try:
        allowed = decide(statements, Ask(action="sns:Publish", resource=topic.arn, context=context))
    except ValueError as error:  # a condition that the sandbox does not know
        return str(error)
    if not allowed:
        return f"the topic's policy does not let {SERVICE} publish"
    if not topic.kms_master_key_id:
        return ""
    key = use.find(topic.kms_master_key_id, region)
    if key and use.by_service(key, SERVICE, ["kms:GenerateDataKey", "kms:Decrypt"], context):
        return ""
    return f"the topic's key does not let {SERVICE} use it"


def _is_about(principal: object) -> bool:
    if isinstance(principal, Mapping):
        services: Any = principal.get("Service", ())  # pyright: ignore[reportUnknownMemberType]
        everybody: Any = principal.get("AWS", ())  # pyright: ignore[reportUnknownMemberType]
        return SERVICE in ([services] if isinstance(services, str) else services) or everybody == "*"
    return principal == "*"
