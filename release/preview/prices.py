"""AWS's list prices in US dollars, on demand, without tax, of what a stack is made of. Pure.

Sources: the pages "Amazon EC2 On-Demand Pricing" (Linux), "Amazon EBS pricing", "Elastic Load Balancing pricing",
"Amazon VPC pricing", "AWS PrivateLink pricing", "Amazon CloudWatch pricing", "AWS KMS pricing" and "Amazon Route 53
pricing". A region or a type that is not in here has no price: to add one, copy it from there and set DATE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DATE = "2026-10"
"""The month of the newest of the price lists that these are from; the oldest is of January."""
HOURS = 730
"""Hours of a month, as AWS's own calculator counts them."""

ADDRESS = 0.005
"""An hour of a public IPv4 address, in use or not; the same in all regions, as what follows."""
METRIC = 0.30
"""A month of a custom metric, of which detailed monitoring of an instance sends seven."""
DETAILED = 7 * METRIC
ALARM = 0.10
"""A month of an alarm, for each metric that it looks at."""
KEY = 1.0
"""A month of a KMS key."""
HEALTH_CHECK, FEATURE = 0.50, 1.0
"""A month of a health check of something in AWS, and of each of its optional features."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The prices of one region, by the hour; `gp3` is a GB's of a month."""

    balancer: float
    """An Application Load Balancer, without the capacity units that it uses."""
    nat: float
    endpoint: float
    """An interface endpoint in one zone."""
    gp3: float
    large: Mapping[str, float]
    """The size `large` of each family; the others cost in proportion (SIZES)."""

    def instance(self, type_: str) -> float | None:
        """Return what an instance of a type costs an hour; None if its family or size is not in the table."""
        family, _, size = type_.partition(".")
        large, factor = self.large.get(family), SIZES.get(size)
        return large * factor if large is not None and factor is not None else None


SIZES: Mapping[str, float] = {
    "nano": 1 / 16,
    "micro": 1 / 8,
    "small": 1 / 4,
    "medium": 1 / 2,
    "large": 1,
    **{f"{times if times > 1 else ''}xlarge": 2 * times for times in (1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 48)},
}
"""How many times the price of `large` a size costs."""

REGIONS: Mapping[str, Prices] = {
    "eu-central-1": Prices(
        balancer=0.027,
        nat=0.052,
        endpoint=0.012,
        gp3=0.0952,
        large={
            "c5": 0.097,
            "c6g": 0.0776,
            "c6i": 0.097,
            "c7i": 0.10185,
            "m5": 0.115,
            "m6g": 0.092,
            "m6i": 0.115,
            "r5": 0.152,
            "r6g": 0.1216,
            "r6i": 0.152,
            "t3": 0.096,
            "t4g": 0.0768,
        },
    ),
    "eu-west-1": Prices(
        balancer=0.0252,
        nat=0.048,
        endpoint=0.011,
        gp3=0.088,
        large={
            "c5": 0.096,
            "c6g": 0.073,
            "c6i": 0.0912,
            "c7g": 0.0775,
            "m5": 0.107,
            "m6g": 0.086,
            "m6i": 0.107,
            "m7g": 0.091,
            "m7i": 0.11235,
            "r5": 0.141,
            "r6g": 0.113,
            "r6i": 0.141,
            "r7g": 0.1199,
            "t3": 0.0912,
            "t4g": 0.0736,
        },
    ),
    "us-east-1": Prices(
        balancer=0.0225,
        nat=0.045,
        endpoint=0.01,
        gp3=0.08,
        large={
            "c5": 0.085,
            "c6g": 0.068,
            "c6i": 0.085,
            "c7g": 0.0725,
            "c7i": 0.08925,
            "m5": 0.096,
            "m6a": 0.0864,
            "m6g": 0.077,
            "m6i": 0.096,
            "m7g": 0.0816,
            "m7i": 0.1008,
            "r5": 0.126,
            "r6g": 0.1008,
            "r6i": 0.126,
            "r7g": 0.1071,
            "t3": 0.0832,
            "t3a": 0.0752,
            "t4g": 0.0672,
        },
    ),
}
