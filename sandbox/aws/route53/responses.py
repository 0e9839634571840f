"""Route 53's requests."""

from moto.core.responses import ActionResult
from moto.route53.responses import Route53

from sandbox.aws.requests import Guarded
from sandbox.aws.route53.models import SandboxRoute53Backend, sandbox_route53


class SandboxRoute53Response(Guarded, Route53):
    """moto's Route 53, one request at a time."""

    @property
    def backend(self) -> SandboxRoute53Backend:
        """The account's backend."""
        return sandbox_route53(self.current_account)

    def get_health_check_status(self) -> ActionResult:
        """GetHealthCheckStatus: an observation of the sandbox's one checker, once it has made a check."""
        seen = self.backend.observation(self._get_param("HealthCheckId"))
        observations = [
            {
                "Region": "us-east-1",
                "IPAddress": "127.0.0.1",
                "StatusReport": {"Status": each.status, "CheckedTime": each.at},
            }
            for each in [seen]
            if each is not None
        ]
        return ActionResult({"HealthCheckObservations": observations})
