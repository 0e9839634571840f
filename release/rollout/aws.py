"""What rollouts use of AWS, in one region."""

from __future__ import annotations

from functools import cached_property

from release.logs.last import Output
from release.rollout.groups import Groups
from release.rollout.observe import Fleets
from release.rollout.refreshes import Refreshes
from release.rollout.templates import Templates
from release.rollout.traffic import Traffic


class Aws:
    """The AWS side of one region's rollouts. All fleets share one, since creating a client takes longer than a call."""

    def __init__(self, region: str | None = None) -> None:
        self._region = region

    @cached_property
    def fleets(self) -> Fleets:
        return Fleets(self._region)

    @cached_property
    def refreshes(self) -> Refreshes:
        return Refreshes(self._region)

    @cached_property
    def groups(self) -> Groups:
        return Groups(self._region)

    @cached_property
    def templates(self) -> Templates:
        return self.fleets.templates

    @cached_property
    def output(self) -> Output:
        return Output(self._region)

    @cached_property
    def traffic(self) -> Traffic:
        return Traffic(self._region)
