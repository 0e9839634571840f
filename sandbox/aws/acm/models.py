"""Certificates that prove their domains.

The validation record of a domain is the same for every certificate of an account, in every region, and it has to stay
for the renewals (ACM user guide, "DNS validation"). moto has one record for everybody, and issues without looking.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from moto.acm.models import AWSCertificateManagerBackend, CertBundle

from sandbox.aws.route53.changes import plain
from sandbox.aws.route53.models import sandbox_route53


class Certificate(CertBundle):
    """moto's certificate, which is pending until its records are there."""

    account = ""

    def check(self) -> None:
        """Issue the certificate if every one of its domains is proved."""
        if self.type != "AMAZON_ISSUED" or self.status != "PENDING_VALIDATION":
            super().check()
        elif all(_is_there(self.account, *validation(self.account, domain)) for domain in self._domains()):
            self.status = "ISSUED"

    def _domains(self) -> list[str]:
        return sorted({self.common_name, *self.sans})

    def describe(self) -> dict[str, Any]:
        """DescribeCertificate, with the domains' own records."""
        described = super().describe()
        certificate = described["Certificate"]
        for option in certificate.get("DomainValidationOptions", ()):
            name, value = validation(self.account, option["DomainName"])
            option["ResourceRecord"] = {"Name": name, "Type": "CNAME", "Value": value}
        if self.status == "PENDING_VALIDATION":
            for key in ("IssuedAt", "NotAfter", "NotBefore", "Serial"):
                certificate.pop(key, None)
        return described


class SandboxACMBackend(AWSCertificateManagerBackend):
    """moto's Certificate Manager, whose certificates look for their records."""

    def request_certificate(self, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401 - moto's own
        """RequestCertificate."""
        arn = super().request_certificate(*args, **kwargs)
        bundle = self._certificates[arn]
        if bundle.type == "AMAZON_ISSUED":
            bundle.__class__ = Certificate  # moto has no place to say which class it builds
            bundle.account = self.account_id  # pyright: ignore[reportAttributeAccessIssue]
        return arn


def validation(account: str, domain: str) -> tuple[str, str]:
    """Return name and value of the CNAME that proves a domain; a wildcard has the one of what it is a part of."""
    base = plain(domain).removeprefix("*.")
    digest = hashlib.sha256(f"{account} {base}".encode()).hexdigest()
    return f"_{digest[:32]}.{base}.", f"_{digest[32:]}.{digest[5:15]}.acm-validations.aws."


def _is_there(account: str, name: str, value: str) -> bool:
    return any(
        plain(record.name) == plain(name)
        and record.type == "CNAME"
        and [plain(v) for v in record.records] == [plain(value)]
        for zone in _zones(account, name)
        for record in zone.rrsets
    )


def _zones(account: str, name: str) -> Iterator[Any]:
    for zone in sandbox_route53(account).zones.values():
        if not zone.private_zone and plain(name).endswith(f".{plain(zone.name)}"):
            yield zone
