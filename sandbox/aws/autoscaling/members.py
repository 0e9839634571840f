"""An instance as its group sees it."""

from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState
from moto.ec2.models.instances import Instance

from sandbox.aws.autoscaling.activities import ScalingActivity
from sandbox.aws.autoscaling.configuration import LaunchSource
from sandbox.aws.autoscaling.hooks import Action

LAUNCHING_STATES = ("Pending", "Pending:Wait", "Pending:Proceed")
LEAVING_STATES = ("Terminating", "Terminating:Wait", "Terminating:Proceed")


class Member(InstanceState):
    """An instance of a group: its lifecycle state, what it was launched from, and what it waits for.

    `refresh` is the id of the instance refresh that was active when it was launched, with "/rollback" behind it
    where that refresh was being rolled back.
    """

    def __init__(
        self,
        *,
        instance: Instance,
        group: FakeAutoScalingGroup,
        source: LaunchSource,
        activity: ScalingActivity,
        refresh: str | None,
        now: float,
    ) -> None:
        super().__init__(
            instance,
            lifecycle_state="Pending",
            protected_from_scale_in=group.new_instances_protected_from_scale_in,
            autoscaling_group=group,
        )
        self.source = source
        self.activity = activity
        self.refresh = refresh
        self.launched_at = now
        self.in_service_at: float | None = None
        self.actions: dict[str, Action] = {}
        self.abandoned = False
        self.ending: ScalingActivity | None = None

    @property
    def spot(self) -> bool:
        """Return whether EC2 may take it away."""
        return self.instance.lifecycle == "spot"

    @property
    def id(self) -> str:
        return str(self.instance.id)

    @property
    def zone(self) -> str:
        return str(self.availability_zone)

    @property
    def launch_template(self) -> dict[str, str]:
        """Return the template with the concrete version that this instance was launched from."""
        return self.source.specification

    @property
    def launch_configuration_name(self) -> None:
        """Return None: instances come from launch templates only."""

    @property
    def target_lifecycle_state(self) -> str:
        """Return where it is going, as its metadata say: `autoscaling/target-lifecycle-state`."""
        if self.leaving:
            return "Terminated"
        return "Standby" if self.lifecycle_state.endswith("Standby") else "InService"

    @property
    def pending(self) -> bool:
        return self.lifecycle_state in LAUNCHING_STATES

    @property
    def in_service(self) -> bool:
        return self.lifecycle_state == "InService"

    @property
    def active(self) -> bool:
        """Return whether it counts towards the group's capacity."""
        return self.pending or self.in_service

    @property
    def leaving(self) -> bool:
        return self.lifecycle_state in LEAVING_STATES

    @property
    def alive(self) -> bool:
        """Return whether EC2 says pending or running."""
        return self.instance.state in ("pending", "running")

    @property
    def halted(self) -> bool:
        """Return whether somebody stopped it: it serves nothing, and still has to be terminated."""
        return self.instance.state in ("stopping", "stopped")
