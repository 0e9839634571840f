"""policy/rules: each control broken on purpose, one at a time, in what `prod` declares."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from policy import rules
from policy.exceptions import FILE
from policy.resource import UNKNOWN, Resource
from policy.rule import Violation, broken
from policy.verdicts import Verdicts
from tests.policy.stacks import (
    Change,
    both,
    good,
    having,
    prod,
    resource,
    unreferred,
    with_input,
    with_statement,
    without,
)

GROUP, TEMPLATE, BALANCER, STORE = "web-group", "web-launch-template", "balancer-balancer", "artifacts-store-bucket"
BLOCK, CLIENTS, OUT = "artifacts-store-public-access", "balancer-in-443", "web-out-443"
KEY, TOPIC = "aws:kms/key:Key", "aws:sns/topic:Topic"


def script(text: str) -> str:
    """User data."""
    return base64.b64encode(f"#!/bin/bash\n{text}\n".encode()).decode()


def assumed(**condition: str) -> Resource:
    """A role that GitHub's workflows assume, with these claims required."""
    claims = ", ".join(f'"token.actions.githubusercontent.com:{key}": "{value}"' for key, value in condition.items())
    provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    trust = (
        f'{{"Statement": {{"Effect": "Allow", "Principal": {{"Federated": "{provider}"}}, '
        f'"Action": "sts:AssumeRoleWithWebIdentity", "Condition": {{"StringEquals": {{{claims}}}}}}}}}'
    )
    return resource("ci", "aws:iam/role:Role", assumeRolePolicy=trust)


def allow(action: str, on: str = "*", **more: Any) -> Change:
    """A statement more in the policy of the fleet's role."""
    return with_statement("web-identity-policy", {"Effect": "Allow", "Action": [action], "Resource": on, **more})


MIXED = "mixedInstancesPolicy.launchTemplate"
AUD = "sts.amazonaws.com"

