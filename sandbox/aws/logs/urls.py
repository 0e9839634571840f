"""Where CloudWatch Logs answers; the shape is moto's."""

from moto.logs.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
