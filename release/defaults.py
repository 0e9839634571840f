"""Defaults that a stack's settings and `python -m release` share: where a setting is unknown, they apply. Pure."""

IMAGE_NAME, IMAGE_OWNER = "al2023-ami-2023.*-kernel-6.1-x86_64", "amazon"
BOOT_TIMEOUT = 300
"""Seconds from an instance's launch until its release answers."""
DRAIN = 30
"""Seconds that a target gets to finish its requests (ELBv2, deregistration delay)."""
DRAIN_MARGIN = 60
"""Seconds in addition until the group stops waiting for a worker that drains: it asks for its fate every five."""
RESTARTS = 5
"""How often the processes of a fleet of workers may end within three minutes."""
MIN_HEALTHY, MAX_HEALTHY = 100, 200
"""Percent of a fleet's capacity during a rollout: launch first, then terminate."""
