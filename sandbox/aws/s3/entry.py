"""What S3 looks at before anything else: whether a request came to the bucket's region, and meant the bucket's owner.

A bucket has to be addressed in its own region ("Request redirection and the REST API" in the user guide). A regional
endpoint answers 301 PermanentRedirect. The global one, for which requests are signed with us-east-1, passes the request
on to the bucket's region, which finds the signature to be for another: 400 AuthorizationHeaderMalformed. Both say where
the bucket is in x-amz-bucket-region, and SDKs ask again there.
"""

from __future__ import annotations

from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.s3.models import s3_backends
from werkzeug.wrappers import Request, Response

from sandbox.aws.addressee import Addressee

_GLOBAL = "us-east-1"


def meet(environ: dict[str, Any], to: Addressee) -> Response | None:
    """Return the answer to a request that went astray; None lets it go on."""
    if to.bucket is None or to.bucket_region is None:
        return None
    request = Request(environ, populate_request=False)
    if to.region != to.bucket_region and not _from_anywhere(request, to.region):
        return _elsewhere(request, to, to.bucket_region)
    named = {"HTTP_X_AMZ_EXPECTED_BUCKET_OWNER": to.bucket, "HTTP_X_AMZ_SOURCE_EXPECTED_BUCKET_OWNER": to.source_bucket}
    for header, bucket in named.items():
        if bucket and environ.get(header, owner(bucket)) != owner(bucket):
            return _answer(request, 403, Code="AccessDenied", Message="Access Denied")
    return None


def owner(bucket: str) -> str:
    """Return the account that a bucket belongs to."""
    return str(s3_backends.bucket_accounts.get(bucket, ("aws", ACCOUNT))[1])


def _from_anywhere(request: Request, region: str) -> bool:
    """Return whether the call may be made in any region: CreateBucket, and the old way to ask where a bucket is."""
    path = request.path.strip("/")
    if request.method == "PUT" and "/" not in path and not request.args:
        return True
    return request.method == "GET" and "location" in request.args and "/" not in path and region == _GLOBAL


def _elsewhere(request: Request, to: Addressee, region: str) -> Response:
    if to.region != _GLOBAL:
        said = (
            "The bucket you are attempting to access must be addressed using the specified endpoint. "
            "Please send all future requests to this endpoint."
        )
        place = {"Endpoint": f"s3.{region}.amazonaws.com", "Bucket": str(to.bucket)}
        answer = _answer(request, 301, Code="PermanentRedirect", Message=said, **place)
    elif "X-Amz-Credential" in request.args:
        said = f"Error parsing the X-Amz-Credential parameter; the region '{to.region}' is wrong; expecting '{region}'"
        answer = _answer(request, 400, Code="AuthorizationQueryParametersError", Message=said, Region=region)
    else:
        said = f"The authorization header is malformed; the region '{to.region}' is wrong; expecting '{region}'"
        answer = _answer(request, 400, Code="AuthorizationHeaderMalformed", Message=said, Region=region)
    answer.headers["x-amz-bucket-region"] = region
    return answer


def _answer(request: Request, status: int, **elements: str) -> Response:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in elements.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}<RequestId>sandbox</RequestId></Error>'
    return Response("" if request.method == "HEAD" else body, status, content_type="application/xml")
