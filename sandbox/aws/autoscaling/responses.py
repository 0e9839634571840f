"""EC2 Auto Scaling's operations: parameters in, shapes out."""

from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from sandbox.aws.autoscaling.exceptions import ValidationError
from sandbox.aws.autoscaling.hooks import Action
from sandbox.aws.autoscaling.models import SandboxAutoScalingBackend, sandbox_autoscaling
from sandbox.aws.requests import Guarded
from sandbox.aws.state import clock

ALL = [
    f"Group{what}"
    for what in (
        *("MinSize", "MaxSize", "DesiredCapacity"),
        *(
            f"{state}{unit}"
            for state in ("InService", "Pending", "Standby", "Terminating", "Total")
            for unit in ("Instances", "Capacity")
        ),
    )
]
"""The metrics of a group without a warm pool (botocore: EnableMetricsCollectionQuery)."""


class SandboxAutoScalingResponse(Guarded, AutoScalingResponse):
    """moto's Auto Scaling, where instances have a lifecycle and groups can be refreshed."""

    @property
    def backend(self) -> SandboxAutoScalingBackend:
        return sandbox_autoscaling(self.current_account, self.region)

    @property
    def shape(self) -> dict[str, Any]:
        return dict(self._get_params())

    @property
    def name(self) -> str:
        return str(self._get_param("AutoScalingGroupName"))

    def create_auto_scaling_group(self) -> ActionResult:
        """CreateAutoScalingGroup."""
        self.backend.create_group(self.shape)
        return EmptyResult()

    def update_auto_scaling_group(self) -> ActionResult:
        """UpdateAutoScalingGroup."""
        self.backend.update_group(self.shape)
        return EmptyResult()

    def delete_auto_scaling_group(self) -> ActionResult:
        """DeleteAutoScalingGroup."""
        self.backend.delete_group(self.name, force=bool(self._get_bool_param("ForceDelete", False)))
        return EmptyResult()

    def describe_scaling_activities(self) -> ActionResult:
        """DescribeScalingActivities: newest first, of one group or of all."""
        wanted, ids = self._get_param("AutoScalingGroupName"), self._get_param("ActivityIds", [])
        groups = [self.backend.group(wanted)] if wanted else list(self.backend.groups.values())
        found = [a for g in groups for a in g.activities if not ids or a.id in ids]
        found.sort(key=lambda activity: activity.started, reverse=True)
        limit = self._get_int_param("MaxRecords", 100)
        start = int(self._get_param("NextToken") or 0)
        token = str(start + limit) if len(found) > start + limit else None
        page = [activity.describe() for activity in found[start : start + limit]]
        return ActionResult({"Activities": page, "NextToken": token})

    def enable_metrics_collection(self) -> ActionResult:
        """EnableMetricsCollection: in addition to those that are collected, of which moto forgets."""
        group = self.backend.group(self.name)
        group.metrics = sorted({*group.metrics, *(self._get_param("Metrics") or ALL)})
        return EmptyResult()

    def disable_metrics_collection(self) -> ActionResult:
        """DisableMetricsCollection, which moto lacks: of some metrics, or of all where none is named."""
        group = self.backend.group(self.name)
        gone = set(self._get_param("Metrics") or group.metrics)
        group.metrics = [metric for metric in group.metrics if metric not in gone]
        return EmptyResult()

    def put_lifecycle_hook(self) -> ActionResult:
        """PutLifecycleHook."""
        self.backend.put_hook(self.shape)
        return EmptyResult()

    def complete_lifecycle_action(self) -> ActionResult:
        """CompleteLifecycleAction: by token or by instance."""
        result = self._get_param("LifecycleActionResult")
        if result not in ("CONTINUE", "ABANDON"):
            raise ValidationError("LifecycleActionResult must be CONTINUE or ABANDON")
        self._action().complete(result)
        return EmptyResult()

    def record_lifecycle_action_heartbeat(self) -> ActionResult:
        """RecordLifecycleActionHeartbeat."""
        self._action().heartbeat(clock())
        return EmptyResult()

    def _action(self) -> Action:
        return self.backend.action(
            self.name,
            self._get_param("LifecycleHookName"),
            self._get_param("LifecycleActionToken"),
            self._get_param("InstanceId"),
        )

    def set_instance_health(self) -> ActionResult:
        """SetInstanceHealth."""
        respect = bool(self._get_bool_param("ShouldRespectGracePeriod", True))
        self.backend.set_health(self._get_param("InstanceId"), self._get_param("HealthStatus"), respect_grace=respect)
        return EmptyResult()

    def describe_load_balancer_target_groups(self) -> ActionResult:
        """DescribeLoadBalancerTargetGroups: InService once a target was healthy."""
        group = self.backend.group(self.name)
        states = [
            {
                "LoadBalancerTargetGroupARN": arn,
                "State": "InService" if arn in group.proven_target_groups else "Added",
            }
            for arn in group.target_group_arns
        ]
        return ActionResult({"LoadBalancerTargetGroups": states})

    def terminate_instance_in_auto_scaling_group(self) -> ActionResult:
        """TerminateInstanceInAutoScalingGroup."""
        decrement = bool(self._get_bool_param("ShouldDecrementDesiredCapacity", False))
        activity = self.backend.end_instance(self._get_param("InstanceId"), decrement=decrement)
        return ActionResult({"Activity": activity})

    def put_scaling_policy(self) -> ActionResult:
        """PutScalingPolicy; nothing scales by itself here.

        moto answers with `PolicyArn`, which no SDK reads; the API's member is `PolicyARN`:
        https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScalingPolicy.html
        """
        result: Any = super().put_scaling_policy()
        policies = self.backend.policies
        policy: Any = policies.pop(str(self._get_param("PolicyName")))
        policy.enabled = bool(self._get_bool_param("Enabled", True))  # moto does not keep it
        policies[self._policy] = policy
        return ActionResult({"PolicyARN": result.result["PolicyArn"], "Alarms": []})

    def delete_policy(self) -> ActionResult:
        """DeletePolicy: of one group; to moto a policy's name is the region's, to AWS its group's."""
        self.backend.policies.pop(self._policy, None)
        return EmptyResult()

    def execute_policy(self) -> ActionResult:
        """ExecutePolicy."""
        self.backend.policies[self._policy].execute()
        return EmptyResult()

    @property
    def _policy(self) -> str:
        return f"{self.name}/{self._get_param('PolicyName')}"

    def put_scheduled_update_group_action(self) -> ActionResult:
        """PutScheduledUpdateGroupAction."""
        self.backend.put_scheduled_action(self.shape)
        return EmptyResult()

    def describe_scheduled_actions(self) -> ActionResult:
        """DescribeScheduledActions."""
        wanted = self._get_param("ScheduledActionNames", [])
        found = self.backend.scheduled_actions_of(self._get_param("AutoScalingGroupName"), wanted)
        return ActionResult({"ScheduledUpdateGroupActions": [action.describe() for action in found]})

    def delete_scheduled_action(self) -> ActionResult:
        """DeleteScheduledAction."""
        self.backend.drop_scheduled_action(self.name, str(self._get_param("ScheduledActionName")))
        return EmptyResult()

    def set_instance_protection(self) -> ActionResult:
        """SetInstanceProtection."""
        protected = bool(self._get_bool_param("ProtectedFromScaleIn"))
        self.backend.protect(self.name, self._get_param("InstanceIds", []), protected=protected)
        return EmptyResult()

    def start_instance_refresh(self) -> ActionResult:
        """StartInstanceRefresh."""
        return ActionResult({"InstanceRefreshId": self.backend.start_refresh(self.shape)})

    def cancel_instance_refresh(self) -> ActionResult:
        """CancelInstanceRefresh."""
        wait = self._get_bool_param("WaitForTransitioningInstances", True)
        return ActionResult({"InstanceRefreshId": self.backend.cancel_refresh(self.name, wait=bool(wait))})

    def rollback_instance_refresh(self) -> ActionResult:
        """RollbackInstanceRefresh."""
        return ActionResult({"InstanceRefreshId": self.backend.roll_refresh_back(self.name)})

    def describe_instance_refreshes(self) -> ActionResult:
        """DescribeInstanceRefreshes."""
        ids = self._get_param("InstanceRefreshIds", [])
        found = self.backend.describe_refreshes(self.name, ids)
        limit = self._get_int_param("MaxRecords", 50)
        start = int(self._get_param("NextToken") or 0)
        token = str(start + limit) if len(found) > start + limit else None
        return ActionResult({"InstanceRefreshes": found[start : start + limit], "NextToken": token})
