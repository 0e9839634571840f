"""Where S3 answers; the shape is moto's."""

from moto.s3.urls import url_bases

from sandbox.aws.s3.responses import SandboxS3Response

__all__ = ["url_bases", "url_paths"]

url_paths = {
    "{0}/$": SandboxS3Response.bucket_dispatch,
    "{0}/(?P<key_or_bucket_name>[^/]+)$": SandboxS3Response.ambiguous_dispatch,
    "{0}/(?P<key_or_bucket_name>[^/]+)/$": SandboxS3Response.ambiguous_dispatch,
    "{0}/(?P<bucket_name_path>[^/]+)/(?P<key_name>.+)": SandboxS3Response.key_dispatch,
    "{0}/(?P<key_name>/.*)$": SandboxS3Response.key_dispatch,
}