CASES: list[tuple[str, str, str, Change]] = [
    # control, or the rule itself where it is a promise of our own; rule; resource that it reports; what is broken
    ("fleet-template-version", "fleet-template-version", GROUP,
     with_input(GROUP, f"{MIXED}.launchTemplateSpecification.version", "$Latest")),
    ("fleet-template-version", "fleet-template-version", GROUP,
     with_input(GROUP, f"{MIXED}.launchTemplateSpecification.version", None)),
    ("fleet-template-version", "fleet-template-version", GROUP,
     with_input(GROUP, f"{MIXED}.overrides.1.launchTemplateSpecification", {"version": "$Default"})),
    ("fleet-health-percentages", "fleet-health-percentages", GROUP,
     with_input(GROUP, "instanceMaintenancePolicy.minHealthyPercentage", None)),
    ("fleet-health-percentages", "fleet-health-percentages", GROUP,
     with_input(GROUP, "instanceMaintenancePolicy", None)),
    ("fleet-desired-capacity", "fleet-desired-capacity", GROUP, with_input(GROUP, "desiredCapacity", 6)),
    ("fleet-desired-capacity", "fleet-desired-capacity", GROUP, with_input(GROUP, "desiredCapacity", 0)),
    ("fleet-instance-requirements", "fleet-instance-requirements", GROUP,
     with_input(GROUP, f"{MIXED}.overrides.0", {"instanceRequirements": {"vcpuCount": {"min": 2}}})),
    ("fleet-boot-hook", "fleet-boot-hook", GROUP,
     with_input(GROUP, "initialLifecycleHooks.0.defaultResult", "CONTINUE")),
    ("instance-literal-image", "instance-literal-image", TEMPLATE,
     with_input(TEMPLATE, "imageId", "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-x86_64")),
    ("AutoScaling.1", "fleet-balancer-health", GROUP, with_input(GROUP, "healthCheckType", "EC2")),
    ("AutoScaling.2", "fleet-zones", GROUP, both(
        unreferred(GROUP, "vpcZoneIdentifiers", "network-private-eu-west-1b", "Subnet"),
        unreferred(GROUP, "vpcZoneIdentifiers", "network-private-eu-west-1c", "Subnet"))),
    ("AutoScaling.6", "fleet-instance-types", GROUP,
     with_input(GROUP, f"{MIXED}.overrides", [{"instanceType": "m5.large"}])),
    ("AutoScaling.9", "fleet-launch-template", GROUP, with_input(GROUP, f"{MIXED}.launchTemplateSpecification", None)),
    ("CKV_AWS_315", "fleet-launch-template", GROUP, with_input(GROUP, f"{MIXED}.launchTemplateSpecification", None)),
    ("CKV_AWS_153", "fleet-tags", GROUP, with_input(GROUP, "tags", None)),
    ("CKV_AWS_79", "instance-metadata-token", TEMPLATE, with_input(TEMPLATE, "metadataOptions.httpTokens", "optional")),
    ("EC2.170", "instance-metadata-token", TEMPLATE, with_input(TEMPLATE, "metadataOptions", None)),
    ("CKV_AWS_341", "instance-metadata-hops", TEMPLATE,
     with_input(TEMPLATE, "metadataOptions.httpPutResponseHopLimit", 2)),
    ("CKV_AWS_88", "instance-public-address", TEMPLATE,
     with_input(TEMPLATE, "networkInterfaces", [{"associatePublicIpAddress": "true"}])),
    ("EC2.25", "instance-public-address", TEMPLATE,
     with_input(TEMPLATE, "networkInterfaces", [{"associatePublicIpAddress": True}])),
    ("EC2.181", "instance-volume-encrypted", TEMPLATE,
     with_input(TEMPLATE, "blockDeviceMappings.0.ebs.encrypted", None)),
    ("EC2.181", "instance-volume-encrypted", TEMPLATE, with_input(TEMPLATE, "blockDeviceMappings", None)),
    ("CKV_AWS_46", "instance-user-data-secret", TEMPLATE,
     with_input(TEMPLATE, "userData", script("export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE"))),
    ("CKV_AWS_46", "instance-user-data-secret", TEMPLATE,
     with_input(TEMPLATE, "userData", script("DATABASE_URL=postgres://app:hunter2@db.internal/shop"))),
    ("CKV2_AWS_11", "network-flow-logs", "network-vpc", without("network-flow-logs-flow-log")),
    ("EC2.6", "network-flow-logs", "network-vpc", with_input("network-flow-logs-flow-log", "trafficType", "ACCEPT")),
    ("CKV2_AWS_12", "network-default-group", "network-vpc",
     with_input("network-default-security-group", "ingress", [{"fromPort": 0, "toPort": 0, "protocol": "-1"}])),
    ("EC2.2", "network-default-group", "network-vpc", without("network-default-security-group")),
    ("CKV_AWS_130", "subnet-public-address", "network-public-eu-west-1a",
     with_input("network-public-eu-west-1a", "mapPublicIpOnLaunch", True, "Subnet")),
    ("EC2.15", "subnet-public-address", "network-private-eu-west-1a",
     with_input("network-private-eu-west-1a", "mapPublicIpOnLaunch", True, "Subnet")),
    ("CKV_AWS_23", "group-described", CLIENTS, with_input(CLIENTS, "description", None)),
    ("CKV_AWS_24", "group-inbound", CLIENTS,
     both(with_input(CLIENTS, "fromPort", 22), with_input(CLIENTS, "toPort", 22))),
    ("CKV_AWS_25", "group-inbound", CLIENTS,
     both(with_input(CLIENTS, "fromPort", 3389), with_input(CLIENTS, "toPort", 3389))),
    ("CKV_AWS_277", "group-inbound", CLIENTS, with_input(CLIENTS, "ipProtocol", "-1")),
    ("EC2.18", "group-inbound", CLIENTS, with_input(CLIENTS, "fromPort", 81)),
    ("EC2.19", "group-inbound", "web-security-group", with_input("web-security-group", "ingress", [
        {"description": "MySQL", "protocol": "tcp", "fromPort": 3306, "toPort": 3306, "ipv6CidrBlocks": ["::/0"]}])),
    ("CKV_AWS_260", "group-inbound-http", "balancer-security-group", without("balancer-http")),
    ("CKV_AWS_382", "group-outbound", OUT, with_input(OUT, "ipProtocol", "-1")),
    ("CKV2_AWS_5", "group-attached", "web-security-group",
     unreferred(TEMPLATE, "vpcSecurityGroupIds", "web-security-group")),
    ("CKV_AWS_2", "balancer-redirect", "balancer-https", with_input("balancer-https", "protocol", "HTTP")),
    ("CKV_AWS_103", "balancer-tls-policy", "balancer-https",
     with_input("balancer-https", "sslPolicy", "ELBSecurityPolicy-TLS-1-1-2017-01")),
    ("CKV2_AWS_74", "balancer-tls-policy", "balancer-https",
     with_input("balancer-https", "sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06")),
    ("ELB.17", "balancer-tls-policy", "balancer-https", with_input("balancer-https", "sslPolicy", None)),
    ("CKV_AWS_131", "balancer-headers", BALANCER, with_input(BALANCER, "dropInvalidHeaderFields", False)),
    ("ELB.4", "balancer-headers", BALANCER, with_input(BALANCER, "dropInvalidHeaderFields", None)),
    ("CKV_AWS_328", "balancer-desync", BALANCER, with_input(BALANCER, "desyncMitigationMode", "monitor")),
    ("ELB.12", "balancer-desync", BALANCER, with_input(BALANCER, "desyncMitigationMode", None)),
    ("CKV_AWS_91", "balancer-access-logs", BALANCER, with_input(BALANCER, "accessLogs", None)),
    ("ELB.5", "balancer-access-logs", BALANCER, with_input(BALANCER, "accessLogs.enabled", False)),
    ("CKV_AWS_150", "balancer-deletion-protection", BALANCER, with_input(BALANCER, "enableDeletionProtection", False)),
    ("ELB.6", "balancer-deletion-protection", BALANCER, with_input(BALANCER, "enableDeletionProtection", None)),
    ("CKV2_AWS_28", "balancer-web-acl", BALANCER, without("balancer-web-acl")),
    ("CKV_AWS_53", "bucket-public-access", STORE, with_input(BLOCK, "blockPublicAcls", False)),
    ("CKV_AWS_54", "bucket-public-access", STORE, with_input(BLOCK, "blockPublicPolicy", False)),
    ("CKV_AWS_55", "bucket-public-access", STORE, with_input(BLOCK, "ignorePublicAcls", False)),
    ("CKV_AWS_56", "bucket-public-access", STORE, with_input(BLOCK, "restrictPublicBuckets", None)),
    ("CKV2_AWS_6", "bucket-public-access", STORE, without(BLOCK)),
    ("S3.8", "bucket-public-access", "balancer-access-logs-bucket", without("balancer-access-logs-public-access")),
    ("CKV_AWS_379", "bucket-tls", STORE, without("artifacts-store-policy")),
    ("S3.5", "bucket-tls", STORE,
     with_input("artifacts-store-policy", "policy", '{"Statement": [{"Effect": "Allow"}]}')),
    ("CKV_AWS_19", "bucket-encrypted", STORE, without("artifacts-store-encryption")),
    ("CKV_AWS_21", "bucket-versioned", STORE,
     with_input("artifacts-store-versioning", "versioningConfiguration.status", "Suspended")),
    ("CKV2_AWS_61", "bucket-lifecycle", STORE, without("artifacts-store-lifecycle")),
    ("CKV_AWS_300", "bucket-lifecycle", STORE,
     with_input("artifacts-store-lifecycle", "rules.0.abortIncompleteMultipartUpload", None)),
    ("S3.13", "bucket-lifecycle", STORE, with_input("artifacts-store-lifecycle", "rules.0.status", "Disabled")),
    ("CKV_AWS_144", "bucket-replicated", STORE, without("artifacts-replication-there")),
    ("S3.7", "bucket-replicated", STORE, with_input("artifacts-replication-there", "rules.0.status", "Disabled")),
    ("CKV_AWS_143", "bucket-object-lock", STORE, without("artifacts-store-object-lock")),
    ("CKV_AWS_18", "bucket-access-logging", STORE, without("artifacts-store-logging")),
    ("S3.9", "bucket-access-logging", "artifacts-replica-bucket", without("artifacts-replica-logging")),
    ("CKV2_AWS_65", "bucket-acls", STORE, without("artifacts-store-ownership")),
    ("S3.12", "bucket-acls", STORE,
     with_input("artifacts-store-ownership", "rule.objectOwnership", "BucketOwnerPreferred")),
    ("IAM.1", "iam-administrator", "web-identity-policy", allow("*")),
    ("IAM.21", "iam-service-wildcard", "web-identity-policy", allow("s3:*", "arn:aws:s3:::shop/*")),
    ("CKV_AWS_286", "iam-escalation", "web-identity-policy", allow("iam:Put*")),
    ("CKV_AWS_286", "iam-escalation", "web-identity-policy", allow("iam:PassRole")),
    ("CKV_AWS_287", "iam-escalation", "web-identity-policy", allow("iam:CreateAccessKey")),
    ("CKV_AWS_288", "iam-resource-wildcard", "web-identity-policy", allow("s3:GetObject")),
    ("CKV_AWS_289", "iam-resource-wildcard", "web-identity-policy", allow("s3:PutBucketPolicy")),
    ("CKV_AWS_290", "iam-resource-wildcard", "web-identity-policy", allow("autoscaling:DeleteAutoScalingGroup")),
    ("CKV_AWS_355", "iam-resource-wildcard", "web-identity-policy", allow("ssm:GetParameters")),
    ("CKV_AWS_358", "iam-oidc-claims", "ci", having(assumed(aud=AUD))),
    ("CKV_AWS_358", "iam-oidc-claims", "ci", having(assumed(sub="repo:a/b:environment:x"))),
    ("CKV_AWS_358", "iam-oidc-claims", "ci", having(assumed(aud=AUD, sub="repo:*"))),
    ("CKV_AWS_7", "key-rotated", "key", having(resource("key", KEY))),
    ("CKV2_AWS_67", "key-rotated", "key", having(resource("key", KEY, enableKeyRotation=False))),
    ("CKV_AWS_33", "key-policy", "key", having(resource("key", KEY, enableKeyRotation=True, policy=(
        '{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}}')))),
    ("CKV_AWS_26", "topic-encrypted", "alarms", having(resource("alarms", TOPIC))),
    ("CKV_AWS_338", "log-group-retention", "web-log-group", with_input("web-log-group", "retentionInDays", 30)),
]  # fmt: skip


