"""Finds placeholders from the examples, so that they are not deployed by mistake. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from infra.settings import Settings

_RESERVED = ("example.com", "example.net", "example.org", "example", "invalid", "localhost")
"""Domains that are reserved for documentation or never exist (RFC 2606). `test` is left out: it is for tests."""
ACCOUNTS = ("123456789012", "111122223333", "444455556666")
"""Accounts that AWS's documentation uses. An emulator may use one of them for the caller."""
ZONE = "Z0123456789ABCDEFGHIJ"
REPOSITORY_OWNER = "example"
"""The owner of the examples' repositories at GitHub."""
_REPOSITORIES = (f"https://github.com/{REPOSITORY_OWNER}/", "https://git.example.com/")


def problems(settings: Settings, account: str) -> Iterator[str]:
    """Yield the settings that still have an example's value; `account` is the caller's."""
    balancer, repository = settings.load_balancer, settings.release.repository
    if balancer.domain and is_reserved(balancer.domain):
        yield _problem("loadBalancer.domain", balancer.domain, "a domain reserved for examples (RFC 2606)")
    if balancer.hosted_zone == ZONE:
        yield _problem("loadBalancer.hostedZone", ZONE, "the example's zone")
    if repository and repository.startswith(_REPOSITORIES):
        yield _problem("release.repository", repository, "the example's repository")
    if (bucket := settings.artifacts.bucket) and _names_nobodys(bucket, account):
        yield _problem("artifacts.bucket", bucket, "the name of a bucket of an account that only examples use")
    if balancer.certificate and _is_nobodys(balancer.certificate, account):
        yield _problem("loadBalancer.certificate", balancer.certificate, "of an account that only examples use")
    named = {"loadBalancer.webAcl": balancer.web_acl, "logs.kmsKey": settings.logs.kms_key}
    for path, arn in named.items():
        if arn and _is_nobodys(arn, account):
            yield _problem(path, arn, "of an account that only examples use")
    for fleet in settings.fleets.values():
        for index, topic in enumerate(fleet.alarms.notify):
            if _is_nobodys(topic, account):
                yield _problem(
                    f"fleets.{fleet.name}.alarms.notify[{index}]", topic, "of an account that only examples use"
                )
    for index, each in enumerate(settings.notify):
        if each.is_topic and _is_nobodys(each.address, account):
            yield _problem(f"notify[{index}]", each.address, "of an account that only examples use")


def is_reserved(domain: str) -> bool:
    """Return whether nobody can own the domain."""
    return any(domain == reserved or domain.endswith(f".{reserved}") for reserved in _RESERVED)


def _is_nobodys(arn: str, account: str) -> bool:
    owner = arn.split(":")[4]
    return owner in ACCOUNTS and owner != account


def _names_nobodys(bucket: str, account: str) -> bool:
    return any(part in ACCOUNTS and part != account for part in bucket.split("-"))


def _problem(path: str, value: str, what: str) -> str:
    command = f"pulumi config set --path 'slipway:{path}' VALUE"
    return f"{path}: {value} is {what}; set yours with `{command}`"
