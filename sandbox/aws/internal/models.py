"""What machines and balancer need to know, gathered from every region."""

from collections.abc import Mapping
from typing import Any

from moto.core.types import Base64EncodedString
from moto.elbv2.models import FakeLoadBalancer, FakeRule, FakeTargetGroup

from sandbox.aws.autoscaling.models import target_lifecycle_states
from sandbox.aws.ec2.models import Machine, SandboxEC2Backend, all_ec2, sandbox_ec2
from sandbox.aws.elbv2.models import SandboxELBv2Backend, all_elbv2
from sandbox.aws.elbv2.targets import Target
from sandbox.aws.faults.models import switchboard

Json = dict[str, Any]


def instances() -> Json:
    """Return `{"instances": [...]}` as described in docs/architecture.md."""
    targets = target_lifecycle_states()
    return {"instances": [_instance(ec2, m, targets) for ec2 in all_ec2() for m in ec2.machines.values()]}


def _instance(ec2: SandboxEC2Backend, machine: Machine, targets: Mapping[str, str]) -> Json:
    instance = machine.instance
    options = instance.metadata_options
    return {
        "id": instance.id,
        "region": ec2.region_name,
        "state": machine.state,
        "zone": instance.placement.zone,
        "private_ip": instance.private_ip if instance.nics else None,
        "image_id": instance.image_id,
        "instance_type": instance.instance_type,
        "user_data": _base64(instance.user_data),
        "role": machine.role,
        "metadata_options": {
            "HttpTokens": options.http_tokens,
            "HttpEndpoint": options.http_endpoint,
            "HttpPutResponseHopLimit": options.http_put_response_hop_limit,
            "HttpProtocolIpv6": options.http_protocol_ipv6,
            "InstanceMetadataTags": options.instance_metadata_tags,
        },
        "tags": {tag["key"]: tag["value"] for tag in instance.get_tags()},
        "port": machine.port,
        "boots": machine.boots,
        "life_cycle": instance.lifecycle or "on-demand",
        "target_lifecycle_state": targets.get(instance.id),
    }


def _base64(user_data: Base64EncodedString | None) -> str:
    return str(user_data) if user_data else ""


def load_balancers() -> Json:
    """Return `{"load_balancers": [...], "target_groups": [...]}` as described in docs/architecture.md."""
    backends = all_elbv2()
    return {
        "load_balancers": [
            _load_balancer(elbv2, balancer) for elbv2 in backends for balancer in elbv2.load_balancers.values()
        ],
        "target_groups": [_target_group(elbv2, group) for elbv2 in backends for group in elbv2.target_groups.values()],
    }


def _load_balancer(elbv2: SandboxELBv2Backend, balancer: FakeLoadBalancer) -> Json:
    ports = elbv2.local_ports(balancer)
    return {
        "arn": balancer.arn,
        "name": balancer.name,
        "region": elbv2.region_name,
        "dark": elbv2.region_name in switchboard.now.dark,
        "address": elbv2.places[balancer.arn].address,
        "zones": [subnet.availability_zone for subnet in balancer.subnets],
        "attributes": {key: str(value) for key, value in balancer.attrs.items()},
        "listeners": [
            {
                "arn": listener.arn,
                "port": int(listener.port),
                "local_port": ports.get(int(listener.port)),
                "protocol": listener.protocol,
                "rules": [_rule(rule) for rule in listener.rules.values()],
            }
            for listener in balancer.listeners.values()
        ],
    }


def _rule(rule: FakeRule) -> Json:
    return {
        "arn": rule.arn,
        "priority": None if rule.is_default else int(rule.priority),
        "conditions": rule.conditions,
        "actions": [action.data for action in rule.actions],
    }


def _target_group(elbv2: SandboxELBv2Backend, group: FakeTargetGroup) -> Json:
    return {
        "arn": group.arn,
        "name": group.name,
        "region": elbv2.region_name,
        "dark": elbv2.region_name in switchboard.now.dark,
        "protocol": group.protocol,
        "port": int(group.port) if group.port else None,
        "health_check": {
            "path": group.health_check_path or "/",
            "interval": int(group.health_check_interval_seconds),
            "timeout": int(group.health_check_timeout_seconds),
            "healthy_threshold": int(group.healthy_threshold_count),
            "unhealthy_threshold": int(group.unhealthy_threshold_count),
            "matcher": (group.matcher or {}).get("HttpCode", "200"),
        },
        "attributes": {key: str(value) for key, value in group.attributes.items()},
        "targets": [_target(elbv2, target) for target in elbv2.targets.get(group.arn, {}).values()],
    }


def _target(elbv2: SandboxELBv2Backend, target: Target) -> Json:
    machine = sandbox_ec2(elbv2.account_id, elbv2.region_name).machines.get(target.id)
    return {
        "id": target.id,
        "port": target.port,
        "zone": machine.instance.placement.zone if machine else None,
        "address": f"127.0.0.1:{machine.port}" if machine and machine.port else None,
        "state": target.state,
    }
