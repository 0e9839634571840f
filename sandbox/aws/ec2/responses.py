"""EC2 requests whose answers differ from moto's, which says at once that an instance is terminated.

On AWS it is shutting-down first: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from typing import cast

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from sandbox.aws.ec2.models import sandbox_ec2
from sandbox.aws.requests import Guarded


class SandboxEC2Response(Guarded, EC2Response):
    """moto's EC2, whose instances take their time to start and to end."""

    def copy_image(self) -> ActionResult:
        """CopyImage: moto leaves out what the copy and its snapshot are tagged with, and that it is encrypted."""
        result = super().copy_image()
        image = self.ec2_backend.amis[cast("dict[str, str]", result.result)["ImageId"]]
        for given in self._get_param("TagSpecifications", []):
            tagged = {"image": image, "snapshot": image.ebs_snapshot}[given["ResourceType"]]
            tagged.add_tags({tag["Key"]: tag.get("Value", "") for tag in given["Tags"]})
        image.ebs_snapshot.encrypted = self._get_param("Encrypted", False)
        return result

    def terminate_instances(self) -> ActionResult:
        """TerminateInstances: shutting-down now, terminated when the machine says so.

        Auto Scaling and Elastic Load Balancing notice by themselves, as they do on AWS.
        """
        self.error_on_dryrun()
        ended = sandbox_ec2(self.current_account, self.region).terminate_instances(self._get_param("InstanceIds", []))
        return ActionResult(
            {
                "TerminatingInstances": [
                    {
                        "InstanceId": instance.id,
                        "CurrentState": instance.instance_state,
                        "PreviousState": previous,
                    }
                    for instance, previous in ended
                ]
            }
        )
