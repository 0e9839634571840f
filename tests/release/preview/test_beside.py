"""What was added by hand to resources of a stack, through boto3 in the emulator."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
import pytest

from release.preview import beside
from release.preview.drift import Drifted
from release.preview.steps import Step
from release.preview.touched import GROUP

SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ROLE = "aws:iam/role:Role"
TABLE = "aws:ec2/routeTable:RouteTable"
LISTENER = "aws:lb/listener:Listener"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def there(type_: str, id_: str, op: str = "refresh", **inputs: Any) -> Step:
    return Step(op=op, urn=id_, type=type_, name=id_, id=id_, old=inputs, new=inputs)


def added(*steps: Step) -> dict[str, tuple[object, str]]:
    """What is there beside these: by its name, what it is and what is to be done about it."""
    unknown: list[str] = []
    found: list[Drifted] = beside.look(steps, "eu-west-1", unknown)
    assert unknown == []
    return {each.changes[0].path: (each.changes[0].after, each.undo) for each in found}


@pytest.fixture
def vpc(aws: str) -> str:
    return boto3.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.mark.sandbox
def test_a_rule_of_a_security_group(vpc: str):
    """SSH from everywhere, which nobody declared: told with the command that removes it; the stack's own is not."""
    ec2 = boto3.client("ec2")
    group = ec2.create_security_group(GroupName=uuid.uuid4().hex, Description="d", VpcId=vpc)["GroupId"]
    everything = there(SECURITY_GROUP, group)
    ec2.revoke_security_group_egress(
        GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    ids = []
    for port, about in ((443, "own"), (22, "debugging")):
        ranges = [{"CidrIp": "0.0.0.0/0", "Description": about}]
        rule: Any = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}
        made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        ids.append(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])
    command = f"aws ec2 revoke-security-group-ingress --group-id {group} --security-group-rule-ids {ids[1]}"
    assert added(everything, there(RULE, ids[0])) == {
        f"ingress rule {ids[1]}": (
            "tcp 22 from 0.0.0.0/0 (debugging)",
            f"`pulumi up` leaves it; `{command}` removes it",
        )
    }
    assert added(everything, *(there(RULE, id_) for id_ in ids)) == {}


@pytest.mark.sandbox
def test_policies_of_a_role(aws: str):
    """Inline and attached ones, of which the stack declares one each."""
    iam, name = boto3.client("iam"), uuid.uuid4().hex
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=POLICY)
    arns = [
        iam.create_policy(PolicyName=f"{name}-{each}", PolicyDocument=POLICY)["Policy"]["Arn"]
        for each in ("declared", "listed", "added")
    ]
    for each in ("declared", "added"):
        iam.put_role_policy(RoleName=name, PolicyName=each, PolicyDocument=POLICY)
    for arn in arns:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    found = added(
        there(ROLE, name, managedPolicyArns=[arns[1]]),
        there("aws:iam/rolePolicy:RolePolicy", f"{name}:declared"),
        there("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "x", role=name, policyArn=arns[0]),
    )
    assert {what: shown for what, (shown, _) in found.items()} == {
        "inline policy added": "added",
        f"attached policy {name}-added": arns[2],
    }
    assert f"aws iam delete-role-policy --role-name {name} --policy-name added" in found["inline policy added"][1]


@pytest.mark.sandbox
def test_routes(vpc: str):
    """One more route in a table; not the local one, a declared one, or that of an endpoint."""
    ec2 = boto3.client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.eu-west-1.s3", RouteTableIds=[table])
    for block in ("0.0.0.0/0", "203.0.113.0/24"):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, GatewayId=gateway)
    own = there("aws:ec2/route:Route", "r", routeTableId=table, destinationCidrBlock="0.0.0.0/0")
    command = f"aws ec2 delete-route --route-table-id {table} --destination-cidr-block 203.0.113.0/24"
    assert added(there(TABLE, table), own) == {
        "route to 203.0.113.0/24": (f"by {gateway}", f"`pulumi up` leaves it; `{command}` removes it")
    }