def told(found: list[Violation]) -> Counter[tuple[str, str]]:
    """Rule and resource of each."""
    return Counter((each.id, each.resource) for each in found)


BEFORE = told(list(broken(good(), rules.ALL)))


@pytest.mark.parametrize(("control", "rule", "where", "change"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES])
def test_what_breaks_a_control_breaks_one_rule(control: str, rule: str, where: str, change: Change):
    """Exactly that rule reports, with the resource, the control and what to do."""
    found = list(broken(change(good()), rules.ALL))
    assert told(found) - BEFORE == Counter({(rule, where): 1})
    (said,) = [each for each in found if (each.id, each.resource) == (rule, where)]
    assert control in (*said.rule.controls, said.rule.id)
    assert said.rule.fix in said.text()
    assert all(cited in said.text() for cited in said.rule.controls)


def test_each_control_is_broken_once():
    """No rule, and no control that one cites, is without a case, but for those whose break is another's too."""
    cited = {control for rule in rules.ALL for control in rule.controls or (rule.id,)}
    assert cited - {case[0] for case in CASES} == {"CKV2_AWS_20", "ELB.1"}


def test_plain_http_breaks_two_rules():
    """A listener that serves on port 80 is wrong itself, and so is the group that lets clients to it."""
    change = with_input("balancer-http", "defaultActions", [{"type": "forward", "targetGroupArn": UNKNOWN}])
    found = told(list(broken(change(good()), rules.ALL))) - BEFORE
    assert set(found) == {("balancer-redirect", "balancer-http"), ("group-inbound-http", "balancer-security-group")}


