"""A target's way through a target group: initial, healthy or unhealthy, draining, gone."""

from dataclasses import dataclass

from sandbox.service import target_health
from sandbox.service.target_health import Health

REGISTERED, DRAINING = "registered", "draining"


@dataclass
class Target:
    """One target of one group. `until` is when (monotonic seconds) its draining ends by itself."""

    id: str
    port: int
    state: str = REGISTERED
    health: Health = target_health.REGISTERING
    until: float | None = None

    def drain(self, until: float) -> None:
        """Begin deregistration: no new requests, the running ones may end until then."""
        if self.state != DRAINING:
            self.state, self.health, self.until = DRAINING, target_health.DRAINING, until
