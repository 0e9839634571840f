"""What stands in examples and is nobody's: it must not be deployed by mistake. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from infra.settings import Settings

_RESERVED = ("example.com", "example.net", "example.org", "example", "invalid", "localhost")
"""Domains that are reserved for documentation or never exist (RFC 2606). `test` is not among them: it is for tests."""
_ACCOUNTS = ("123456789012", "111122223333", "444455556666")
"""Accounts that AWS's documentation uses. One of them may be the caller's: an emulator's is."""
_ZONE = "Z0123456789ABCDEFGHIJ"
_REPOSITORIES = ("https://github.com/example/", "https://git.example.com/")


def problems(settings: Settings, account: str) -> Iterator[str]:
    """What is still an example's; `account` is the caller's."""
    balancer, repository = settings.load_balancer, settings.release.repository
    if balancer.domain and is_reserved(balancer.domain):
        yield _problem("loadBalancer.domain", balancer.domain, "a domain for examples (RFC 2606)")
    if balancer.hosted_zone == _ZONE:
        yield _problem("loadBalancer.hostedZone", _ZONE, "an example's")
    if repository and repository.startswith(_REPOSITORIES):
        yield _problem("release.repository", repository, "an example's")
    if balancer.certificate and _is_nobodys(balancer.certificate, account):
        yield _problem("loadBalancer.certificate", balancer.certificate, "of an account for examples")
    for fleet in settings.fleets.values():
        for index, topic in enumerate(fleet.alarms.notify):
            if _is_nobodys(topic, account):
                yield _problem(f"fleets.{fleet.name}.alarms.notify[{index}]", topic, "of an account for examples")


def is_reserved(domain: str) -> bool:
    """Whether nobody can own the domain."""
    return any(domain == reserved or domain.endswith(f".{reserved}") for reserved in _RESERVED)


def _is_nobodys(arn: str, account: str) -> bool:
    owner = arn.split(":")[4]
    return owner in _ACCOUNTS and owner != account


def _problem(path: str, value: str, what: str) -> str:
    command = f"pulumi config set --path 'slipway:{path}' VALUE"
    return f"{path}: {value} is {what}, and nothing is there; set yours with `{command}`"
