"""Typed settings of a stack. Pure: what is read and decided here needs neither Pulumi nor AWS."""

from infra.settings.fleet import FleetSettings
from infra.settings.parse import parse
from infra.settings.problems import SettingsError
from infra.settings.stack import Settings

__all__ = ["FleetSettings", "Settings", "SettingsError", "parse"]
