"""What the program declares, resource by resource."""

from __future__ import annotations

import base64
import functools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime.proto import resource_pb2

from infra.settings import parse
from release import names
from sandbox.aws.iam.policy import Ask, decide
from tests.infra.program import ACCOUNT, DIGEST, SHA, ZONES, Program, run

ROOT = Path(__file__).resolve().parents[2]
REGION = {"AWS_REGION": "eu-west-1"}
STORE = f"slipway-prod-{ACCOUNT}-eu-west-1"
CERTIFICATE = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"


def declare(zones: tuple[str, ...] = ZONES, **mapping: object) -> Program:
    """Runs the program with this stack file."""
    balancer = mapping.pop("loadBalancer", {"http": True})
    fleets = mapping.pop("fleets", {"web": None})
    return run(parse({"loadBalancer": balancer, "fleets": fleets, **mapping}, "prod", REGION), zones)


@functools.cache
def usual() -> Program:
    """A stack with two fleets, HTTPS by a domain, and secrets."""
    return declare(
        loadBalancer={"domain": "shop.example.com", "hostedZone": "Z0123456789"},
        fleets={
            "web": {"secrets": {"DATABASE_URL": "postgres://secret"}, "alarms": {"latency": 1.5}},
            "api": {"routes": {"paths": ["/api/*"]}, "port": 9000, "scaling": {"requestsPerTarget": 600}},
        },
    )


def statements(policy: str) -> list[dict[str, Any]]:
    return json.loads(policy)["Statement"]


# The network


def test_a_zone_that_is_added_leaves_the_others_alone():
    """Logical names and addresses follow from the zone, so that nothing that stands is replaced."""
    two = declare(zones=ZONES[:2]).of("ec2/subnet")
    three = declare(zones=ZONES).of("ec2/subnet")
    assert len(two) == 4
    assert len(three) == 6
    assert all(three[name] == inputs for name, inputs in two.items())


def test_subnets_are_named_by_zone_and_give_no_public_addresses():
    """Nothing gets a public address by being started somewhere."""
    subnets = usual().of("ec2/subnet")
    assert set(subnets) == {f"network-{role}-{az}" for role in ("public", "private") for az in ZONES}
    assert all(inputs["availabilityZone"] in name for name, inputs in subnets.items())
    assert not any(inputs["mapPublicIpOnLaunch"] for inputs in subnets.values())


@pytest.mark.parametrize(("nat", "gateways", "routes"), [("none", 0, 0), ("single", 1, 3), ("per-az", 3, 3)])
def test_nat_is_where_it_was_asked_for(nat: str, gateways: int, routes: int):
    """Each private subnet has its own way out, through its own zone where there is a gateway in each."""
    program = declare(network={"nat": nat})
    assert len(program.of("ec2/natGateway")) == gateways
    ways = {name: inputs for name, inputs in program.of("ec2/route").items() if "natGatewayId" in inputs}
    assert len(ways) == routes
    if nat == "per-az":
        assert all(inputs["natGatewayId"] == f"network-nat-{name[-10:]}-id" for name, inputs in ways.items())


def test_only_the_public_route_table_leads_to_the_internet_gateway():
    """A machine that is in a private subnet cannot be reached from outside."""
    routes = usual().of("ec2/route").values()
    assert [inputs["routeTableId"] for inputs in routes if inputs.get("gatewayId")] == ["network-public-id"]


def test_without_nat_all_that_boot_calls_has_an_endpoint():
    """Otherwise instances would hang in their launch hook until it gives up."""
    endpoints = declare(network={"nat": "none"}).of("ec2/vpcEndpoint")
    services = {inputs["serviceName"].split(".")[-1] for inputs in endpoints.values()}
    assert services == {"s3", "autoscaling", "logs", "ssm", "ssmmessages", "ec2messages"}
    interfaces = [inputs for inputs in endpoints.values() if inputs["vpcEndpointType"] == "Interface"]
    assert [(inputs["privateDnsEnabled"], len(inputs["subnetIds"])) for inputs in interfaces] == [(True, 3)] * 5


