"""Load balancers on local addresses, and targets whose health is what the balancer reported."""

from typing import Any, cast

from moto.elbv2.exceptions import ELBClientError, TargetGroupNotFoundError
from moto.elbv2.models import (
    ELBv2Backend,
    FakeHealthStatus,
    FakeListenerRule,
    FakeLoadBalancer,
    FakeRule,
    FakeTargetGroup,
    elbv2_backends,
)

from sandbox.aws.ec2.models import sandbox_ec2
from sandbox.aws.elbv2 import limits
from sandbox.aws.elbv2 import targets as t
from sandbox.aws.elbv2.places import Place, places
from sandbox.aws.elbv2.targets import Target
from sandbox.aws.state import Tick, clock, state
from sandbox.service import target_health
from sandbox.service.target_health import Health

Key = tuple[str, int]


class SandboxELBv2Backend(ELBv2Backend):
    """moto's ELBv2; `targets` holds, for each target group's ARN, what is registered or draining."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.targets: dict[str, dict[Key, Target]] = {}
        self.places: dict[str, Place] = {}

    def create_load_balancer(self, *args: Any, **kwargs: Any) -> FakeLoadBalancer:  # noqa: ANN401 - moto's own
        """CreateLoadBalancer: its DNSName is an address that answers, such as `127.0.0.1:8080`."""
        balancer = super().create_load_balancer(*args, **kwargs)
        place = self.places[balancer.arn] = places.take()
        balancer.dns_name = place.name
        return balancer

    def local_ports(self, balancer: FakeLoadBalancer) -> dict[int, int]:
        """Return the local ports of a load balancer's listeners by their own; one that is missing has any."""
        listeners = [(int(each.port), str(each.protocol)) for each in balancer.listeners.values()]
        return self.places[balancer.arn].local_ports(listeners)

    def delete_load_balancer(self, arn: str) -> None:
        """DeleteLoadBalancer: its address is free again, its target groups no longer know it."""
        balancer = self.load_balancers.get(arn)
        if balancer and balancer.attrs.get("deletion_protection.enabled") == "true":
            raise ELBClientError(
                "OperationNotPermitted",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        super().delete_load_balancer(arn)
        if arn in self.places:
            places.release(self.places.pop(arn))
        for group in self.target_groups.values():
            group.load_balancer_arns = [known for known in group.load_balancer_arns if known != arn]

    def create_rule(
        self,
        listener_arn: str,
        conditions: list[dict[str, Any]],
        priority: int,
        actions: list[dict[str, Any]],
        tags: list[dict[str, str]] | None = None,
    ) -> FakeListenerRule:
        """CreateRule, with the quotas of an Application Load Balancer, and the bounds of its page."""
        limits.check_conditions(conditions)
        limits.check_actions(actions)
        limits.check_rules(
            [balancer for balancer in self.load_balancers.values() if listener_arn in balancer.listeners]
        )
        return super().create_rule(listener_arn, conditions, priority, actions, tags)

    def modify_rule(self, rule_arn: str, conditions: list[dict[str, Any]], actions: list[dict[str, Any]]) -> FakeRule:
        """ModifyRule, with the same quotas and bounds."""
        limits.check_conditions(conditions or [])
        limits.check_actions(actions or [])
        return super().modify_rule(rule_arn, conditions, actions)

    def delete_target_group(self, target_group_arn: str) -> FakeTargetGroup:
        """DeleteTargetGroup."""
        group = super().delete_target_group(target_group_arn)
        self.targets.pop(target_group_arn, None)
        return group

    def register_targets(self, target_group_arn: str, instances: list[Any]) -> None:
        """RegisterTargets: initial until the balancer reports something else."""
        super().register_targets(target_group_arn, instances)
        group = self.target_groups[target_group_arn]
        registered = self.targets.setdefault(target_group_arn, {})
        for wanted in instances:
            key = _key(wanted, group)
            known = registered.get(key)
            if known is None or known.state == t.DRAINING:
                registered[key] = Target(*key)
        state.wake()

    def deregister_targets(self, target_group_arn: str, instances: list[dict[str, Any]]) -> None:
        """DeregisterTargets: draining until the balancer reports `unused` or the deregistration delay is over."""
        group = self.target_groups.get(target_group_arn)
        if group is None:
            raise TargetGroupNotFoundError()
        delay = float(group.attributes["deregistration_delay.timeout_seconds"])
        registered = self.targets.setdefault(target_group_arn, {})
        for wanted in instances:
            for key in [k for k in registered if _matches(k, wanted)]:
                group.targets.pop(key[0], None)
                if delay > 0 and self.in_use(target_group_arn):
                    registered[key].drain(clock() + delay)
                else:
                    del registered[key]
        state.wake()

    def in_use(self, target_group_arn: str) -> bool:
        """Return whether any listener's rule forwards to the target group."""
        return self._any_listener_using(target_group_arn)

    def report(self, target_group_arn: str, id_: str, port: int, health: Health) -> None:
        """Take what the balancer saw. `unused` ends a draining target's deregistration."""
        registered = self.targets.get(target_group_arn, {})
        target = registered.get((id_, port))
        if target is None:
            return
        if target.state == t.DRAINING:
            if health.state == "unused":
                del registered[target.id, target.port]
                state.wake()
        elif health != target.health and health.state in ("initial", "healthy", "unhealthy", "unused"):
            target.health = health
            state.wake()

    def target_health(self, target_group_arn: str, target: Target) -> Health:
        """Return what DescribeTargetHealth says of a registered or draining target."""
        if target.state == t.DRAINING:
            return target.health
        if not self.in_use(target_group_arn):
            return target_health.NOT_IN_USE
        machine = sandbox_ec2(self.account_id, self.region_name).machines.get(target.id)
        if machine is None or machine.state in ("stopped", "terminated"):
            return target_health.INVALID_STATE
        return target.health

    def health_of(self, target_group_arn: str, instance_id: str) -> Health:
        """Return the health of an instance in a target group, `unused` where it isn't registered."""
        found = [x for x in self.targets.get(target_group_arn, {}).values() if x.id == instance_id]
        return self.target_health(target_group_arn, found[0]) if found else target_health.NOT_REGISTERED

    def describe_target_health(self, target_group_arn: str, targets: list[dict[str, Any]]) -> list[FakeHealthStatus]:
        """DescribeTargetHealth: draining targets are in it for as long as they drain."""
        group = self.target_groups.get(target_group_arn)
        if group is None:
            raise TargetGroupNotFoundError()
        known = self.targets.get(target_group_arn, {})
        keys = [_key(wanted, group) for wanted in targets] if targets else list(known)
        health_port = group.health_check_port
        described: list[FakeHealthStatus] = []
        for id_, port in keys:
            target = known.get((id_, port))
            health = self.target_health(target_group_arn, target) if target else target_health.NOT_REGISTERED
            shown_port = str(port) if health_port in (None, "traffic-port") else health_port
            status = FakeHealthStatus(id_, str(port), shown_port, health.state, health.reason, health.description)
            described.append(cast(FakeHealthStatus, status))
        return described

    def notify_terminate_instances(self, instance_ids: list[str]) -> None:
        """Do nothing: a terminated target is unhealthy until somebody deregisters it."""

    def advance(self, tick: Tick) -> None:
        """End the draining of targets whose deregistration delay is over."""
        for registered in self.targets.values():
            for key, target in list(registered.items()):
                if target.until is None:
                    continue
                if tick.now >= target.until:
                    del registered[key]
                    state.wake()
                else:
                    tick.at(target.until)


def _key(target: dict[str, Any], group: FakeTargetGroup) -> Key:
    return target["Id"], int(target.get("Port") or group.port)


def _matches(key: Key, wanted: dict[str, Any]) -> bool:
    return key[0] == wanted["Id"] and key[1] == int(wanted.get("Port") or key[1])


def sandbox_elbv2(account: str, region: str) -> SandboxELBv2Backend:
    """Return one region's backend."""
    return cast(SandboxELBv2Backend, elbv2_backends[account][region])


def all_elbv2() -> list[SandboxELBv2Backend]:
    """Return every ELBv2 backend that was used so far."""
    return [
        cast(SandboxELBv2Backend, backend)
        for regions in list(elbv2_backends.values())
        for backend in list(regions.values())
    ]
