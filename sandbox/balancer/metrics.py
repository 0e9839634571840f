"""The metrics that an Application Load Balancer publishes, with the names and dimensions of its user guide."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.balancer.config import LoadBalancerConfig
from sandbox.balancer.targets import TargetGroup

NAMESPACE = "AWS/ApplicationELB"
PUBLISHED = range(2, 6)  # not 101: a WebSocket counts as a request, but has no metric for its answer
SINGLE = (500, 502, 503, 504)
SAMPLES = 100  # response times kept per interval; more would not change a percentile that anyone alarms on


@dataclass
class Counts:
    """Counts since the last report, for one load balancer or one of its target groups."""

    requests: int = 0  # for which a target was chosen, whoever answered them
    unconnected: int = 0
    target_codes: dict[int, int] = field(default_factory=dict[int, int])  # by hundreds
    own_codes: dict[int, int] = field(default_factory=dict[int, int])
    times: list[float] = field(default_factory=list[float])

    def answered(self, status: int, seconds: float) -> None:
        """Count an answer of a target."""
        self.requests += 1
        self.target_codes[status // 100] = self.target_codes.get(status // 100, 0) + 1
        if len(self.times) < SAMPLES:
            self.times.append(seconds)
        else:
            self.times[self.requests % SAMPLES] = seconds

    def failed(self, status: int) -> None:
        """Count an error that the load balancer answered with itself."""
        self.own_codes[status] = self.own_codes.get(status, 0) + 1

    def data(self, dimensions: dict[str, str]) -> list[dict[str, Any]]:
        """Return the body's `data` for `POST /_sandbox/metrics`; a count of zero is not published."""
        found = [_datum("RequestCount", dimensions, self.requests)] if self.requests else []
        found += [
            _datum(f"HTTPCode_Target_{hundreds}XX_Count", dimensions, count)
            for hundreds, count in self.target_codes.items()
            if hundreds in PUBLISHED
        ]
        found += self._own(dimensions)
        if self.unconnected:
            found.append(_datum("TargetConnectionErrorCount", dimensions, self.unconnected))
        if self.times:
            found.append(
                {"name": "TargetResponseTime", "dimensions": dimensions, "values": self.times, "unit": "Seconds"}
            )
        return found

    def _own(self, dimensions: dict[str, str]) -> list[dict[str, Any]]:
        hundreds: dict[int, int] = {}
        for status, count in self.own_codes.items():
            hundreds[status // 100] = hundreds.get(status // 100, 0) + count
        named = {f"{status}": count for status, count in self.own_codes.items() if status in SINGLE}
        named |= {f"{first}XX": count for first, count in hundreds.items()}
        return [_datum(f"HTTPCode_ELB_{code}_Count", dimensions, count) for code, count in named.items()]


class Metrics:
    """Counts for each load balancer, and for each of its target groups."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str | None], Counts] = {}

    def answered(self, balancer: str, group: str, status: int, seconds: float) -> None:
        """Count an answer of a target of `group` to a request to `balancer` (both ARNs)."""
        for key in ((balancer, None), (balancer, group)):
            self._of(key).answered(status, seconds)

    def failed(self, balancer: str, status: int, group: str | None = None, *, connected: bool = True) -> None:
        """Count an error that the load balancer answered with itself.

        The error counts for no target group. If a target of `group` had been chosen, the request counts for it, and so
        does a refused connection.
        """
        self._of((balancer, None)).failed(status)
        for key in ((balancer, None), (balancer, group)) if group else ():
            self._of(key).requests += 1
            self._of(key).unconnected += not connected

    def keep(self, balancers: Collection[str]) -> None:
        """Drop the counts of load balancers that are gone."""
        self._counts = {key: counts for key, counts in self._counts.items() if key[0] in balancers}

    def _of(self, key: tuple[str, str | None]) -> Counts:
        return self._counts.setdefault(key, Counts())

    def take(self, balancer: LoadBalancerConfig, groups: Iterable[TargetGroup]) -> list[dict[str, Any]]:
        """Return the data of one load balancer since the last call, with the health of its groups."""
        lb = {"LoadBalancer": balancer.dimension}
        data = self._counts.pop((balancer.arn, None), Counts()).data(lb)
        for group in groups:
            both = {"TargetGroup": group.config.dimension, **lb}
            counts = self._counts.pop((balancer.arn, group.config.arn), Counts())
            data += counts.data(both)
            healthy = group.count("healthy")
            data.append(_datum("HealthyHostCount", both, healthy))
            data.append(_datum("UnHealthyHostCount", both, group.count("unhealthy")))
            if counts.requests and healthy:
                data += [
                    _datum("RequestCountPerTarget", dimensions, counts.requests / healthy)
                    for dimensions in ({"TargetGroup": group.config.dimension}, both)
                ]
        return data


def _datum(name: str, dimensions: dict[str, str], value: float) -> dict[str, Any]:
    return {"name": name, "dimensions": dimensions, "value": value, "unit": "Count"}
