"""What an instance is told that runs one command of a release, and leaves. Pure."""

from __future__ import annotations

from dataclasses import replace

from release.component.user_data import Boot, Part


def scheduled(boot: Boot, *, group: str, command: str, timeout: int, stream: str) -> Boot:
    """Return what tells an instance of `group` to run scheduled work once, and to leave so that none follows it.

    How each run began and ended also goes to `stream` itself.
    """
    told = replace(boot, group=group)
    return once(told, command=command, timeout=timeout, stream=stream, before=(Part(script="scheduled"),))


def once(boot: Boot, *, command: str, timeout: int, stream: str, before: tuple[Part, ...] = ()) -> Boot:
    """Return what tells an instance to run `command`, as the fleet of `boot` would, and then to leave.

    It may take `timeout` seconds. Its output goes to `<stream>/<instance id>` of the fleet's log group; how it began
    and ended to the instance's own stream. By default the instance shuts itself down; the parts `before` may say
    otherwise, by a function `ended` (release/boot/once.sh).
    """
    part = Part(script="once", told={"TIMEOUT": str(timeout), "STREAM": stream})
    return replace(boot, command=command, parts=(*before, part))
