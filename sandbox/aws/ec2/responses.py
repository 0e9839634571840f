"""EC2 requests whose answers differ from moto's, which says at once that an instance is terminated.

On AWS it is shutting-down first: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.models.instances import Reservation
from moto.ec2.responses import EC2Response

from sandbox.aws.ec2.models import IdempotentParameterMismatch, sandbox_ec2
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

    def create_launch_template_version(self) -> ActionResult:
        """CreateLaunchTemplateVersion: with the source version's parameters, which moto ignores, beside those given."""
        source = self._get_param("SourceVersion")
        result = super().create_launch_template_version()
        if source:
            shown = cast("dict[str, Any]", result.result)["LaunchTemplateVersion"]
            template = self.ec2_backend.get_launch_template(shown["LaunchTemplateId"])
            version = template.get_version(shown["VersionNumber"])
            inherited = template.get_version(source)
            version.data = shown["LaunchTemplateData"] = {**inherited.data, **version.data}
            version.instance_tags = {**inherited.instance_tags, **version.instance_tags}
        return result

    def update_security_group_rule_descriptions_ingress(self) -> ActionResult:
        """UpdateSecurityGroupRuleDescriptionsIngress: by the rules' ids too, which moto does not look at."""
        return self._described() or super().update_security_group_rule_descriptions_ingress()

    def update_security_group_rule_descriptions_egress(self) -> ActionResult:
        """UpdateSecurityGroupRuleDescriptionsEgress: likewise."""
        return self._described() or super().update_security_group_rule_descriptions_egress()

    def _described(self) -> ActionResult | None:
        """Set the descriptions of the rules that are named by their ids; None if none is."""
        given = self._get_param("SecurityGroupRuleDescriptions", [])
        group = self.ec2_backend.get_security_group_by_name_or_id(self._get_param("GroupId") or "") if given else None
        if group is None:
            return None
        wanted = {each["SecurityGroupRuleId"]: each.get("Description", "") for each in given}
        for rule in (*group.ingress_rules, *group.egress_rules):
            if rule.id in wanted:
                (rule.source_group or rule.ip_range)["Description"] = wanted[rule.id]
        return ActionResult({"Return": True})

    def run_instances(self) -> ActionResult:
        """RunInstances: repeated with the same client token it answers the same, and makes nothing.

        https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
        """
        token = self._get_param("ClientToken")
        launches = sandbox_ec2(self.current_account, self.region).launches
        asked = {key: value for key, value in cast("dict[str, Any]", self.params).items() if key != "ClientToken"}
        if token in launches:
            before, reservation = launches[token]
            if before != asked:
                raise IdempotentParameterMismatch
            return ActionResult(reservation)
        result = super().run_instances()
        if token:
            launches[token] = asked, cast(Reservation, result.result)
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
