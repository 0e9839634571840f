"""moto's server, with the sandbox's backends in the place of moto's."""

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from moto.acm.models import acm_backends
from moto.autoscaling.models import autoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.iam import policy_validation
from moto.logs.models import logs_backends
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.route53 import models as route53
from moto.s3.models import s3_backends
from moto.s3control.models import s3control_backends
from moto.servicequotas.models import servicequotas_backends
from moto.ssm.models import ssm_backends
from moto.wafv2.models import wafv2_backends
from werkzeug.serving import BaseWSGIServer, make_server

from sandbox.aws import addressee
from sandbox.aws.access import entry
from sandbox.aws.acm.models import SandboxACMBackend
from sandbox.aws.autoscaling.models import SandboxAutoScalingBackend
from sandbox.aws.cloudwatch.models import SandboxCloudWatchBackend
from sandbox.aws.ec2 import security_groups
from sandbox.aws.ec2.models import SandboxEC2Backend
from sandbox.aws.elbv2.models import SandboxELBv2Backend
from sandbox.aws.faults import outages
from sandbox.aws.faults import requests as faulty
from sandbox.aws.faults.models import Faults, switchboard
from sandbox.aws.iam import guard
from sandbox.aws.internal import urls as internal
from sandbox.aws.logs.models import SandboxLogsBackend
from sandbox.aws.quotas.models import SandboxServiceQuotasBackend
from sandbox.aws.route53.models import SandboxRoute53Backend
from sandbox.aws.s3 import entry as s3
from sandbox.aws.s3.models import SandboxS3Backend
from sandbox.aws.s3control.models import SandboxS3ControlBackend
from sandbox.aws.ssm.models import SandboxSSMBackend
from sandbox.aws.traffic import traffic
from sandbox.aws.wafv2.models import SandboxWAFV2Backend

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse


def install() -> None:
    """Make moto use the sandbox's backends; has to happen before the first request."""
    acm_backends.backend = SandboxACMBackend
    ec2_backends.backend = SandboxEC2Backend
    elbv2_backends.backend = SandboxELBv2Backend
    autoscaling_backends.backend = SandboxAutoScalingBackend
    cloudwatch_backends.backend = SandboxCloudWatchBackend
    logs_backends.backend = SandboxLogsBackend
    route53.route53_backends.backend = SandboxRoute53Backend
    s3_backends.backend = SandboxS3Backend
    s3control_backends.backend = SandboxS3ControlBackend
    servicequotas_backends.backend = SandboxServiceQuotasBackend
    ssm_backends.backend = SandboxSSMBackend
    wafv2_backends.backend = SandboxWAFV2Backend
    # moto knows no ARN of S3's with a region but access points'; batch jobs have one too (service authorization
    # reference, "Actions, resources, and condition keys for Amazon S3").
    regional = policy_validation.SERVICE_TYPE_REGION_INFORMATION_ERROR_ASSOCIATIONS["s3"]
    regional["valid_starting_values"] = ["accesspoint/", "job/"]
    security_groups.install()
    werkzeug_app.DISABLE_GLOBAL_CORS = True  # no web page is to read what the emulator says
    route53.create_route53_zone_id = _zone_id


def _zone_id(*_: object, **__: object) -> str:
    """Return a hosted zone id that begins with Z, as AWS's do and the settings require."""
    return f"Z{secrets.token_hex(10).upper()}"


class Dispatcher(DomainDispatcherApplication):
    """Sends /_sandbox to the sandbox's own API, everything else where its signature says."""

    def get_backend_for_host(self, host: str | None) -> str | None:
        """Return ELBv2's backend where classic load balancers share its host; those are not offered."""
        backend = super().get_backend_for_host(host)
        return "elbv2" if backend == "elb" else backend

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        stranger = entry.meet(environ, internal=internal.PREFIX)
        if stranger:
            return stranger(environ, start_response)
        if environ.get("PATH_INFO", "").startswith(internal.PREFIX):
            return internal.application(environ, start_response)
        to = addressee.read(environ)
        traffic.count(to)
        faults = switchboard.now
        outage = outages.meet(environ, to, faults)
        if outage:
            return outage(environ, start_response)
        if faults == Faults() or not faulty.concern(environ, faults):
            return self._answer(environ, start_response, to)
        error = faulty.meet(environ, faults)
        if error:
            return error(environ, start_response)
        answer = self._answer(environ, start_response, to)
        faulty.lose(environ, faults)
        return answer

    def _answer(
        self, environ: dict[str, Any], start_response: "StartResponse", to: addressee.Addressee
    ) -> Iterable[bytes]:
        """Return AWS's answer to a request without a fault; a role gets what its policies allow."""
        refused = s3.meet(environ, to) or guard.meet(environ)
        return refused(environ, start_response) if refused else super().__call__(environ, start_response)


class Handler(MotoRequestHandler):
    """Keeps connections, and says nothing about requests that went well."""

    protocol_version = "HTTP/1.1"

    def make_environ(self) -> dict[str, Any]:
        """Build the environment with the headers as received, because their names are part of a signature."""
        return {**super().make_environ(), entry.HEADERS: self.headers}

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log only internal failures."""
        if str(code).startswith("5"):
            super().log_request(code, size)


def serve(port: int) -> BaseWSGIServer:
    """Return a server on 127.0.0.1 that is bound but not yet serving; port 0 picks a free port."""
    install()
    return make_server("127.0.0.1", port, Dispatcher(create_backend_app), threaded=True, request_handler=Handler)
