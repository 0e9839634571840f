"""AWS WAF's backend."""

from moto.elbv2.models import elbv2_backends
from moto.wafv2.exceptions import WAFNonexistentItemException
from moto.wafv2.models import WAFV2Backend


class SandboxWAFV2Backend(WAFV2Backend):
    """moto's, where a load balancer that has a web ACL must be there, and has one alone.

    Source: "Associating or disassociating a web ACL with an AWS resource" in AWS WAF's developer guide.
    """

    def associate_web_acl(self, web_acl_arn: str, resource_arn: str) -> None:
        """AssociateWebACL: the one before is replaced."""
        if resource_arn not in elbv2_backends[self.account_id][self.region_name].load_balancers:
            raise WAFNonexistentItemException
        if web_acl_arn not in self.wacls:
            raise WAFNonexistentItemException
        for other in self.wacls.values():
            if resource_arn in other.associated_resources:
                other.associated_resources.remove(resource_arn)
        super().associate_web_acl(web_acl_arn, resource_arn)
