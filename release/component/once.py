"""What an instance is told that runs one command of a release, and leaves. Pure."""

from __future__ import annotations

from dataclasses import replace

from release.component.user_data import Boot, Part


def once(boot: Boot, *, command: str, timeout: int, stream: str, before: tuple[Part, ...] = ()) -> Boot:
    """Return what tells an instance to run `command`, as the fleet of `boot` would, and then to leave.

    It may take `timeout` seconds. Its output goes to `<stream>/<instance id>` of the fleet's log group; how it began
    and ended to the instance's own stream. By default the instance shuts itself down; the parts `before` may say
    otherwise, by a function `ended` (release/boot/once.sh).
    """
    part = Part(script="once", told={"TIMEOUT": str(timeout), "STREAM": stream})
    return replace(boot, command=command, parts=(*before, part))
