"""aws.acm.CertificateValidation: waits until a certificate is issued."""

from sandbox.provider.kit import Call, Gone, Props, ProviderError, Resource
from sandbox.provider.resources.acm.certificate import describe

_VALIDATION = 4500.0  # seconds, upstream's default
RESOURCE = Resource(__name__, replace="certificateArn validationRecordFqdns")


def create(call: Call, inputs: Props) -> str:
    arn, seconds = inputs["certificateArn"], max(call.timeout, _VALIDATION)
    certificate = call.wait(f"certificate {arn} to be issued", lambda: _issued(call, arn), seconds)
    return str(certificate.get("IssuedAt") or arn)


def _issued(call: Call, arn: str) -> Props | None:
    certificate = describe(call, arn)
    if certificate["Status"] not in ("ISSUED", "PENDING_VALIDATION"):
        reason = certificate.get("FailureReason") or "no reason given"
        raise ProviderError(f"certificate {arn} is {certificate['Status']}: {reason}")
    return certificate if certificate["Status"] == "ISSUED" else None


def read(call: Call, id_: str, prior: Props) -> Props:
    if describe(call, prior["certificateArn"])["Status"] != "ISSUED":
        raise Gone
    return {"certificateArn": prior["certificateArn"]}


def delete(call: Call, id_: str, state: Props) -> None:
    """Do nothing: a validation is a fact about the certificate."""
