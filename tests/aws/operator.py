"""Decides, in a real account, which instances are healthy and which boot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.aws.account import TAG, Account
from tests.aws.fleet import HEALTH


@dataclass
class Operator:
    """Marks each instance of the run as `healthy` says, and completes its launch hook as `boot` says.

    An instance reads its mark from its metadata, and answers the balancer's health checks by it.
    """

    aws: Account
    boot: Callable[[dict[str, Any]], str | None] = lambda machine: "CONTINUE"
    healthy: Callable[[str], bool] = lambda instance_id: True
    hooks: dict[str, str] = field(default_factory=dict[str, str])
    stopped: threading.Event = field(default_factory=threading.Event)
    _marked: dict[str, str] = field(default_factory=dict[str, str])

    def act(self) -> None:
        """Look at the run's groups until `stopped`."""
        scaling, ec2 = self.aws.client("autoscaling"), self.aws.client("ec2")
        mine = [{"Name": f"tag:{TAG}", "Values": [self.aws.run]}]
        while not self.stopped.wait(self.aws.interval):
            for group in scaling.describe_auto_scaling_groups(Filters=mine)["AutoScalingGroups"]:
                for instance in group["Instances"]:
                    try:
                        self._mark(ec2, instance["InstanceId"])
                        if instance["LifecycleState"] == "Pending:Wait":
                            self._complete(scaling, ec2, group["AutoScalingGroupName"], instance["InstanceId"])
                    except ClientError as error:  # it has gone meanwhile, or was completed by the test itself
                        print(f"{instance['InstanceId']}: {error}")

    def _mark(self, ec2: Any, instance: str) -> None:
        wanted = "well" if self.healthy(instance) else "ill"
        if self._marked.get(instance) != wanted:
            ec2.create_tags(Resources=[instance], Tags=[{"Key": HEALTH, "Value": wanted}])
            self._marked[instance] = wanted

    def _complete(self, scaling: Any, ec2: Any, group: str, instance: str) -> None:
        if group not in self.hooks:
            return
        described = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        result = self.boot({"id": instance, "tags": {tag["Key"]: tag["Value"] for tag in described["Tags"]}})
        if result:
            scaling.complete_lifecycle_action(
                LifecycleHookName=self.hooks[group],
                AutoScalingGroupName=group,
                InstanceId=instance,
                LifecycleActionResult=result,
            )


@contextmanager
def operating(account: Account) -> Generator[Operator]:
    """Operate the instances of a run, in a thread."""
    acting = Operator(account)
    thread = threading.Thread(target=acting.act)
    thread.start()
    try:
        yield acting
    finally:
        acting.stopped.set()
        thread.join()
