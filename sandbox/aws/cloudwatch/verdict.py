"""Pure: from an alarm's datapoints to its state.

Follows "Using Amazon CloudWatch alarms" (user guide), sections "Evaluating an alarm" and "Configuring how CloudWatch
alarms treat missing data", with windows that end now instead of at full minutes.
"""

import operator
from collections.abc import Callable, Sequence

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"


def judge(
    datapoints: Sequence[float | None],
    *,
    comparison: str,
    threshold: float,
    to_alarm: int,
    missing: str,
    current: str,
) -> str:
    """Return the state that follows from `datapoints` (newest first, None where there is no data).

    `missing` is TreatMissingData: missing, ignore, breaching or notBreaching.
    """
    known = [value for value in datapoints if value is not None]
    if not known and missing == "missing":
        return INSUFFICIENT
    if not known and missing == "ignore":
        return current
    breaching = sum(1 for value in known if COMPARISONS[comparison](value, threshold))
    if missing == "breaching":
        breaching += len(datapoints) - len(known)
    if breaching >= to_alarm:
        return ALARM
    if missing == "ignore" and len(known) < len(datapoints):
        return current
    return OK
