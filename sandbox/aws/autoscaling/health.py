"""Whether an instance is fit: EC2's view, the load balancer's, and the warmup."""

from sandbox.aws.autoscaling.group import Group
from sandbox.aws.autoscaling.members import Member
from sandbox.aws.state import Tick

EC2_FAILURE = (
    "an instance was taken out of service in response to an EC2 health check indicating it has been "
    "terminated or stopped."
)
ELB_FAILURE = "an instance was taken out of service in response to an ELB system health check failure."
USER_FAILURE = "an instance was taken out of service in response to a user health-check."


def target_states(group: Group, member: Member) -> list[tuple[str, str]]:
    """Return (target group ARN, state) for each attached target group that a load balancer uses."""
    return [
        (arn, group.elbv2.health_of(arn, member.id).state)
        for arn in group.target_group_arns
        if arn in group.elbv2.target_groups and group.elbv2.in_use(arn)
    ]


def check(group: Group, member: Member, tick: Tick) -> str | None:
    """Return why an instance in service must be replaced, or None if it is healthy.

    A load balancer's verdict counts after the grace period, and only where its target group has ever had a healthy
    target: one whose health check is wrong doesn't empty the group ("attachment status" in the user guide).
    """
    states = target_states(group, member)
    group.proven_target_groups.update(arn for arn, state in states if state == "healthy")
    if group.suspended("HealthCheck"):
        return None
    if not member.alive:
        return EC2_FAILURE
    if member.health_status == "Unhealthy":
        return USER_FAILURE
    if "ELB" in group.health_check_type.split(",") and member.in_service_at is not None:
        grace_over = member.in_service_at + float(group.health_check_grace_period or 0)
        if tick.now < grace_over:
            tick.at(grace_over)
        elif any(state == "unhealthy" and arn in group.proven_target_groups for arn, state in states):
            return ELB_FAILURE
    return None


def waiting_for(group: Group, member: Member, warmup: float, tick: Tick) -> str | None:
    """Return what a refresh still waits for before it counts an instance as updated, or None if it is ready."""
    if not member.in_service or member.in_service_at is None:
        return "not yet in service"
    if member.health_status != "Healthy" or not member.alive:
        return "unhealthy"
    if any(state != "healthy" for _, state in target_states(group, member)):
        return "waiting for the load balancer's health checks"
    warm = member.in_service_at + warmup
    if tick.now < warm:
        tick.at(warm)
        return "warming up"
    return None
