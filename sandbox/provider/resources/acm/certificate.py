"""aws.acm.Certificate, requested from ACM; importing one is not served."""

from sandbox.provider.kit import Call, Names, Pairs, Props, Resource, deleter, new_tags, tag_map

_RECORDS = 75.0  # seconds; what upstream gives ACM to name the validation records
# Upstream also tells the status and dates, which change when it is issued: a refresh would find drift.
RESOURCE = Resource(
    __name__,
    "AWS::CertificateManager::Certificate",
    unserved="certificate* earlyRenewalDuration options privateKey* validationOptions",
    required="domainName validationMethod",
    replace="validationMethod",
)
delete = deleter("acm", "delete_certificate", "CertificateArn")


def create(call: Call, inputs: Props) -> str:
    parameters = RESOURCE.to_aws({**inputs, "tags": None})
    arn = str(call.client("acm").request_certificate(**parameters, **new_tags(inputs))["CertificateArn"])
    call.created(arn)
    if inputs["validationMethod"] == "DNS":
        call.wait(f"the validation records of {arn}", lambda: _has_records(describe(call, arn)), _RECORDS)
    return arn


def describe(call: Call, arn: str) -> Props:
    return call.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]


def _has_records(certificate: Props) -> bool:
    options = certificate.get("DomainValidationOptions", [])
    return bool(options) and all("ResourceRecord" in o for o in options)


def tag(call: Call, id_: str, pairs: Pairs) -> None:
    call.client("acm").add_tags_to_certificate(CertificateArn=id_, Tags=pairs)


def untag(call: Call, id_: str, keys: Names) -> None:
    call.client("acm").remove_tags_from_certificate(CertificateArn=id_, Tags=[{"Key": key} for key in keys])


def read(call: Call, id_: str, prior: Props) -> Props:
    certificate = describe(call, id_)
    options: list[Props] = certificate.get("DomainValidationOptions", [])
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
    if options:
        reading["validationMethod"] = options[0].get("ValidationMethod")
    return reading


def _record(option: Props) -> Props:
    record = {f"resourceRecord{key}": option["ResourceRecord"][key] for key in ("Name", "Type", "Value")}
    return {"domainName": option["DomainName"], **record}
