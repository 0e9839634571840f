"""What the outage of a region, or of the global control planes, does to one request.

A dark region resets every connection at once. In real outages, clients also meet endpoints that take a connection and
never answer; they then learn the same after their own time-outs, of minutes. A reset shows as honestly what a program
does without the region, and is retried by SDKs in the same way, without anybody having to wait for it.
"""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from sandbox.aws.addressee import Addressee
from sandbox.aws.faults.models import Faults
from sandbox.aws.faults.planes import needs_us_east_1
from sandbox.aws.faults.requests import hang_up, unavailable
from sandbox.aws.iam import calls


def meet(environ: dict[str, Any], addressee: Addressee, faults: Faults) -> Response | None:
    """Return the error to answer with, or None to go on; raise ConnectionResetError where nobody answers."""
    if cut(addressee, faults):
        hang_up(environ)
    if faults.global_writes:
        by = calls.signed(environ)
        call = calls.read(environ, by) if by else None
        if call and needs_us_east_1(call, addressee.region):
            return unavailable(call.service)
    return None


def cut(addressee: Addressee, faults: Faults) -> bool:
    """Return whether a request reaches nobody. Pure.

    A dark region answers nobody, and from its instances nothing gets out. An unreachable one answers its own instances.
    """
    if addressee.regions & set(faults.dark) or addressee.instance_region in faults.dark:
        return True
    return bool((addressee.regions - {addressee.instance_region}) & set(faults.unreachable))
