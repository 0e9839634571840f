"""EC2 instances that are machines elsewhere: they start and end when those say so."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from moto.core.exceptions import ServiceException
from moto.core.types import Base64EncodedString
from moto.ec2.exceptions import InvalidParameterCombination, OperationNotPermitted4
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.models.instances import Instance, Reservation, StateReason
from moto.ec2.models.instances import InstanceState as State
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.utils import filter_iam_instance_profiles

from sandbox.aws.ec2.endpoints import GatewayEndpoints
from sandbox.aws.ec2.images import PREFIX, amazon_linux
from sandbox.aws.state import Tick, clock, state

PENDING, RUNNING, SHUTTING_DOWN, STOPPING, STOPPED = 0, 16, 32, 64, 80
SHUTDOWN_LIMIT = 30.0
REMEMBERED = 60.0
_INITIATED = StateReason(
    "Client.InstanceInitiatedShutdown: Instance initiated shutdown", "Client.InstanceInitiatedShutdown"
)
COPYING = 1.0  # seconds; on AWS it takes minutes


class DuplicateImageName(ServiceException):
    """InvalidAMIName.Duplicate, in EC2's words."""

    code = "InvalidAMIName.Duplicate"

    def __init__(self, name: str | None) -> None:
        super().__init__(f"AMI name {name} is already in use by another AMI")


class IdempotentParameterMismatch(ServiceException):
    """IdempotentParameterMismatch, in EC2's words."""

    code = "IdempotentParameterMismatch"

    def __init__(self) -> None:
        super().__init__(
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."
        )


class IncorrectInstanceState(ServiceException):
    """IncorrectInstanceState, in EC2's words."""

    code = "IncorrectInstanceState"

    def __init__(self, instance_id: str, verb: str) -> None:
        super().__init__(f"The instance '{instance_id}' is not in a state from which it can be {verb}.")


@dataclass
class Machine:
    """The machine behind an instance: its role, its port once it has one, and when (monotonic) it ends or ended.

    `boots` counts how often it was to boot: at launch, at each reboot and at each start.
    """

    instance: Instance
    role: str | None
    port: int | None = None
    boots: int = 1
    shutdown_limit: float | None = None
    shut_down_itself: bool = False
    terminated_at: float | None = None

    @property
    def state(self) -> str:
        return str(self.instance.state)


