"""Routes of /_sandbox, as a WSGI application."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from sandbox.aws.internal import responses

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

PREFIX = "/_sandbox/"

FEEDS = "any('instances', 'load-balancers', 'dns', 'commands')"
ROUTES = Map(
    [
        Rule(
            "/_sandbox/<any('instances', 'load-balancers', 'dns', 'commands'):feed>",
            methods=["GET"],
            endpoint=responses.watch,
        ),
        Rule("/_sandbox/instances/<instance_id>", methods=["POST"], endpoint=responses.post_instance),
        Rule("/_sandbox/commands/<command>/<instance_id>", methods=["POST"], endpoint=responses.post_command),
        Rule("/_sandbox/target-health", methods=["POST"], endpoint=responses.post_target_health),
        Rule("/_sandbox/health-checks", methods=["POST"], endpoint=responses.post_health_checks),
        Rule("/_sandbox/metrics", methods=["POST"], endpoint=responses.post_metrics),
        Rule("/_sandbox/permissions", methods=["GET"], endpoint=responses.get_permissions),
        Rule("/_sandbox/calls", methods=["GET", "DELETE"], endpoint=responses.get_calls),
        Rule("/_sandbox/calendar", methods=["POST"], endpoint=responses.post_calendar),
        Rule("/_sandbox/faults", methods=["GET"], endpoint=responses.get_faults),
        Rule("/_sandbox/faults", methods=["POST"], endpoint=responses.post_faults),
    ]
)


def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    """Answer one request."""
    request = Request(environ)
    try:
        handler, arguments = ROUTES.bind_to_environ(environ).match()
        response = handler(request, **arguments)
    except HTTPException as error:
        response = responses.problem(error.code or 500, str(error.description))
    except (KeyError, TypeError, ValueError) as error:
        response = responses.problem(400, f"{type(error).__name__}: {error}")
    return response(environ, start_response)
