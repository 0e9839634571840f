"""What it breaks that a resource is replaced or deleted, in a sentence each. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

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
    "s3/bucketPolicy:BucketPolicy": "Requests without TLS, and what else it forbids, are allowed in between.",
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "Nothing forbids making it public in between.",
    "s3/bucketReplicationConfig:BucketReplicationConfig": "What is published in between is not replicated.",
    "s3/bucketVersioning:BucketVersioning": "What is overwritten or deleted in between can't be brought back.",
    "ssm/parameter:Parameter": "Instances of a release that names it can't boot.",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": "What it allows can't be reached in between.",
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": "Whom it allows is refused in between.",
}
"""By type, without `aws:`; of a deletion the same without its "in between"."""
_BUCKET = "aws:s3/bucket:Bucket"
_STORE = "Nothing that was published can be deployed or rolled back to: the releases and the ledger are in the old one."
_OWNERS = {"aws:s3/": "bucket", "aws:iam/rolePolicy:": "role"}
"""Which input names what a resource is a part of, by the beginning of its type."""


def owners(steps: Iterable[Step]) -> frozenset[str]:
    """Return the names of buckets and roles that are deleted: that their parts go as well breaks nothing more."""
    gone = [step for step in steps if step.op == "delete" and step.type in (_BUCKET, "aws:iam/role:Role")]
    return frozenset(str(step.old.get("bucket") or step.old.get("name")) for step in gone)


def told(step: Step, gone: Collection[str] = ()) -> str:
    """Return what a replacement or deletion breaks, if `gone` go; empty where nothing is known of the type."""
    key = next((key for start, key in _OWNERS.items() if step.type.startswith(start)), "")
    if step.op == "delete" and step.type != _BUCKET and key and step.old.get(key) in gone:
        return ""
    if step.kept:
        stays = "It stays in AWS: the stack only lets go of it."
        return stays if step.op == "delete" else f"{_said(step)} The old one stays in AWS.".strip()
    return _said(step)


def _said(step: Step) -> str:
    if step.type != _BUCKET:
        said = _EITHER.get(step.type.removeprefix("aws:"), "")
        return said if step.op == "replace" else said.replace(" in between", "")
    is_store = step.name.startswith("artifacts-")
    if step.op == "replace":
        return _STORE if is_store else "What is in it does not move to the new one."
    if not step.old.get("forceDestroy"):
        return "AWS refuses to delete it as long as something is in it."
    return "All releases and the ledger in it are deleted." if is_store else "What is in it is deleted as well."
