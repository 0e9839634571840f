"""Which calls need a control plane in us-east-1, whatever region they are for.

As AWS's whitepaper on fault isolation boundaries has it ("Global services", appendices A and B). The control planes
of IAM, Route 53, CloudFront and the like are there, and all of their requests are signed for it. S3 asks it before it
makes or removes a bucket or changes a bucket's settings. Load balancers and interface endpoints get a DNS name from
Route 53 as they are made. Data planes, and reads, go on: objects, logs, metrics, tokens of STS.
"""

from __future__ import annotations

from sandbox.aws.iam.calls import Call

HOME = "us-east-1"
_READS = ("Describe", "Get", "List", "Head", "BatchGet", "Lookup", "Search", "Select", "Simulate", "Test", "Decode")
_DATA_PLANES = {"sts"}
_DATA = {"PutLogEvents", "PutMetricData"}
_NAMED_BY_ROUTE_53 = {"CreateLoadBalancer"}


def needs_us_east_1(call: Call, region: str) -> bool:
    """Return whether the call, to an endpoint in `region`, is a write that fails while us-east-1 is down."""
    if call.operation.startswith(_READS) or call.service in _DATA_PLANES or call.operation in _DATA:
        return False
    if call.service == "s3":
        return "Key" not in call.parameters and call.operation != "DeleteObjects"
    return region == HOME or call.operation in _NAMED_BY_ROUTE_53 or _is_interface_endpoint(call)


def _is_interface_endpoint(call: Call) -> bool:
    return call.operation == "CreateVpcEndpoint" and call.parameters.get("VpcEndpointType") == "Interface"