def test_the_s3_endpoint_serves_every_route_table_and_writes_to_own_buckets_only():
    """Releases come over it, whatever the NAT; data does not leave over it."""
    endpoint = usual().one("ec2/vpcEndpoint")
    assert len(endpoint["routeTableIds"]) == 4
    own, read = statements(endpoint["policy"])
    assert own["Condition"] == {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}
    assert read["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]


def test_the_default_security_group_lets_nothing_through():
    """What forgets to name a group is closed, not open."""
    group = usual().one("ec2/defaultSecurityGroup")
    assert not group.get("ingress")
    assert not group.get("egress")


def test_flow_logs_can_be_turned_off():
    """They are on unless someone says no."""
    assert usual().one("ec2/flowLog")["trafficType"] == "ALL"
    assert not declare(network={"flowLogs": False}).of("ec2/flowLog")


# The balancer


def test_https_is_what_a_domain_gets():
    """TLS 1.3 by the certificate that was issued, and HTTP leads there for good."""
    listeners = usual().of("lb/listener")
    redirect = listeners["balancer-http"]["defaultActions"][0]
    assert redirect["redirect"] == {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}
    https = listeners["balancer-https"]
    assert (https["port"], https["sslPolicy"]) == (443, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06")
    assert https["certificateArn"].endswith("certificate/domain-certificate")
    validation = usual().one("acm/certificateValidation")
    assert validation["validationRecordFqdns"] == ["_proof.shop.example.com."]


def test_the_domain_leads_to_the_balancer():
    """By an alias, which follows the balancer's addresses."""
    alias = usual().of("route53/record")["domain-alias"]
    assert alias["name"] == "shop.example.com"
    assert alias["aliases"][0] == {
        "name": "balancer.example.net",
        "zoneId": "ZBALANCER",
        "evaluateTargetHealth": True,
    }
    assert usual().outputs["url"] == "https://shop.example.com"


def failing_over(role: str) -> Program:
    """One of two stacks with one domain."""
    domain = {"domain": "shop.example.com", "hostedZone": "Z0123456789", "failover": role}
    return declare(
        loadBalancer=domain,
        fleets={"web": {"health": {"path": "/up"}}, "api": {"routes": {"paths": ["/api/*"]}}},
    )


def test_the_primary_record_has_a_health_check_of_the_balancers_own_name():
    """Asked as often as Route 53 can, by the path of the fleet that takes everything; never by the domain itself."""
    program = failing_over("primary")
    check = program.one("route53/healthCheck")
    assert check["tags"][names.STACK_TAG] == "prod"
    assert {key: value for key, value in check.items() if key != "tags"} == {
        "type": "HTTPS",
        "fqdn": "balancer.example.net",
        "port": 443,
        "resourcePath": "/up",
        "enableSni": True,
        "requestInterval": 10,
        "failureThreshold": 3,
    }
    alias = program.of("route53/record")["domain-alias"]
    assert (alias["setIdentifier"], alias["failoverRoutingPolicies"]) == ("prod", [{"type": "PRIMARY"}])
    assert alias["healthCheckId"] == "domain-health-id"
    assert alias["aliases"][0]["evaluateTargetHealth"] is True


def test_the_secondary_record_is_as_healthy_as_its_targets():
    """It has no health check; and a stack that stands alone has neither, nor a set identifier."""
    program = failing_over("secondary")
    alias = program.of("route53/record")["domain-alias"]
    assert (alias["setIdentifier"], alias["failoverRoutingPolicies"]) == ("prod", [{"type": "SECONDARY"}])
    assert "healthCheckId" not in alias
    assert alias["aliases"][0]["evaluateTargetHealth"] is True
    assert not program.of("route53/healthCheck")
    alone = usual().of("route53/record")["domain-alias"]
    assert not {"setIdentifier", "failoverRoutingPolicies", "healthCheckId"} & set(alone)


def test_a_certificate_of_ones_own_makes_no_records():
    """Who brings a certificate minds the DNS too."""
    program = declare(loadBalancer={"certificate": CERTIFICATE})
    assert program.of("lb/listener")["balancer-https"]["certificateArn"] == CERTIFICATE
    assert not program.of("route53/record")
    assert not program.of("acm/certificate")


def test_plain_http_only_on_purpose():
    """No listener and no open port for HTTPS then."""
    program = declare()
    assert list(program.of("lb/listener")) == ["balancer-http"]
    assert {inputs.get("fromPort") for inputs in program.of("vpc/securityGroupIngressRule").values()} == {80, 8080}
    assert program.outputs["url"] == "http://balancer.example.net"


def test_access_logs_that_were_kept_are_taken_over():
    """A stack that was removed, or was cold, comes up again: S3 refuses to make a bucket that is there."""
    for kept, imported in ((False, ""), (True, f"slipway-prod-logs-{ACCOUNT}-eu-west-1")):
        settings = parse({"loadBalancer": {"http": True}, "fleets": {"web": None}}, "prod", REGION)
        declared = {made.name: made for made in run(settings, kept_logs=kept).declared}
        assert declared["balancer-access-logs-bucket"].imported == imported


def test_the_balancer_is_protected_and_logs():
    """Deletion is refused, malformed headers are dropped, and every request is on record."""
    balancer = usual().one("lb/loadBalancer")
    assert balancer["enableDeletionProtection"] is True
    assert balancer["dropInvalidHeaderFields"] is True
    assert balancer["idleTimeout"] == 60
    assert balancer["accessLogs"] == {"bucket": f"slipway-prod-logs-{ACCOUNT}-eu-west-1", "enabled": True}
    assert len(balancer["subnets"]) == 3
    policy = statements(usual().of("s3/bucketPolicy")["balancer-access-logs-policy"]["policy"])
    deliver = next(statement for statement in policy if statement["Effect"] == "Allow")
    assert deliver["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert deliver["Resource"].endswith(f"-eu-west-1/AWSLogs/{ACCOUNT}/*")


def test_the_balancer_waits_for_the_policy_of_its_log_bucket():
    """ELB tries to write on the spot, and refuses a bucket it may not write to."""
    balancer = next(made for made in usual().declared if made.type.endswith(":LoadBalancer"))
    assert "balancer-access-logs-policy" in balancer.depends_on


def test_what_needs_the_internet_gateway_waits_for_it():
    """ELB refuses a public balancer in a VPC without one; a component's own `depends_on` does not reach its parts."""
    waiting = {made.name: made.depends_on for made in usual().declared}
    for name in ("balancer-balancer", "network-nat-eu-west-1a"):
        assert "network-public-internet" in waiting[name]


def test_requests_go_to_the_fleet_of_their_path():
    """The fleet that takes everything is the default, the others have rules."""
    assert usual().of("lb/listener")["balancer-https"]["defaultActions"] == [
        {"type": "forward", "targetGroupArn": "arn:target-group/balancer-web"}
    ]
    rule = usual().one("lb/listenerRule")
    assert rule["conditions"] == [{"pathPattern": {"values": ["/api/*"]}}]
    assert rule["actions"][0]["targetGroupArn"] == "arn:target-group/balancer-api"


def test_what_no_fleet_takes_is_not_found():
    """A fixed 404, rather than some fleet that knows nothing of it."""
    program = declare(fleets={"api": {"routes": {"paths": ["/api/*"], "hosts": ["api.example.com"]}}})
    assert program.one("lb/listener")["defaultActions"][0]["fixedResponse"]["statusCode"] == "404"
    assert [list(condition) for condition in program.one("lb/listenerRule")["conditions"]] == [
        ["pathPattern"],
        ["hostHeader"],
    ]


def test_target_groups_drain_and_check_as_set():
    """The health check is the one the boot script has asked before: 200 and nothing else."""
    group = declare(fleets={"web": {"drain": 5, "health": {"path": "/up"}}}).one("lb/targetGroup")
    assert (group["name"], group["deregistrationDelay"]) == ("prod-web-8080", 5)
    assert (group["healthCheck"]["path"], group["healthCheck"]["matcher"]) == ("/up", "200")


# The store


def test_the_store_is_private_versioned_encrypted_and_kept():
    """Releases outlive the stack, and the bucket's protection with them."""
    store = {made.type.split(":")[-1]: made for made in usual().declared if made.name.startswith("artifacts-")}
    assert store["Bucket"].inputs["bucket"] == STORE
    assert store["Bucket"].inputs["forceDestroy"] is False
    assert all(made.retained for made in store.values())
    assert store["BucketVersioning"].inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert store["BucketOwnershipControls"].inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    block = store["BucketPublicAccessBlock"].inputs
    assert all(block[key] for key in block if key != "bucket")
    assert len(block) == 5
    rule = store["BucketServerSideEncryptionConfiguration"].inputs["rules"][0]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    assert [s["Sid"] for s in statements(store["BucketPolicy"].inputs["policy"])] == ["TlsOnly", "InstancesOnlyRead"]
    assert "BucketObjectLockConfiguration" not in store


def may(policy: str, action: str, key: str, role: str) -> bool:
    """Whether the bucket's policy leaves it to IAM, as AWS decides it."""
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    context = {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/{role}", "aws:SecureTransport": "true"}
    resource = f"arn:aws:s3:::{STORE}/{key}"
    return decide([allow, *statements(policy)], Ask(action=action, resource=resource, context=context))


def test_who_may_write_the_store():
    """Instances nothing, whatever their role is given; where writers are named, they and nobody else."""
    instance = names.role_name("prod", "web", "eu-west-1")
    release, event = "releases/a/manifest.json", "ledger/prod/web/x.json"
    policy = usual().of("s3/bucketPolicy")["artifacts-store-policy"]["policy"]
    for key in (release, event):
        assert not may(policy, "s3:PutObject", key, instance)
        assert not may(policy, "s3:DeleteObjectVersion", key, instance)
        assert may(policy, "s3:GetObject", key, instance)
        assert may(policy, "s3:PutObject", key, "anybody-else")
    named = {"publishers": [f"arn:aws:iam::{ACCOUNT}:role/ci-*"], "deployers": [f"arn:aws:iam::{ACCOUNT}:role/ops"]}
    policy = declare(artifacts=named).of("s3/bucketPolicy")["artifacts-store-policy"]["policy"]
    writers = {
        (role, key): may(policy, "s3:PutObject", key, role)
        for role in ("ci-main", "ops", "anybody-else", instance)
        for key in (release, event)
    }
    assert {pair for pair, allowed in writers.items() if allowed} == {("ci-main", release), ("ops", event)}


def test_what_is_locked():
    """For as long as the settings say, once the bucket has versions."""
    made = declare(artifacts={"objectLock": {"mode": "compliance", "days": 90}})
    lock = made.of("s3/bucketObjectLockConfiguration")["artifacts-store-object-lock"]
    assert lock["rule"] == {"defaultRetention": {"mode": "COMPLIANCE", "days": 90}}


def test_no_release_ever_expires():
    """The store's only rule is about uploads that never became an object."""
    rules = usual().of("s3/bucketLifecycleConfiguration")["artifacts-store-lifecycle"]["rules"]
    assert [set(rule) - {"id", "status", "filter"} for rule in rules] == [{"abortIncompleteMultipartUpload"}]


def test_a_store_that_is_to_go_goes_with_the_stack():
    """Only where it is asked for."""
    program = declare(artifacts={"destroy": True})
    assert [inputs["forceDestroy"] for inputs in program.of("s3/bucket").values()] == [True, True]
    assert not any(made.retained for made in program.declared)


def test_nothing_goes_before_it_is_known_that_no_release_is_lost():
    """Where the store is to go and its replica to stay, what looks is removed before the store and the fleets."""
    replica = {"region": "eu-central-1"}
    program = declare(artifacts={"destroy": True, "replica": replica})
    before = set(program.guards["artifacts-last-copy"])
    assert {"artifacts-store-bucket", "artifacts-replication-there", "web-group", "balancer-balancer"} <= before
    for given in ({"destroy": True}, {"replica": replica}, {"destroy": True, "replica": {**replica, "destroy": True}}):
        assert declare(artifacts=given).guards == {}


def test_a_given_store_is_used_as_it_is():
    """It belongs to someone else: nothing of it is declared, but the fleets may read it."""
    program = declare(artifacts={"bucket": "our-releases"}, loadBalancer={"http": True, "accessLogs": False})
    assert not program.of("s3/bucket")
    assert (
        "arn:aws:s3:::our-releases/releases/*/artifact.tar.gz"
        in program.of("iam/rolePolicy")["web-identity-policy"]["policy"]
    )


# The fleets


def test_instances_are_private_and_their_port_open_to_the_balancer_only():
    """No address block is let in anywhere but at the balancer."""
    rules = usual().of("vpc/securityGroupIngressRule")
    assert {name for name, inputs in rules.items() if "cidrIpv4" in inputs} == {"balancer-in-80", "balancer-in-443"}
    api = rules["api-from-balancer"]
    assert (api["referencedSecurityGroupId"], api["fromPort"], api["toPort"]) == (
        "balancer-security-group-id",
        9000,
        9000,
    )
    group = usual().of("autoscaling/group")["web-group"]
    assert group["vpcZoneIdentifiers"] == [f"network-private-{az}-id" for az in ZONES]


def test_the_balancer_reaches_its_fleets_and_nothing_else():
    """Its only ways out are the fleets' ports."""
    rules = usual().of("vpc/securityGroupEgressRule").values()
    out = [inputs for inputs in rules if inputs["securityGroupId"] == "balancer-security-group-id"]
    assert {(inputs["referencedSecurityGroupId"], inputs["fromPort"]) for inputs in out} == {
        ("web-security-group-id", 8080),
        ("api-security-group-id", 9000),
    }


def test_instances_call_out_on_the_ports_of_the_settings():
    """HTTPS by default, a database's where it is asked for."""
    rules = declare(fleets={"web": {"egress": [443, 5432]}}).of("vpc/securityGroupEgressRule")
    assert {inputs["fromPort"] for inputs in rules.values() if "cidrIpv4" in inputs} == {443, 5432}


def test_instances_call_out_to_where_the_settings_say():
    """A port to everywhere keeps its name of before; everything else is as narrow as it was asked for."""
    egress = [443, "10.0.0.0/8:5432", "sg-0123456789abcdef0:5432-5433", "pl-12345678:6379"]
    rules = declare(fleets={"web": {"egress": egress}}).of("vpc/securityGroupEgressRule")
    ways = ("cidrIpv4", "referencedSecurityGroupId", "prefixListId", "fromPort", "toPort")
    out = {name: {way: rule[way] for way in ways if way in rule} for name, rule in rules.items() if "-out-" in name}
    assert out == {
        "web-out-443": {"cidrIpv4": "0.0.0.0/0", "fromPort": 443, "toPort": 443},
        "web-out-10.0.0.0-8-5432": {"cidrIpv4": "10.0.0.0/8", "fromPort": 5432, "toPort": 5432},
        "web-out-sg-0123456789abcdef0-5432-5433": {
            "referencedSecurityGroupId": "sg-0123456789abcdef0",
            "fromPort": 5432,
            "toPort": 5433,
        },
        "web-out-pl-12345678-6379": {"prefixListId": "pl-12345678", "fromPort": 6379, "toPort": 6379},
    }


def test_the_outputs_say_where_a_database_goes():
    """Its subnets, its VPC, and the security group that it lets in."""
    outputs = usual().outputs
    assert outputs["network"] == {
        "vpcId": "network-vpc-id",
        "cidr": "10.20.0.0/16",
        "zones": list(ZONES),
        "publicSubnetIds": [f"network-public-{az}-id" for az in ZONES],
        "privateSubnetIds": [f"network-private-{az}-id" for az in ZONES],
    }
    assert outputs["fleets"]["web"] == {
        "group": "slipway-prod-web",
        "logGroup": "/slipway/prod/web",
        "securityGroupId": "web-security-group-id",
    }


def test_an_instance_may_do_what_its_boot_does_and_no_more():
    """Each statement names the one thing it is about; none of them another fleet's."""
    policy = statements(usual().of("iam/rolePolicy")["web-identity-policy"]["policy"])
    allowed = {action: statement["Resource"] for statement in policy for action in statement["Action"]}
    group = f"arn:aws:autoscaling:eu-west-1:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/slipway-prod-web"
    assert allowed.pop("s3:GetObject") == f"arn:aws:s3:::{STORE}/releases/*/artifact.tar.gz"
    assert allowed.pop("autoscaling:CompleteLifecycleAction") == group
    assert allowed.pop("autoscaling:RecordLifecycleActionHeartbeat") == group
    logs = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/slipway/prod/web:*"
    assert allowed.pop("logs:CreateLogStream") == allowed.pop("logs:PutLogEvents") == logs
    parameters = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/slipway/prod/web/*"
    assert allowed.pop("ssm:GetParameters") == parameters
    assert all(action.startswith(("ssmmessages:", "ssm:UpdateInstance")) for action in allowed)
    assert not usual().of("iam/rolePolicyAttachment")


def test_a_boundary_bounds_every_role():
    """Instances, flow logs and replication; without the setting, none has a boundary."""
    policy = f"arn:aws:iam::{ACCOUNT}:policy/slipway.prod.boundary"
    replicated: dict[str, Any] = {"artifacts": {"replica": {"region": "eu-central-1"}}}
    bounded = declare(permissions={"boundary": policy}, **replicated).of("iam/role")
    assert len(bounded) == 3
    assert {role["permissionsBoundary"] for role in bounded.values()} == {policy}
    assert not any("permissionsBoundary" in role for role in declare(**replicated).of("iam/role").values())


def test_secrets_are_encrypted_everywhere():
    """SecureString in AWS, secret in the state, and in the user data only name and version."""
    parameter = usual().one("ssm/parameter")
    assert (parameter["name"], parameter["type"]) == ("/slipway/prod/web/DATABASE_URL", "SecureString")
    assert parameter["value"] == {"secret": "postgres://secret"}
    data = base64.b64decode(usual().of("ec2/launchTemplate")["web-launch-template"]["userData"]).decode()
    assert "/slipway/prod/web/DATABASE_URL:3" in data
    assert "postgres" not in data


def test_secrets_outlive_what_names_them():
    """A release that was deployed with one boots again after it was removed; it can come back itself."""
    made = next(made for made in usual().declared if made.type == "aws:ssm/parameter:Parameter")
    assert made.retained
    assert made.inputs["overwrite"] is True


def test_the_launch_template_has_the_release_and_is_hardened():
    """IMDSv2 with one hop, an encrypted volume, the commit and its digest."""
    template = usual().of("ec2/launchTemplate")["web-launch-template"]
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    volume = template["blockDeviceMappings"][0]["ebs"]
    assert (volume["encrypted"], volume["volumeType"], volume["volumeSize"]) == ("true", "gp3", 16)
    data = base64.b64decode(template["userData"]).decode()
    assert SHA in data
    assert DIGEST in data
    assert template["vpcSecurityGroupIds"] == ["web-security-group-id"]


def test_volumes_are_encrypted_with_the_key_that_is_set():
    """Where none is set the account's default key is EC2's to find."""
    key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert "kmsKeyId" not in usual().of("ec2/launchTemplate")["web-launch-template"]["blockDeviceMappings"][0]["ebs"]
    changed = declare(fleets={"web": {"volume": {"kmsKey": key}}})
    assert changed.of("ec2/launchTemplate")["web-launch-template"]["blockDeviceMappings"][0]["ebs"]["kmsKeyId"] == key


def test_a_group_launches_a_concrete_version_and_leaves_its_size_alone():
    """`$Latest` would rule a rollback out; a written desired capacity would undo what scaling did."""
    group = usual().of("autoscaling/group")["web-group"]
    assert group["launchTemplate"] == {"id": "web-launch-template-id", "version": "7"}
    assert "desiredCapacity" not in group
    assert (group["minSize"], group["maxSize"], group["healthCheckType"]) == (3, 9, "ELB")
    assert group["instanceMaintenancePolicy"] == {"minHealthyPercentage": 100, "maxHealthyPercentage": 200}
    assert "instanceRefresh" not in group


def test_the_first_instance_is_held_until_it_proves_itself():
    """The hook is there when the group is made, and an instance that says nothing is given up."""
    (hook,) = usual().of("autoscaling/group")["web-group"]["initialLifecycleHooks"]
    assert hook == {
        "name": "boot",
        "lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
        "heartbeatTimeout": 300,
        "defaultResult": "ABANDON",
    }


def test_every_update_of_a_group_goes_through_the_rollout():
    """The hook is bound before the update, where its failure keeps the state true."""
    groups = [made for made in usual().declared if made.type.endswith(":Group") and made.name.endswith("-group")]
    hooks = {made.name: made.before_update for made in groups if made.type.startswith("aws:autoscaling")}
    assert hooks == {"web-group": ("web-rollout",), "api-group": ("api-rollout",)}


def test_a_group_waits_for_all_that_its_instances_need():
    """Permissions, ways out, alarms and the listener are there before the first instance boots."""
    group = next(made for made in usual().declared if made.name == "web-group")
    needed = {
        "web-identity-policy",
        "web-out-443",
        "web-from-balancer",
        "web-alarms-errors",
        "network-private-internet-eu-west-1a",
        "network-endpoints-s3",
        "balancer-https",
        "web-identity-secret-DATABASE_URL",
    }
    assert needed <= set(group.depends_on)


def test_several_instance_types_are_a_mixed_instances_policy():
    """The version is in the policy then, and nowhere else."""
    group = declare(fleets={"web": {"instanceTypes": ["m5.large", "m6i.large"]}}).one("autoscaling/group")
    template = group["mixedInstancesPolicy"]["launchTemplate"]
    assert template["launchTemplateSpecification"]["version"] == "7"
    assert template["overrides"] == [{"instanceType": "m5.large"}, {"instanceType": "m6i.large"}]
    assert group["mixedInstancesPolicy"]["instancesDistribution"]["onDemandPercentageAboveBaseCapacity"] == 100
    assert "launchTemplate" not in group


def test_a_fleet_with_capacity_has_spot_instances_above_its_base():
    """Of one type too; what AWS itself would take by default is said all the same."""
    group = declare(fleets={"web": {"size": {"min": 2}, "capacity": {"onDemandPercentage": 25}}}).one(
        "autoscaling/group"
    )
    assert group["mixedInstancesPolicy"]["instancesDistribution"] == {
        "onDemandAllocationStrategy": "prioritized",
        "onDemandBaseCapacity": 2,
        "onDemandPercentageAboveBaseCapacity": 25,
        "spotAllocationStrategy": "price-capacity-optimized",
    }
    assert group["mixedInstancesPolicy"]["launchTemplate"]["overrides"] == [{"instanceType": "t3.small"}]
    assert group["capacityRebalance"] is True
    without = declare(fleets={"web": None}).one("autoscaling/group")
    assert not {"mixedInstancesPolicy", "capacityRebalance"} & without.keys()


def test_groups_can_be_found_by_tag():
    """Rollback needs no state: stack, fleet and store are on the group."""
    tags = {tag["key"]: tag["value"] for tag in usual().of("autoscaling/group")["web-group"]["tags"]}
    assert tags == {
        "slipway:stack": "prod",
        "slipway:fleet": "web",
        "slipway:store": STORE,
        "Name": "slipway-prod-web",
    }


def test_whatever_takes_tags_has_them():
    """What a stack costs, and whose it is, can be seen for each resource."""
    untagged = {
        "BucketLifecycleConfiguration", "BucketOwnershipControls", "BucketPolicy", "BucketPublicAccessBlock",
        "BucketServerSideEncryptionConfiguration", "BucketVersioning", "CertificateValidation", "Group", "Policy",
        "Record", "RolePolicy", "Route", "RouteTableAssociation",
    }  # fmt: skip
    for made in usual().declared:
        if made.type.split(":")[-1] not in untagged:
            assert made.inputs["tags"]["slipway:stack"] == "prod", made.name


def test_scaling_follows_cpu_or_requests():
    """The label of the request metric is the balancer's and the target group's, as the API wants it."""
    policies = usual().of("autoscaling/policy")
    web, api = (policies[f"{name}-scaling"]["targetTrackingConfiguration"] for name in ("web", "api"))
    assert web == {
        "predefinedMetricSpecification": {"predefinedMetricType": "ASGAverageCPUUtilization"},
        "targetValue": 60,
    }
    assert api["predefinedMetricSpecification"]["resourceLabel"] == "app/slipway-prod/1/targetgroup/prod-api-9000/1"
    assert api["targetValue"] == 600


# The alarms


def test_an_error_rate_needs_enough_requests():
    """One error in two requests is no outage."""
    alarm = usual().of("cloudwatch/metricAlarm")["web-alarms-errors"]
    (rate,) = [query for query in alarm["metricQueries"] if query["returnData"]]
    assert rate["expression"].startswith("IF(requests >= 20, 100 * ")
    dimensions = {
        query["metric"]["metricName"]: sorted(query["metric"]["dimensions"])
        for query in alarm["metricQueries"]
        if "metric" in query
    }
    of_the_group = ["LoadBalancer", "TargetGroup"]
    assert dimensions == {
        "RequestCount": of_the_group,
        **{f"HTTPCode_Target_{hundreds}XX_Count": of_the_group for hundreds in (2, 3, 4, 5)},
        "HTTPCode_ELB_5XX_Count": ["LoadBalancer"],  # AWS reports it of no target group
    }
    assert (alarm["threshold"], alarm["comparisonOperator"]) == (5, "GreaterThanThreshold")


def test_silence_is_no_alarm():
    """The balancer publishes nothing for a fleet that nobody asks."""
    alarms = usual().of("cloudwatch/metricAlarm")
    assert set(alarms) == {
        "web-alarms-errors",
        "web-alarms-unhealthy",
        "web-alarms-latency",
        "api-alarms-errors",
        "api-alarms-unhealthy",
    }
    assert all(alarm["treatMissingData"] == "notBreaching" for alarm in alarms.values())
    slow, p99, _requests = alarms["web-alarms-latency"]["metricQueries"]
    assert (slow["expression"], p99["metric"]["stat"]) == ("IF(requests >= 100, p99, 0)", "p99")


def test_alarms_are_heard_where_it_is_set():
    """Both when they begin and when they end."""
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT}:ops"
    alarms = declare(fleets={"web": {"alarms": {"notify": [topic]}}}).of("cloudwatch/metricAlarm").values()
    assert [(alarm["alarmActions"], alarm["okActions"]) for alarm in alarms] == [([topic], [topic])] * 2


def test_a_type_no_test_knows_is_an_error():
    """The stand-in for the engine guesses nothing."""
    program = Program()
    with pytest.raises(LookupError, match="no test knows"):
        program.RegisterResource(resource_pb2.RegisterResourceRequest(type="aws:x/y:Y", name="n"))


# Logs, their keys, and the firewall

KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234-abcd"
WEB_ACL = f"arn:aws:wafv2:eu-west-1:{ACCOUNT}:regional/webacl/shop/12345678-1234-1234-1234-123456789012"


def days(program: Program) -> tuple[dict[str, Any], list[Any]]:
    """For how long log groups keep what they have, and buckets for logs."""
    groups = {name: made.get("retentionInDays") for name, made in program.of("cloudwatch/logGroup").items()}
    buckets = program.of("s3/bucketLifecycleConfiguration").values()
    kept = [rule["expiration"]["days"] for made in buckets for rule in made["rules"] if "expiration" in rule]
    return groups, kept


def test_logs_are_kept_as_long_as_is_set():
    """The fleets' for ever, in either case: they prove what an instance ran."""
    assert days(declare()) == ({"web-log-group": 0, "network-flow-logs-log-group": 30}, [90])
    groups, kept = days(declare(logs={"retention": 365}, artifacts={"accessLogs": True}))
    assert groups == {"web-log-group": 0, "network-flow-logs-log-group": 365}
    assert kept == [365, 365]


def test_log_groups_have_the_key_that_is_set():
    """Without one there is no such input, as in stacks that were made before."""
    assert all("kmsKeyId" not in group for group in declare().of("cloudwatch/logGroup").values())
    groups = declare(logs={"kmsKey": KEY}).of("cloudwatch/logGroup")
    assert {name: group["kmsKeyId"] for name, group in groups.items()} == dict.fromkeys(groups, KEY)


def test_a_web_acl_stands_before_the_balancer():
    """Only where one is named."""
    assert not declare().of("wafv2/webAclAssociation")
    made = declare(loadBalancer={"http": True, "webAcl": WEB_ACL}).one("wafv2/webAclAssociation")
    assert made == {"resourceArn": "arn:balancer/balancer-balancer", "webAclArn": WEB_ACL}


def test_access_to_the_store_is_logged_in_a_bucket_apart():
    """Only S3 may write there, only about the store; the bucket is as closed as the others, and has S3's own keys."""
    program = declare(artifacts={"accessLogs": True})
    logs = f"slipway-prod-s3logs-{ACCOUNT}-eu-west-1"
    assert program.one("s3/bucketLogging") == {
        "bucket": "artifacts-store-bucket-id",
        "targetBucket": "artifacts-store-logs-bucket-id",
        "targetPrefix": f"{STORE}/",
    }
    policy = statements(program.of("s3/bucketPolicy")["artifacts-store-logs-policy"]["policy"])
    context = {"aws:SourceArn": f"arn:aws:s3:::{STORE}", "aws:SourceAccount": ACCOUNT, "aws:SecureTransport": "true"}
    put = {"action": "s3:PutObject", "resource": f"arn:aws:s3:::{logs}/{STORE}/x"}
    assert decide(policy, Ask(**put, context=context))
    assert not decide(policy, Ask(**put, context={**context, "aws:SourceArn": "arn:aws:s3:::other"}))
    assert not declare().of("s3/bucketLogging")


def test_a_kept_bucket_for_the_stores_logs_is_taken_over():
    """Set to false and to true again, the setting finds it there."""
    settings = parse(
        {"loadBalancer": {"http": True}, "fleets": {"web": None}, "artifacts": {"accessLogs": True}}, "prod", REGION
    )
    logs = f"slipway-prod-s3logs-{ACCOUNT}-eu-west-1"
    for kept, imported in ((frozenset[str](), ""), (frozenset([logs]), logs)):
        declared = {made.name: made for made in run(settings, store_logs=kept).declared}
        assert declared["artifacts-store-logs-bucket"].imported == imported


# What stands of a stack that is kept for recovery


def group_of(**mapping: Any) -> tuple[tuple[int, int], dict[str, str]]:
    """The bounds of the group, and the tags that only it has."""
    found = declare(fleets={"web": {"size": {"min": 2, "max": 9}}}, **mapping).one("autoscaling/group")
    own = {tag["key"]: tag["value"] for tag in found["tags"] if not tag["propagateAtLaunch"]}
    return (int(found["minSize"]), int(found["maxSize"])), own


@pytest.mark.parametrize(
    ("posture", "bounds"), [("pilot-light", (0, 0)), ("warm", (3, 9)), ("active", (2, 9)), (None, (2, 9))]
)
def test_a_posture_is_how_large_the_groups_are(posture: str | None, bounds: tuple[int, int]):
    """The tags tell it, and the sizes that the group has when it is active: Auto Scaling alone can bring it up."""
    follow = {"artifacts": {"bucket": "store"}, "release": {"follow": "shop"}}
    found, tags = group_of(recovery={"posture": posture}, **follow)
    assert found == bounds
    assert tags == {names.STORE_TAG: "store", names.POSTURE_TAG: posture or "active", names.SIZE_TAG: "2-9"}


def test_a_stack_that_is_not_kept_for_recovery_tells_no_posture():
    """Nothing differs from what an earlier version declared."""
    found, tags = group_of()
    assert (found, list(tags)) == ((2, 9), [names.STORE_TAG])
    assert declare().outputs["posture"] is None
    assert group_of(recovery={"posture": "active"})[1][names.POSTURE_TAG] == "active"


def test_all_but_instances_stands_in_pilot_light():
    """What takes long, or needs another control plane, is there before the outage."""
    light, active = (declare(recovery={"posture": posture}) for posture in ("pilot-light", "active"))
    assert {made.name for made in light.declared} == {made.name for made in active.declared}
    assert light.outputs == {**active.outputs, "posture": "pilot-light"}


def test_nothing_stands_when_cold_but_the_store():
    """A given store is not declared; one of the stack's own stays. What would be deployed is told."""
    program = declare(recovery={"posture": "cold"}, artifacts={"bucket": "store"})
    assert program.declared == []
    told = {"url": None, "sha": SHA, "digest": DIGEST, "network": {}, "fleets": {}, "posture": "cold"}
    assert program.outputs == told
    assert set(declare(recovery={"posture": "cold"}).of("s3/bucket")) == {"artifacts-store-bucket"}


# What tells when a review stack goes


def test_all_of_a_review_stack_tells_when_it_expires():
    """Whatever has tags; not instances, whose launch template a later expiry would change. Nothing is kept after."""
    text = (ROOT / "Pulumi.review.yaml").read_text(encoding="utf-8")
    file = {key.removeprefix("slipway:"): value for key, value in yaml.safe_load(text)["config"].items()}
    moment = "2026-01-31T03:00:00Z"
    file["fleets"]["web"]["secrets"] = {"KEY": "hidden"}
    program = run(parse(file, "pr-42", {}), expires=moment)
    tagged = [made for made in program.declared if "tags" in made.inputs]
    assert len(tagged) > 20
    for made in tagged:
        tags = made.inputs["tags"]
        if isinstance(tags, list):
            assert {"key": names.EXPIRY_TAG, "value": moment, "propagateAtLaunch": False} in tags
        else:
            assert tags[names.EXPIRY_TAG] == moment, made.name
            assert tags[names.STACK_TAG] == "pr-42", made.name
    assert moment not in str(program.one("ec2/launchTemplate")["tagSpecifications"])
    assert not any(made.retained for made in program.declared)
    assert not any(names.EXPIRY_TAG in str(made.inputs) for made in usual().declared)
