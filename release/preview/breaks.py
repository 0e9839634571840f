"""What it breaks that a resource is replaced or deleted, in a sentence each. Pure."""

from __future__ import annotations

from release.preview.steps import Step

_EITHER = {
    "acm/certificate:Certificate": "HTTPS fails until the new certificate is validated and the listener has it.",
    "autoscaling/group:Group": "All of its instances are terminated; what the fleet serves is down.",
    "cloudwatch/logGroup:LogGroup": "The logs that are in it are gone.",
    "cloudwatch/metricAlarm:MetricAlarm": "Until there is another, nobody hears of what it watches.",
    "ec2/eip:Eip": "The address from which requests go out changes: whoever allows it by address will refuse them.",
    "ec2/internetGateway:InternetGateway": "Nothing reaches the internet, nor the stack from there, in between.",
    "ec2/launchTemplate:LaunchTemplate": "Its versions go, so a rollback can't return to them.",
    "ec2/natGateway:NatGateway": "The instances of its zone do not reach the internet in between.",
    "ec2/route:Route": "Traffic that goes this way has nowhere to go in between.",
    "ec2/securityGroup:SecurityGroup": "Whatever names it in a rule of its own, such as a database, loses that rule.",
    "ec2/subnet:Subnet": "Instances in it are replaced elsewhere, and the load balancer leaves it.",
    "ec2/vpc:Vpc": "Everything in the network goes with it: instances, load balancer, endpoints. The site is down.",
    "ec2/vpcEndpoint:VpcEndpoint": "Instances without NAT don't reach this service in between, and can't boot.",
    "iam/instanceProfile:InstanceProfile": "Instances that still have it lose their rights.",
    "iam/role:Role": "Whoever has it loses its rights; policies elsewhere that name it name nobody.",
    "iam/rolePolicy:RolePolicy": "The role lacks these rights in between.",
    "kms/key:Key": "What is encrypted with it can't be read once it is gone.",
    "lb/listener:Listener": "The load balancer refuses connections to this port in between.",
    "lb/listenerRule:ListenerRule": "Requests to its paths or hosts go elsewhere in between.",
    "lb/loadBalancer:LoadBalancer": "The site is down, and its address changes, until DNS names the new one.",
    "lb/targetGroup:TargetGroup": "The fleet gets no requests until its instances are healthy in another one.",
    "route53/record:Record": "The name leads nowhere in between; resolvers may keep that for minutes.",
    "route53/healthCheck:HealthCheck": "Failover by it does not happen in between.",
    "s3/bucket:Bucket": "What is in it does not move to another bucket.",
    "s3/bucketPolicy:BucketPolicy": "Requests without TLS, and what else it forbids, are allowed in between.",
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "Nothing forbids making it public in between.",
    "s3/bucketReplicationConfig:BucketReplicationConfig": "What is published in between is not replicated.",
    "s3/bucketVersioning:BucketVersioning": "What is overwritten or deleted in between can't be brought back.",
    "ssm/parameter:Parameter": "Instances of a release that names it can't boot.",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": "What it allows can't be reached in between.",
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": "Whom it allows is refused in between.",
}
"""By type, without `aws:`; of a deletion the same without its "in between"."""
_STORE = "Releases and the ledger stay in the old one: nothing that was published can be deployed or rolled back to."


def told(step: Step) -> str:
    """Return what a replacement or deletion breaks; empty where nothing is known of the type."""
    if step.type == "aws:s3/bucket:Bucket" and step.name.startswith("artifacts-"):
        said = _STORE if step.op == "replace" else "Releases and the ledger are in it."
    else:
        said = _EITHER.get(step.type.removeprefix("aws:"), "")
        if step.op == "delete":
            said = said.replace(" in between", "")
    kept = "It stays in AWS: the stack only lets go of it." if step.kept and step.op == "delete" else ""
    old_kept = "The old one stays in AWS." if step.kept and step.op == "replace" else ""
    return " ".join(part for part in ("" if kept else said, kept, old_kept) if part)
