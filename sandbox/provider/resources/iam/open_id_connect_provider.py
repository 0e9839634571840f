"""aws.iam.OpenIdConnectProvider, whose id is its ARN."""

from sandbox.provider.kit import Call, Props, Resource, tag_list, tag_map, tagger

RESOURCE = Resource(
    __name__,
    "AWS::IAM::OIDCProvider",
    computed="thumbprintLists",
    names={"clientIdLists": "ClientIdList", "thumbprintLists": "ThumbprintList"},
)
tag, untag = tagger("iam", "tag_open_id_connect_provider", "untag_open_id_connect_provider", "OpenIDConnectProviderArn")


def create(call: Call, inputs: Props) -> str:
    reply = call.client("iam").create_open_id_connect_provider(
        Url=inputs["url"],
        ClientIDList=inputs["clientIdLists"],
        **RESOURCE.to_aws(inputs, "thumbprintLists"),
        Tags=tag_list(inputs.get("tags")),
    )
    return str(reply["OpenIDConnectProviderArn"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    iam, had, has = call.client("iam"), set(old["clientIdLists"]), set(new["clientIdLists"])
    for client in sorted(has - had):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=id_, ClientID=client)
    for client in sorted(had - has):
        iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=id_, ClientID=client)
    if "thumbprintLists" in changed:
        thumbprints = new["thumbprintLists"]
        iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=id_, ThumbprintList=thumbprints)


def read(call: Call, id_: str, prior: Props) -> Props:
    provider = call.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=id_)
    return {
        "url": f"https://{provider['Url'].removeprefix('https://')}",
        "clientIdLists": provider["ClientIDList"],
        "thumbprintLists": provider["ThumbprintList"],
        "tags": tag_map(provider.get("Tags")),
        "arn": id_,
    }


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=id_)
