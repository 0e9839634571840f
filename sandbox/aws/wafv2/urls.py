"""Where AWS WAF answers; the shape is moto's."""

from moto.wafv2.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
