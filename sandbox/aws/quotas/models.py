"""Service Quotas. moto knows only the VPC's; AWS also answers for EC2's:

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
"""

from typing import Any

from moto.servicequotas.models import ServiceQuotasBackend

VALUES = {("ec2", "L-0263D0A3"): 5.0, ("ec2", "L-1216C47A"): 256.0, ("ec2", "L-34B43A08"): 256.0}
"""An account that has been used for a while: a new one's 5 vCPUs would make every `make up` begin with a warning."""


class SandboxServiceQuotasBackend(ServiceQuotasBackend):
    """moto's, with those of EC2 that a deploy meets."""

    def get_service_quota(self, service_code: str, quota_code: str) -> dict[str, Any]:
        """GetServiceQuota."""
        value = VALUES.get((service_code, quota_code))
        if value is not None:
            return {"ServiceCode": service_code, "QuotaCode": quota_code, "Value": value, "Unit": "None"}
        return super().get_service_quota(service_code, quota_code)
