"""Which instances of a release to ask why it did not stay, where no boot failed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from release.rollout.observed import Group, Template

MOST = 3


@dataclass
class Suspects:
    """The instances with a template, as they were seen during a rollout."""

    wanted: Template
    _served: dict[str, None] = field(default_factory=dict[str, None])
    _gone: dict[str, None] = field(default_factory=dict[str, None])

    def look(self, group: Group, *, forward: bool) -> None:
        """Take note of the members; those that leave while the rollout still goes `forward` did not do so for it."""
        serving = [each.id for each in group.instances if each.template == self.wanted and each.in_service]
        if forward:
            self._gone.update(dict.fromkeys(id for id in self._served if id not in serving))
        self._served.update(dict.fromkeys(serving))

    def ids(self) -> list[str]:
        """Return at most MOST of them: first those that went out of service by themselves, then the newest."""
        return list(dict.fromkeys([*self._gone, *reversed(self._served)]))[:MOST]
