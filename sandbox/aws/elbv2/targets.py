"""A target's way through a target group: initial, healthy or unhealthy, draining, gone."""

from dataclasses import dataclass

REGISTERED, DRAINING = "registered", "draining"


@dataclass(frozen=True)
class Health:
    """A state, reason and description as in DescribeTargetHealth."""

    state: str
    reason: str | None = None
    description: str | None = None


REGISTRATION = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
DEREGISTRATION = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_REGISTERED = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
NOT_IN_USE = Health(
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
INVALID_STATE = Health("unused", "Target.InvalidState", "Target is in the stopped or terminated state")


@dataclass
class Target:
    """One target of one group. `until` is when (monotonic seconds) its draining ends by itself."""

    id: str
    port: int
    state: str = REGISTERED
    health: Health = REGISTRATION
    until: float | None = None

    def drain(self, until: float) -> None:
        """Begins deregistration: no new requests, the running ones may end until then."""
        if self.state != DRAINING:
            self.state, self.health, self.until = DRAINING, DEREGISTRATION, until