GOOD: list[tuple[str, Change]] = [
    ("a role of one environment", having(assumed(aud=AUD, sub="repo:a/b:environment:x"))),
    ("a version known only later", with_input(GROUP, f"{MIXED}.launchTemplateSpecification.version", UNKNOWN)),
    ("an image known only later", with_input(TEMPLATE, "imageId", UNKNOWN)),
    ("a policy known only later", with_input("artifacts-store-policy", "policy", UNKNOWN)),
    ("a password that comes from elsewhere",
     with_input(TEMPLATE, "userData", script('URL="postgres://app:${PASSWORD}@db.internal/shop"'))),
    ("metadata that is off", with_input(TEMPLATE, "metadataOptions", {"httpEndpoint": "disabled"})),
    ("logs for ever", with_input("web-log-group", "retentionInDays", 0)),
    ("a stricter TLS policy", with_input("balancer-https", "sslPolicy", "ELBSecurityPolicy-TLS13-1-3-2021-06")),
    ("what has nothing to be limited to", allow("ssmmessages:OpenDataChannel")),
    ("what a condition limits", allow("autoscaling:DeleteAutoScalingGroup",
                                      Condition={"StringEquals": {"aws:ResourceTag/slipway:stack": "prod"}})),
    ("a role passed on to one service's role", allow("iam:PassRole", "arn:aws:iam::123456789012:role/slipway-prod-*")),
    ("an asymmetric key", having(resource("key", KEY, customerMasterKeySpec="RSA_2048"))),
    ("a bucket that goes with its stack",
     both(with_input(STORE, "forceDestroy", True), without("artifacts-replication-there"))),
]  # fmt: skip


