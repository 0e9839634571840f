"""Typed settings of a stack. Pure: what is read and decided here needs neither Pulumi nor AWS."""

from infra.settings.model import (
    AlarmSettings,
    ArtifactsSettings,
    BuildSettings,
    FleetSettings,
    HealthSettings,
    ImageSettings,
    LoadBalancerSettings,
    NetworkSettings,
    ObjectLockSettings,
    ReleaseSettings,
    RolloutSettings,
    RouteSettings,
    ScalingSettings,
    Settings,
    SizeSettings,
)
from infra.settings.parse import parse
from infra.settings.problems import SettingsError

__all__ = [
    "AlarmSettings",
    "ArtifactsSettings",
    "BuildSettings",
    "FleetSettings",
    "HealthSettings",
    "ImageSettings",
    "LoadBalancerSettings",
    "NetworkSettings",
    "ObjectLockSettings",
    "ReleaseSettings",
    "RolloutSettings",
    "RouteSettings",
    "ScalingSettings",
    "Settings",
    "SettingsError",
    "SizeSettings",
    "parse",
]
