"""moto's routes; it looks for them beside the backend's class."""

from moto.servicequotas.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
