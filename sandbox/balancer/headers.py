"""Headers on their way through the load balancer. Pure.

What is added is said in the user guide's "HTTP headers and Application Load Balancers" and "Request tracing".
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
    """A copy without what concerns the connection only, including what `Connection` names."""
    named = {token.strip().lower() for value in headers.getall("Connection", ()) for token in value.split(",")}
    dropped = HOP_BY_HOP | named if named else HOP_BY_HOP
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def for_target(
    headers: CIMultiDictProxy[str], balancer: LoadBalancerConfig, *, client: tuple[str, int], scheme: str, port: int
) -> Headers:
    """The headers of a request as the target gets them; `scheme` and `port` are the listener's."""
    sent = end_to_end(headers)
    sent.popall("Expect", None)  # it was answered here
    if balancer.on("routing.http.drop_invalid_header_fields.enabled"):
        for name in [name for name in sent if not _VALID.fullmatch(name)]:
            del sent[name]
    _forwarded_for(sent, balancer, client)
    sent["X-Forwarded-Proto"] = scheme
    sent["X-Forwarded-Port"] = str(port)
    sent["X-Amzn-Trace-Id"] = trace_id(sent.get("X-Amzn-Trace-Id"))
    return sent


def _forwarded_for(sent: Headers, balancer: LoadBalancerConfig, client: tuple[str, int]) -> None:
    mode = balancer.attributes.get("routing.http.xff_header_processing.mode", "append")
    if mode == "preserve":
        return
    earlier = sent.popall("X-Forwarded-For", [])
    if mode == "append":
        host, port = client
        last = f"{host}:{port}" if balancer.on("routing.http.xff_client_port.enabled") else host
        sent["X-Forwarded-For"] = ", ".join([*earlier, last])


def trace_id(given: str | None) -> str:
    """A new root, or what was given with this load balancer's own field in front where it has a root already."""
    field = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    if not given:
        return f"Root={field}"
    kept = ";".join(part for part in given.split(";") if not part.strip().startswith("Self="))
    return f"Self={field};{kept}" if "Root=" in kept else f"Root={field};{kept}"
