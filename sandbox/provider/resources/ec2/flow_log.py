"""aws.ec2.FlowLog of a VPC."""

from sandbox.provider.kit import Call, Props, ProviderError, Resource, deleter, ec2_tags, only, tag_map

RESOURCE = Resource(
    __name__,
    "AWS::EC2::FlowLog",
    unserved="deliverCrossAccountRole eniId destinationOptions regionalNat* subnetId tagField* transitGateway*",
    required="vpcId",
    given="logDestination",
    replace="vpcId",
    defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    names={"iamRoleArn": "DeliverLogsPermissionArn"},
)
_TOLD = ("trafficType", "logDestinationType", "iamRoleArn", "logFormat", "maxAggregationInterval")
delete = deleter("ec2", "delete_flow_logs", "FlowLogIds")


def create(call: Call, inputs: Props) -> str:
    reply = call.client("ec2").create_flow_logs(
        **RESOURCE.to_aws({**inputs, "vpcId": None, "tags": None}),
        ResourceIds=[inputs["vpcId"]],
        ResourceType="VPC",
        TagSpecifications=ec2_tags("vpc-flow-log", inputs),
    )
    for failure in reply.get("Unsuccessful", []):
        raise ProviderError(f"{failure['Error']['Code']}: {failure['Error']['Message']}")
    return str(reply["FlowLogIds"][0])


def read(call: Call, id_: str, prior: Props) -> Props:
    log = only(call.client("ec2").describe_flow_logs(FlowLogIds=[id_])["FlowLogs"])
    group = log.get("LogGroupName")
    return {
        **RESOURCE.from_aws(log, *_TOLD),
        "vpcId": log["ResourceId"],
        "logDestination": log.get("LogDestination") or (call.arn("logs", f"log-group:{group}") if group else None),
        "tags": tag_map(log.get("Tags")),
        "arn": call.arn("ec2", f"vpc-flow-log/{id_}"),
    }