@pytest.mark.parametrize("change", [case[1] for case in GOOD], ids=[case[0] for case in GOOD])
def test_what_is_right_is_let_through(change: Change):
    """Nothing more is reported than of prod as it is."""
    assert not told(list(broken(change(good()), rules.ALL))) - BEFORE


def paths(value: Any, way: str = "") -> Iterator[str]:
    """Every place in an input, from the outside in."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield f"{way}{key}"
        yield from paths(below, f"{way}{key}.")


@pytest.mark.parametrize("kind", sorted({each.type for each in good().resources if each.type.startswith("aws:")}))
def test_what_is_not_known_yet_breaks_no_rule(kind: str):
    """Whatever of an input is known only later, in whole or within: a preview waits for the update to tell."""
    stack = good()
    for each in stack.of(kind)[:1]:
        for path in paths(each.props):
            if path not in ("forceDestroy", "bucket"):  # known in any plan of ours
                unknown = with_input(each.name, path, UNKNOWN, kind)(stack)
                assert not told(list(broken(unknown, rules.ALL))), path


def test_a_secret_is_not_in_what_is_said():
    """What looks like a secret is named by its kind, and never shown."""
    change = with_input(TEMPLATE, "userData", script("KEY=AKIAIOSFODNN7EXAMPLE"))
    assert "AKIA" not in " ".join(each.text() for each in broken(change(good()), rules.ALL))


def test_prod_obeys():
    """What this repository declares breaks no rule but for what is excepted, and needs each exception."""
    verdicts = Verdicts(FILE, date(2026, 12, 1))
    assert not [each for rule in rules.ALL for each in verdicts.of(rule, broken(prod(), [rule]))]
    assert not list(verdicts.problems("prod"))
    assert not BEFORE


def test_rules_are_named_once_and_say_what_to_do():
    """Ids are permanent and unique, titles and fixes are sentences without their full stop."""
    assert len({rule.id for rule in rules.ALL}) == len(rules.ALL)
    for rule in rules.ALL:
        assert rule.title[0].isupper(), rule.id
        assert not rule.title.endswith("."), rule.id
        assert not rule.fix.endswith("."), rule.id
