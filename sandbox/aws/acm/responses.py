"""Certificate Manager's requests."""

from moto.acm.responses import AWSCertificateManagerResponse

from sandbox.aws.requests import Guarded


class SandboxACMResponse(Guarded, AWSCertificateManagerResponse):
    """moto's Certificate Manager, one request at a time: it looks at the records of Route 53."""
