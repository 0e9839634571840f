"""The headers of a request on its way through the load balancer. Pure.

Source: "HTTP headers and Application Load Balancers" and "Request tracing" in the ELB user guide.
"""

from __future__ import annotations

import re
import secrets
import time

from multidict import CIMultiDict, CIMultiDictProxy

from sandbox.balancer.config import LoadBalancerConfig

# RFC 9110, section 7.6.1: these are about one connection, not about the message.
HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
     "transfer-encoding", "upgrade")
)  # fmt: skip
_VALID = re.compile(r"[A-Za-z0-9-]+")

Headers = CIMultiDict[str]


def end_to_end(headers: CIMultiDictProxy[str]) -> Headers:
    """Return a copy without the headers that are about one connection, including those that `Connection` names."""
    named = {token.strip().lower() for value in headers.getall("Connection", ()) for token in value.split(",")}
    dropped = HOP_BY_HOP | named if named else HOP_BY_HOP
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def for_target(
    headers: CIMultiDictProxy[str], balancer: LoadBalancerConfig, *, client: str, scheme: str, port: int
) -> Headers:
    """Return the headers that the target gets; `client` is the client's address, the rest are the listener's."""
    sent = end_to_end(headers)
    sent.popall("Expect", None)  # the load balancer has answered it
    if balancer.drop_invalid_headers:
        for name in [name for name in sent if not _VALID.fullmatch(name)]:
            del sent[name]
    sent["X-Forwarded-For"] = ", ".join([*sent.popall("X-Forwarded-For", []), client])
    sent["X-Forwarded-Proto"] = scheme
    sent["X-Forwarded-Port"] = str(port)
    sent["X-Amzn-Trace-Id"] = trace_id(sent.get("X-Amzn-Trace-Id"))
    return sent


def trace_id(given: str | None) -> str:
    """Return a new root; or, if `given` has one already, `given` with this load balancer's field in front."""
    field = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    if not given:
        return f"Root={field}"
    kept = ";".join(part for part in given.split(";") if not part.strip().startswith("Self="))
    return f"Self={field};{kept}" if "Root=" in kept else f"Root={field};{kept}"
