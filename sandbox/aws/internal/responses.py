"""The handlers of the sandbox's own API: JSON in, JSON out, and long polls that hold no lock."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Request, Response

from sandbox.aws.autoscaling.schedules import calendar
from sandbox.aws.cloudwatch.models import sandbox_cloudwatch
from sandbox.aws.ec2.models import all_ec2
from sandbox.aws.elbv2.models import all_elbv2
from sandbox.aws.faults.models import switchboard
from sandbox.aws.iam.guard import account
from sandbox.aws.internal import commands, dns, models
from sandbox.aws.route53.models import sandbox_route53
from sandbox.aws.state import clock, state
from sandbox.aws.traffic import traffic
from sandbox.service.target_health import Health

LONGEST_WAIT = 60.0


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


class Feed:
    """Something to watch: its version grows when its content differs from what was last seen of it."""

    def __init__(self, gather: Callable[[], dict[str, Any]]) -> None:
        self._gather = gather
        self._content: dict[str, Any] | None = None
        self._text = ""
        self._version = time.time_ns() // 1_000_000

    def poll(self, after: int | None, wait: float) -> dict[str, Any]:
        """Return the content and its version; if that is still `after`, wait up to `wait` seconds for a new one."""
        deadline = clock() + min(wait, LONGEST_WAIT)
        with state.changed:
            while True:
                self._refresh()
                if after != self._version or clock() >= deadline:
                    return {"version": self._version, **(self._content or {})}
                state.changed.wait(deadline - clock())

    def _refresh(self) -> None:
        content = self._gather()
        text = json.dumps(content, sort_keys=True, default=str)
        if text != self._text:
            self._text, self._content = text, json.loads(text)
            self._version += 1


feeds = {
    "instances": Feed(models.instances),
    "load-balancers": Feed(models.load_balancers),
    "dns": Feed(dns.dns),
    "commands": Feed(commands.commands),
}


def watch(request: Request, feed: str) -> Response:
    """GET /_sandbox/instances, GET /_sandbox/load-balancers, GET /_sandbox/dns, GET /_sandbox/commands."""
    after = request.args.get("after", type=int)
    return _json(feeds[feed].poll(after, request.args.get("wait", 0.0, type=float)))


def post_instance(request: Request, instance_id: str) -> Response:
    """POST /_sandbox/instances/<id>."""
    body = _body(request)
    with state.changed:
        ec2 = next((ec2 for ec2 in all_ec2() if instance_id in ec2.machines), None)
        if ec2 is None:
            raise NotFound(f"there is no instance {instance_id}, or it ended over a minute ago")
        if body.get("state") == "terminated":
            ec2.ended(instance_id)
        elif body.get("state") == "stopped":
            ec2.stopped(instance_id)
        elif body.get("state") == "shutdown":
            ec2.shut_down_itself(instance_id)
        elif body.get("state") == "failed":
            ec2.ended(instance_id, str(body.get("reason") or "the machine died"))
        elif isinstance(body.get("port"), int):
            ec2.started(instance_id, body["port"])
        else:
            raise BadRequest(
                'give {"port": N}, {"state": "shutdown", "stopped" or "terminated"}, '
                'or {"state": "failed", "reason": ...}'
            )
    return _json({})


def post_command(request: Request, command: str, instance_id: str) -> Response:
    """POST /_sandbox/commands/<command>/<instance>."""
    with state.changed:
        commands.report(command, instance_id, _body(request))
    return _json({})


def post_target_health(request: Request) -> Response:
    """POST /_sandbox/target-health."""
    with state.changed:
        for seen in _body(request).get("targets", []):
            health = Health(seen["state"], seen.get("reason"), seen.get("description"))
            for elbv2 in all_elbv2():
                if seen["group"] in elbv2.target_groups:
                    elbv2.report(seen["group"], seen["id"], int(seen["port"]), health)
    return _json({})


def post_health_checks(request: Request) -> Response:
    """POST /_sandbox/health-checks."""
    with state.changed:
        route53 = sandbox_route53(DEFAULT_ACCOUNT_ID)
        for seen in _body(request)["health_checks"]:
            route53.observed(seen["id"], healthy=bool(seen["healthy"]), status=str(seen["status"]))
    return _json({})


def post_metrics(request: Request) -> Response:
    """POST /_sandbox/metrics."""
    body = _body(request)
    data = [
        {
            "MetricName": datum["name"],
            "Dimensions": [{"Name": k, "Value": v} for k, v in datum.get("dimensions", {}).items()],
            "Unit": datum.get("unit"),
            **({"Values": datum["values"]} if "values" in datum else {"Value": datum["value"]}),
        }
        for datum in body["data"]
        if datum.get("values", True)
    ]
    with state.changed:
        sandbox_cloudwatch(DEFAULT_ACCOUNT_ID, body["region"]).put_metric_data(body["namespace"], data)
    return _json({})


def post_calendar(request: Request) -> Response:
    """POST /_sandbox/calendar: from here on it is `now` for scheduled actions; without it, this machine's time."""
    now = _body(request).get("now")
    with state.changed:
        calendar.set(datetime.fromisoformat(str(now).replace("Z", "+00:00")) if now else None)
        state.wake()
    return _json({"now": calendar.now().isoformat()})


def post_faults(request: Request) -> Response:
    """POST /_sandbox/faults."""
    faults = switchboard.change(_body(request))
    state.wake()
    return _json(asdict(faults))


def get_faults(request: Request) -> Response:
    """GET /_sandbox/faults."""
    return _json(asdict(switchboard.now))


def get_calls(request: Request) -> Response:
    """GET /_sandbox/calls; DELETE returns them too, and begins again."""
    return _json(traffic.report(reset=request.method == "DELETE"))


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("the body is not a JSON object")
    return body  # pyright: ignore[reportUnknownVariableType]


def problem(status: int, message: str) -> Response:
    """Return an error as JSON."""
    return _json({"error": message}, status)


def get_permissions(request: Request) -> Response:
    """GET /_sandbox/permissions."""
    return _json(account.report())
