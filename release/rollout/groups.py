"""Changes the sizes of Auto Scaling groups, and finds the address that leads to them."""

from __future__ import annotations

from collections.abc import Sequence

from release import names
from release.clients import client
from release.postures import Size
from release.rollout import shapes

_SCHEDULED = "ScheduledActions"


class Groups:
    """The groups of one region."""

    def __init__(self, region: str | None = None) -> None:
        self._autoscaling = client("autoscaling", region)
        self._region = region

    def tell_posture(self, group: str, posture: str) -> None:
        """Set the tag by which a group tells its posture (CreateOrUpdateTags)."""
        self._autoscaling.create_or_update_tags(
            Tags=[
                {
                    "ResourceId": group,
                    "ResourceType": "auto-scaling-group",
                    "Key": names.POSTURE_TAG,
                    "Value": posture,
                    "PropagateAtLaunch": False,
                }
            ]
        )

    def resize(self, group: str, size: Size) -> None:
        """Set a group's bounds (UpdateAutoScalingGroup). Its desired capacity follows where it is outside of them."""
        self._autoscaling.update_auto_scaling_group(AutoScalingGroupName=group, MinSize=size.min, MaxSize=size.max)

    def let_work_begin(self, stack: str) -> list[str]:
        """Resume the scheduled work of a stack that stood by; return the groups (ResumeProcesses)."""
        pages = self._autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
            Filters=[{"Name": f"tag:{names.STACK_TAG}", "Values": [stack]}]
        )
        waiting = [
            str(shown["AutoScalingGroupName"])
            for page in pages
            for shown in page["AutoScalingGroups"]
            if shapes.is_job(shown) and any(it.get("ProcessName") == _SCHEDULED for it in shown["SuspendedProcesses"])
        ]
        for group in waiting:
            self._autoscaling.resume_processes(AutoScalingGroupName=group, ScalingProcesses=[_SCHEDULED])
        return waiting

    def url(self, target_group_arns: Sequence[str]) -> str | None:
        """Return the URL of the load balancer that leads to these target groups, by its own name; None without one."""
        if not target_group_arns:
            return None
        elbv2 = client("elbv2", self._region)
        shown = elbv2.describe_target_groups(TargetGroupArns=list(target_group_arns[:1]))["TargetGroups"]
        balancers = [arn for group in shown for arn in group["LoadBalancerArns"]]
        if not balancers:
            return None
        balancer = elbv2.describe_load_balancers(LoadBalancerArns=balancers[:1])["LoadBalancers"][0]
        listeners = elbv2.describe_listeners(LoadBalancerArn=balancers[0])["Listeners"]
        scheme = "https" if any(listener["Protocol"] == "HTTPS" for listener in listeners) else "http"
        return f"{scheme}://{balancer['DNSName']}"
