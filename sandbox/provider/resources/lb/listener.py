"""aws.lb.Listener."""

from sandbox.provider.kit import Call, Props, Resource, deleter, first, new_tags, only
from sandbox.provider.resources.lb import actions, read_tags

RESOURCE = Resource(
    __name__,
    "AWS::ElasticLoadBalancingV2::Listener",
    unserved=f"{actions.UNSERVED} alpnPolicy mutualAuthentication routingHttp* tcpIdleTimeoutSeconds",
    computed=actions.COMPUTED,
    ordered="defaultActions",
    defaults=actions.DEFAULTS,
    names=actions.NAMES,
)
_SETTINGS = ("port", "protocol", "sslPolicy")
delete = deleter("elbv2", "delete_listener", "ListenerArn")


def _parameters(inputs: Props, *names: str) -> Props:
    parameters = RESOURCE.to_aws(inputs, *names)
    if inputs.get("certificateArn"):
        parameters["Certificates"] = [{"CertificateArn": inputs["certificateArn"]}]
    return {
        **parameters,
        "DefaultActions": actions.actions(RESOURCE.fields["defaultActions"], inputs["defaultActions"]),
    }


def create(call: Call, inputs: Props) -> str:
    parameters = _parameters(inputs, "loadBalancerArn", *_SETTINGS)
    reply = call.client("elbv2").create_listener(**parameters, **new_tags(inputs))
    return str(reply["Listeners"][0]["ListenerArn"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if changed - {"tags"}:
        call.client("elbv2").modify_listener(ListenerArn=id_, **_parameters(new, *_SETTINGS))


def read(call: Call, id_: str, prior: Props) -> Props:
    listener = only(call.client("elbv2").describe_listeners(ListenerArns=[id_])["Listeners"])
    return {
        **RESOURCE.from_aws(listener, "loadBalancerArn", "port", "protocol"),
        "sslPolicy": listener.get("SslPolicy") if listener.get("Protocol") in ("HTTPS", "TLS") else None,
        "certificateArn": first(c["CertificateArn"] for c in listener.get("Certificates") or []),
        "defaultActions": actions.read_actions(RESOURCE.fields["defaultActions"], listener["DefaultActions"]),
        "tags": read_tags(call, id_),
        "arn": id_,
    }