class SandboxEC2Backend(GatewayEndpoints):
    """moto's EC2 with Amazon Linux in every region and instances that have a life of their own."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.machines: dict[str, Machine] = {}
        self.launches: dict[str, tuple[object, Reservation]] = {}
        """By its client token: what a RunInstances asked for, and what it made."""
        self.copies: dict[str, float] = {}  # when (monotonic) an image that is being copied is there, by its id
        # moto's own Amazon Linux 2023 has the time of the start as its CreationDate, so it would always be the newest;
        # AWS gives the date of the release: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
        known = [image for image in self.amis.values() if not (image.name or "").startswith(PREFIX)]
        self.amis = {image.id: image for image in [*known, *amazon_linux(self, region_name)]}

    def copy_image(
        self, source_image_id: str, source_region: str, name: str | None = None, description: str | None = None
    ) -> Ami:
        """CopyImage: pending at first, with the source's root device; an account's names are its own."""
        if any(image.name == name and image.owner_id == self.account_id for image in self.amis.values()):
            raise DuplicateImageName(name)
        copy = super().copy_image(source_image_id, source_region, name, description)
        source = sandbox_ec2(self.account_id, source_region).amis[source_image_id]
        copy.root_device_name, copy.root_device_type = source.root_device_name, source.root_device_type
        copy.hypervisor, copy.boot_mode = source.hypervisor, source.boot_mode
        copy.image_location = f"{self.account_id}/{copy.name}"
        copy.state = "pending"
        self.copies[copy.id] = clock() + COPYING
        state.wake()
        return copy

    def run_instances(
        self,
        image_id: str,
        count: int,
        user_data: Base64EncodedString | None,
        security_group_names: list[str],
        **kwargs: Any,  # noqa: ANN401 - moto's own
    ) -> Reservation:
        """RunInstances: pending until the machine has a port; a launch template gives what the call leaves out."""
        template = self._template(kwargs.get("launch_template"))
        image_id = image_id or template.get("ImageId", "")
        behaviour = template.get("InstanceInitiatedShutdownBehavior")
        kwargs["instance_initiated_shutdown_behavior"] = kwargs.get("instance_initiated_shutdown_behavior") or behaviour
        if not kwargs.get("metadata_options"):
            kwargs["metadata_options"] = template.get("MetadataOptions") or {}
        devices = [d for d in template.get("BlockDeviceMappings", []) if _is_volume(d)]
        if devices and "block_device_mappings" not in kwargs:
            kwargs["block_device_mappings"] = devices
        interfaces = template.get("NetworkInterfaces") or []
        if interfaces and not kwargs.get("security_group_ids") and not template.get("SecurityGroupIds"):
            kwargs["security_group_ids"] = list(interfaces[0].get("Groups") or [])
        reservation = super().run_instances(image_id, count, user_data, security_group_names, **kwargs)
        profile = template.get("IamInstanceProfile") or {}
        name = kwargs.get("iam_instance_profile_name") or profile.get("Name")
        arn = kwargs.get("iam_instance_profile_arn") or profile.get("Arn")
        inherited = not (kwargs.get("iam_instance_profile_name") or kwargs.get("iam_instance_profile_arn"))
        for instance in reservation.instances:
            self._start(instance, name, arn, associate=inherited)
        state.wake()
        return reservation

    def create_launch_template(
        self, name: str, description: str, template_data: dict[str, Any], tag_spec: dict[str, Any]
    ) -> LaunchTemplate:
        """CreateLaunchTemplate: the template's own tags are not part of its first version.

        moto puts them there (https://github.com/getmoto/moto/pull/5381); to AWS they are apart:
        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
        """
        kept = [
            spec for spec in template_data.get("TagSpecifications", []) if spec["ResourceType"] != "launch-template"
        ]
        said = {key: value for key, value in template_data.items() if key != "TagSpecifications"}
        return super().create_launch_template(
            name, description, {**said, "TagSpecifications": kept} if kept else said, tag_spec
        )

    def _template(self, argument: dict[str, Any] | None) -> dict[str, Any]:
        return self._get_template_from_args(argument).data if argument else {}

    def _start(self, instance: Instance, name: str | None, arn: str | None, *, associate: bool) -> None:
        role = None
        if name or arn:
            profile = filter_iam_instance_profiles(self.account_id, self.partition, arn, name)
            role = next((str(role.name) for role in profile.roles), None)
            if associate:
                self.associate_iam_instance_profile(instance.id, name, arn)
        _set(instance, "pending", PENDING)
        self.machines[instance.id] = Machine(instance, role)

    def terminate_instances(self, instance_ids: list[str]) -> list[tuple[Instance, State]]:
        """TerminateInstances: shutting-down at once; ends when the machine reports it, or after 30 s."""
        if not instance_ids:
            raise InvalidParameterCombination("No instances specified")
        instances = self.get_multi_instances_by_id(instance_ids)
        for instance in instances:
            if instance.disable_api_termination is True:
                raise OperationNotPermitted4(instance.id)
        return [(instance, self._shut_down(instance)) for instance in instances]

    def _shut_down(self, instance: Instance) -> State:
        previous = State(instance.state, instance.state_code)
        machine = self.machines.get(instance.id)
        if machine and machine.state in ("pending", "running", "stopping", "stopped"):
            _set(instance, "shutting-down", SHUTTING_DOWN)
            machine.shutdown_limit = clock() + SHUTDOWN_LIMIT
            state.wake()
        return previous

    def reboot_instances(self, instance_ids: list[str]) -> list[Instance]:
        """RebootInstances: the machine boots again, and the instance is running all the while."""
        instances = self.get_multi_instances_by_id(instance_ids)
        for instance in instances:
            machine = self.machines.get(instance.id)
            if machine and machine.state in ("stopping", "stopped"):
                raise IncorrectInstanceState(instance.id, "rebooted")
            if machine and machine.state == "running":
                machine.boots += 1
        state.wake()
        return instances

    def shut_down_itself(self, instance_id: str) -> None:
        """Record that the instance was shut down from within: it stops or terminates, as it was launched to."""
        machine = self.machines[instance_id]
        if machine.state not in ("pending", "running"):
            return
        ends = machine.instance.instance_initiated_shutdown_behavior == "terminate"
        _set(machine.instance, *(("shutting-down", SHUTTING_DOWN) if ends else ("stopping", STOPPING)))
        machine.shut_down_itself = True
        machine.instance.state_reason = _INITIATED
        machine.shutdown_limit = clock() + SHUTDOWN_LIMIT
        state.wake()

    def stop_instances(self, instance_ids: list[str]) -> list[tuple[Instance, State]]:
        """StopInstances: stopping at once; stopped when the machine reports it, or after 30 s."""
        stopped: list[tuple[Instance, State]] = []
        for instance in self.get_multi_instances_by_id(instance_ids):
            machine = self.machines.get(instance.id)
            if machine is None or machine.state == "pending":
                raise IncorrectInstanceState(instance.id, "stopped")
            stopped.append((instance, State(instance.state, instance.state_code)))
            if machine.state == "running":
                _set(instance, "stopping", STOPPING)
                machine.shutdown_limit = clock() + SHUTDOWN_LIMIT
        state.wake()
        return stopped

    def start_instances(self, instance_ids: list[str]) -> list[tuple[Instance, State]]:
        """StartInstances: pending until the machine says its port again."""
        begun: list[tuple[Instance, State]] = []
        for instance in self.get_multi_instances_by_id(instance_ids):
            machine = self.machines.get(instance.id)
            if machine is None or machine.state not in ("stopped", "pending", "running"):
                raise IncorrectInstanceState(instance.id, "started")
            begun.append((instance, State(instance.state, instance.state_code)))
            if machine.state == "stopped":
                instance.start()
                machine.shut_down_itself = False
                _set(instance, "pending", PENDING)
                machine.boots += 1
        state.wake()
        return begun

    def stopped(self, instance_id: str) -> None:
        """Record that the machine's processes are gone; its disk stays."""
        machine = self.machines[instance_id]
        if machine.state == "stopping":
            machine.instance.stop()
            machine.shutdown_limit = None
            if machine.shut_down_itself:
                machine.instance.state_reason = _INITIATED
        state.wake()

    def started(self, instance_id: str, port: int) -> None:
        """Record that the machine listens on local `port`: the instance is running."""
        machine = self.machines[instance_id]
        machine.port = port
        if machine.state == "pending":
            _set(machine.instance, "running", RUNNING)
        state.wake()

    def ended(self, instance_id: str, reason: str | None = None) -> None:
        """Record that the machine is gone; `reason` says why if nobody asked for it."""
        machine = self.machines[instance_id]
        if machine.terminated_at is None:
            machine.instance.terminate()
            machine.terminated_at = clock()
            if machine.shut_down_itself:
                machine.instance.state_reason = _INITIATED
            if reason:
                machine.instance.state_reason = StateReason(f"Server.InternalError: {reason}", "Server.InternalError")
        state.wake()

    def advance(self, tick: Tick) -> None:
        """End machines that were given long enough, forget those that ended a minute ago, and finish copies."""
        for id_, deadline in list(self.copies.items()):
            _at(tick, deadline, lambda id_=id_: self._copied(id_))
        for machine in list(self.machines.values()):
            if machine.terminated_at is not None:
                _at(tick, machine.terminated_at + REMEMBERED, lambda m=machine: self._forget(m))
            elif machine.shutdown_limit is not None:
                over = self.stopped if machine.state == "stopping" else self.ended
                _at(tick, machine.shutdown_limit, lambda m=machine, over=over: over(m.instance.id))

    def _copied(self, id_: str) -> None:
        del self.copies[id_]
        if id_ in self.amis:
            self.amis[id_].state = "available"

    def _forget(self, machine: Machine) -> None:
        del self.machines[machine.instance.id]
        state.wake()


def _at(tick: Tick, deadline: float, act: Callable[[], None]) -> None:
    if tick.now >= deadline:
        act()
    else:
        tick.at(deadline)


def _set(instance: Instance, name: str, code: int) -> None:
    instance.instance_state.name, instance.instance_state.code = name, code


def _is_volume(device: dict[str, Any]) -> bool:
    volume = device.get("Ebs") or {}
    return bool(volume.get("VolumeSize") or volume.get("SnapshotId"))


def sandbox_ec2(account: str, region: str) -> SandboxEC2Backend:
    """Return one region's backend."""
    return cast(SandboxEC2Backend, ec2_backends[account][region])


def all_ec2() -> list[SandboxEC2Backend]:
    """Return every EC2 backend that was used so far."""
    return [
        cast(SandboxEC2Backend, backend)
        for regions in list(ec2_backends.values())
        for backend in list(regions.values())
    ]
