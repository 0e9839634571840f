"""What a role may do: its policies, its permissions boundary and a resource's policy together.

IAM user guide, "Policy evaluation for requests within a single account".
"""

from __future__ import annotations

from sandbox.aws.iam.policy import Ask, decide, denies
from sandbox.aws.iam.principals import Principal
from sandbox.aws.iam.resources import Said


class Rights:
    """What a role's session may do to one resource, about which that resource's policy said something."""

    def __init__(self, principal: Principal, said: Said) -> None:
        self._own = principal.statements()
        self._boundary = principal.boundary()
        self._said = said
        self.statements = [*self._own, *said.to_role, *said.to_session]

    def do(self, ask: Ask) -> bool:
        """Return whether something allows it that its boundary does not take back, and nothing denies it."""
        if any(denies(statements, ask) for statements in (self.statements, self._boundary or ())):
            return False
        if decide(self._said.to_session, ask):
            return True
        own = self._own if self._said.leaves_to_iam(ask) else []
        return decide([*own, *self._said.to_role], ask) and self._bounded(ask)

    def why(self, ask: Ask) -> str:
        """Return what AWS says besides where only the boundary is in the way."""
        return "" if self._bounded(ask) else " because no permissions boundary allows the " + ask.action + " action"

    def _bounded(self, ask: Ask) -> bool:
        return self._boundary is None or decide(self._boundary, ask)
