"""aws.sns: Topic."""

from __future__ import annotations

from sandbox.provider.call import Call
from sandbox.provider.resources.translate import removed_tags, tag_list, tag_map
from sandbox.provider.schema import TAGS, Autoname, Field, Props, Resource, Value, flag, json_text, number, text

_ATTRIBUTES: dict[str, Field] = {
    "displayName": text(),
    "policy": json_text(computed=True),
    "deliveryPolicy": json_text(),
    "kmsMasterKeyId": text(),
    "contentBasedDeduplication": flag(default=False),
    "signatureVersion": number(computed=True),
    "tracingConfig": text(computed=True),
}
_FIELDS: dict[str, Field] = {
    **_ATTRIBUTES,
    "name": text(replace=True, computed=True, aws="TopicName"),
    "namePrefix": text(replace=True),
    "fifoTopic": flag(default=False, replace=True),
    "tags": TAGS,
}


def _create(call: Call, props: Props) -> str:
    attributes = {
        f.aws_name(n): _text(props[n]) for n, f in _ATTRIBUTES.items() if props.get(n) not in (None, f.default)
    }
    if props["fifoTopic"]:
        attributes["FifoTopic"] = "true"
    reply = call.client("sns").create_topic(Name=props["name"], Attributes=attributes, Tags=tag_list(props.get("tags")))
    return str(reply["TopicArn"])


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str("" if value is None else value)


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    sns = call.client("sns")
    for name in changed & set(_ATTRIBUTES):
        sns.set_topic_attributes(
            TopicArn=id_, AttributeName=_ATTRIBUTES[name].aws_name(name), AttributeValue=_text(new.get(name))
        )
    if "tags" in changed:
        sns.untag_resource(ResourceArn=id_, TagKeys=removed_tags(old, new))
        sns.tag_resource(ResourceArn=id_, Tags=tag_list(new.get("tags")))


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    sns = call.client("sns")
    attributes: dict[str, str] = sns.get_topic_attributes(TopicArn=id_)["Attributes"]
    reading: Props = {n: _typed(f, attributes.get(f.aws_name(n))) for n, f in _ATTRIBUTES.items()}
    for name in ("signatureVersion", "tracingConfig"):
        if reading[name] is None:
            del reading[name]
    return {
        **reading,
        "name": id_.rsplit(":", 1)[1],
        "fifoTopic": attributes.get("FifoTopic") == "true",
        "tags": tag_map(sns.list_tags_for_resource(ResourceArn=id_)["Tags"]),
        "arn": id_,
        "owner": attributes["Owner"],
    }


def _typed(field: Field, value: str | None) -> Value:
    if field.kind == "flag":
        return value == "true"
    return int(value) if value and field.kind == "number" else value


def _delete(call: Call, id_: str, state: Props) -> None:
    call.client("sns").delete_topic(TopicArn=id_)


RESOURCES = (
    Resource(
        type="aws:sns/topic:Topic",
        cfn="AWS::SNS::Topic",
        fields=_FIELDS,
        outputs=("arn", "owner", "tagsAll"),
        autoname=Autoname(),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
