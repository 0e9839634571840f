"""aws.acm: Certificate (requested, or imported) and CertificateValidation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.errors import ProviderError
from sandbox.provider.resources.translate import removed_tags, stripped, tag_list, tag_map, to_aws
from sandbox.provider.schema import TAGS, Field, Props, Resource, block, text, unordered

_RECORDS = 75.0  # seconds; what upstream gives ACM to name the validation records
_VALIDATION = 4500.0  # seconds, upstream's default
_OPTIONS = {
    "certificateTransparencyLoggingPreference": text(computed=True),
    "export": text(computed=True),
}
_FIELDS: dict[str, Field] = {
    "domainName": text(replace=True, computed=True),
    "subjectAlternativeNames": unordered(replace=True, computed=True),
    "validationMethod": text(replace=True, computed=True),
    "keyAlgorithm": text(replace=True, computed=True),
    "options": block(_OPTIONS, computed=True),
    "certificateBody": text(aws="Certificate"),
    "certificateChain": text(),
    "privateKey": text(secret=True),
    "tags": TAGS,
}
_REQUEST = ("domainName", "subjectAlternativeNames", "validationMethod", "keyAlgorithm", "options")


def _create(call: Call, props: Props) -> str:
    acm, tags = call.client("acm"), {"Tags": tag_list(props["tags"])} if props.get("tags") else {}
    if props.get("certificateBody"):
        return str(acm.import_certificate(**_material(props), **tags)["CertificateArn"])
    arn = str(acm.request_certificate(**to_aws(_FIELDS, props, *_REQUEST), **tags)["CertificateArn"])
    call.created(arn)
    if props.get("validationMethod") == "DNS":
        call.wait(f"the validation records of {arn}", lambda: _has_records(_describe(call, arn)), _RECORDS)
    return arn


def _material(props: Props) -> dict[str, bytes]:
    names = {"certificateBody": "Certificate", "privateKey": "PrivateKey", "certificateChain": "CertificateChain"}
    return {parameter: props[name].encode() for name, parameter in names.items() if props.get(name)}


def _describe(call: Call, arn: str) -> dict[str, Any]:
    return call.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]


def _has_records(certificate: dict[str, Any]) -> bool:
    options = certificate.get("DomainValidationOptions", [])
    return bool(options) and all("ResourceRecord" in o for o in options)


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    acm = call.client("acm")
    if changed & {"certificateBody", "certificateChain", "privateKey"}:
        acm.import_certificate(CertificateArn=id_, **_material(new))
    if "options" in changed and new.get("options"):
        acm.update_certificate_options(CertificateArn=id_, **to_aws(_FIELDS, new, "options"))
    if "tags" in changed:
        gone = removed_tags(old, new)
        if gone:
            acm.remove_tags_from_certificate(CertificateArn=id_, Tags=[{"Key": k} for k in gone])
        if new.get("tags"):
            acm.add_tags_to_certificate(CertificateArn=id_, Tags=tag_list(new["tags"]))


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    certificate = _describe(call, id_)
    options: list[dict[str, Any]] = certificate.get("DomainValidationOptions", [])
    names = [n for n in certificate.get("SubjectAlternativeNames", []) if n != certificate["DomainName"]]
    if certificate["DomainName"] in (prior.get("subjectAlternativeNames") or []):
        names.append(certificate["DomainName"])
    reading = {
        "domainName": certificate["DomainName"],
        "subjectAlternativeNames": names,
        "keyAlgorithm": certificate.get("KeyAlgorithm", "RSA_2048").replace("-", "_"),
        "tags": tag_map(call.client("acm").list_tags_for_certificate(CertificateArn=id_).get("Tags")),
        "arn": id_,
        "type": certificate["Type"],
        "domainValidationOptions": [_record(o) for o in options if "ResourceRecord" in o],
    }
    if certificate["Type"] == "AMAZON_ISSUED" and options:
        reading["validationMethod"] = options[0].get("ValidationMethod")
    return reading


def _record(option: dict[str, Any]) -> Props:
    record = option["ResourceRecord"]
    return {
        "domainName": option["DomainName"],
        "resourceRecordName": record["Name"],
        "resourceRecordType": record["Type"],
        "resourceRecordValue": record["Value"],
    }


def _delete(call: Call, id_: str, state: Props) -> None:
    call.client("acm").delete_certificate(CertificateArn=id_)


def _check(inputs: Props) -> Sequence[tuple[str, str]]:
    if ("domainName" in inputs) == ("certificateBody" in inputs):
        return [("domainName", "set exactly one of domainName (request) and certificateBody (import)")]
    if "domainName" in inputs and "validationMethod" not in inputs:
        return [("validationMethod", "missing; DNS or EMAIL")]
    return ()


def _validate(call: Call, props: Props) -> str:
    arn = props["certificateArn"]
    certificate = call.wait(f"certificate {arn} to be issued", lambda: _issued(call, arn), _limit(call))
    return str(certificate.get("IssuedAt") or arn)


def _limit(call: Call) -> float:
    return max(call.timeout, _VALIDATION)


def _issued(call: Call, arn: str) -> dict[str, Any] | None:
    certificate = _describe(call, arn)
    if certificate["Status"] not in ("ISSUED", "PENDING_VALIDATION"):
        reason = stripped({"reason": certificate.get("FailureReason")}).get("reason", "no reason given")
        raise ProviderError(f"certificate {arn} is {certificate['Status']}: {reason}")
    return certificate if certificate["Status"] == "ISSUED" else None


def _read_validation(call: Call, id_: str, prior: Props) -> Props | None:
    certificate = _describe(call, prior["certificateArn"])
    return {"certificateArn": prior["certificateArn"]} if certificate["Status"] == "ISSUED" else None


def _forget(call: Call, id_: str, state: Props) -> None:
    """A validation is a fact about the certificate: there is nothing to delete."""


RESOURCES = (
    Resource(
        type="aws:acm/certificate:Certificate",
        cfn="AWS::CertificateManager::Certificate",
        fields=_FIELDS,
        # Upstream also tells the status and dates, which change when it is issued: a refresh would find drift.
        outputs=("arn", "domainValidationOptions", "tagsAll", "type"),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        check=_check,
    ),
    Resource(
        type="aws:acm/certificateValidation:CertificateValidation",
        cfn="",
        fields={
            "certificateArn": text(required=True, replace=True),
            "validationRecordFqdns": unordered(replace=True),
        },
        create=_validate,
        read=_read_validation,
        delete=_forget,
    ),
)