@pytest.mark.sandbox
def test_rules_of_a_listener(vpc: str):
    """A rule that leads clients elsewhere; the default one is the listener's own."""
    ec2, elbv2 = boto3.client("ec2"), boto3.client("elbv2")
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"]
        for n, zone in enumerate("ab")
    ]
    ids = [subnet["SubnetId"] for subnet in subnets]
    name = uuid.uuid4().hex[:20]
    arn = elbv2.create_load_balancer(Name=name, Subnets=ids, Scheme="internal")["LoadBalancers"][0]["LoadBalancerArn"]
    answer: Any = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    listener = elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=answer)
    of = listener["Listeners"][0]["ListenerArn"]
    path: Any = [{"Field": "path-pattern", "Values": ["/x"]}]
    rules = [
        elbv2.create_rule(ListenerArn=of, Priority=n, Conditions=path, Actions=answer)["Rules"][0]["RuleArn"]
        for n in (1, 2)
    ]
    found = added(there(LISTENER, of), there("aws:lb/listenerRule:ListenerRule", rules[0]))
    assert found == {
        "rule 2": (
            "path-pattern /x → fixed-response",
            f"`pulumi up` leaves it; `aws elbv2 delete-rule --rule-arn {rules[1]}` removes it",
        )
    }


@pytest.mark.sandbox
def test_lifecycle_hooks_of_a_group(aws: str):
    """The boot hook that lets everything pass, or is gone; one more that nobody declared. No refresh sees them."""
    scaling, ec2, name = boto3.client("autoscaling"), boto3.client("ec2"), uuid.uuid4().hex
    data: Any = {"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    template: Any = {"LaunchTemplateName": name, "Version": "1"}
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name, LaunchTemplate=template, MinSize=0, MaxSize=1, AvailabilityZones=["eu-west-1a"]
    )

    def put(hook: str, result: str) -> None:
        scaling.put_lifecycle_hook(
            AutoScalingGroupName=name,
            LifecycleHookName=hook,
            LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
            DefaultResult=result,
        )

    group = there(GROUP, name, initialLifecycleHooks=[{"name": "boot", "defaultResult": "ABANDON"}])
    put("boot", "ABANDON")
    assert added(group) == {}
    put("drain", "CONTINUE")
    assert list(added(group)) == ["lifecycle hook drain"]
    hook = there("aws:autoscaling/lifecycleHook:LifecycleHook", "drain", name="drain", autoscalingGroupName=name)
    assert added(group, hook) == {}
    scaling.delete_lifecycle_hook(AutoScalingGroupName=name, LifecycleHookName="drain")
    put("boot", "CONTINUE")
    put("more", "ABANDON")
    found = added(group)
    assert found["lifecycle hook boot"][0] == "default result CONTINUE"
    assert "next rollout" in found["lifecycle hook boot"][1]
    assert (
        f"delete-lifecycle-hook --auto-scaling-group-name {name} --lifecycle-hook-name more"
        in (found["lifecycle hook more"][1])
    )
    for hook in ("boot", "more"):
        scaling.delete_lifecycle_hook(AutoScalingGroupName=name, LifecycleHookName=hook)
    assert {what: shown for what, (shown, _) in added(group).items()} == {"lifecycle hook boot": None}


def test_what_can_not_be_asked(monkeypatch: pytest.MonkeyPatch):
    """Each kind by itself: that one may not be asked about hides no other."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    unknown: list[str] = []
    steps = [
        there(SECURITY_GROUP, "sg-1"),
        there(ROLE, "role"),
        there(TABLE, "rtb-1"),
        there(LISTENER, "arn"),
        there(GROUP, "g"),
    ]
    assert beside.look(steps, "eu-west-1", unknown) == []
    assert len(unknown) == 5
    assert all(line.startswith("whether there are more ") for line in unknown)


def test_what_is_gone_is_not_asked_about():
    """Its own absence is told already; without anything to ask about, AWS is not asked at all."""
    assert added(there(SECURITY_GROUP, "sg-1", "delete"), there(ROLE, "role", "delete")) == {}
