"""What a rule is, and what breaks it. Pure.

A rule looks at the resources of some types, one at a time. Most need nothing else, and are asked before anything of
that resource changes; one that has to see its neighbours too is asked once all of the stack is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from policy.resource import Resource, Stack

Level = Literal["mandatory", "advisory"]
Check = Callable[[Resource, Stack], Iterator[str]]
"""Yields what is wrong with a resource, each in a sentence without a full stop and without any value that is secret."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. Its `id` is permanent: exceptions and levels name it."""

    id: str
    title: str
    """What holds, in one sentence: `Subnets give no instance a public address by themselves`."""
    controls: tuple[str, ...]
    """The public controls that it enforces: Checkov's (`CKV_…`) and Security Hub's (`EC2.6`). None: our own promise."""
    level: Level
    fix: str
    """What to do: which setting of the stack file, or which input of the resource."""
    types: tuple[str, ...]
    whole: bool
    """Whether it has to see the whole stack."""
    check: Check

    @property
    def area(self) -> str:
        """The module of policy/rules that it is in."""
        return self.check.__module__.rpartition(".")[2]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A resource that breaks a rule: a finding, as policy/exceptions.py has them."""

    rule: Rule
    urn: str
    problem: str

    @property
    def id(self) -> str:
        return self.rule.id

    @property
    def stack(self) -> str:
        return self.urn.split(":", 3)[2]

    @property
    def resource(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]

    def text(self) -> str:
        """Return what is wrong and what to do about it, with the controls that say so."""
        said = f" ({', '.join(self.rule.controls)})" if self.rule.controls else ""
        return f"{self.problem}. Fix: {self.rule.fix}{said}"


class Rules:
    """The rules of one area. Each is made by decorating its check."""

    def __init__(self) -> None:
        self.all: list[Rule] = []

    def alone(
        self, name: str, title: str, *, types: Sequence[str], controls: Sequence[str], level: Level, fix: str
    ) -> Callable[[Callable[[Resource], Iterator[str]]], Rule]:
        """Make a rule whose check needs only the resource itself."""

        def make(check: Callable[[Resource], Iterator[str]]) -> Rule:
            def alone(resource: Resource, _stack: Stack) -> Iterator[str]:
                return check(resource)

            alone.__module__ = check.__module__
            return self._add(name, title, types=types, controls=controls, level=level, fix=fix, check=alone)

        return make

    def whole(
        self, name: str, title: str, *, types: Sequence[str], controls: Sequence[str], level: Level, fix: str
    ) -> Callable[[Check], Rule]:
        """Make a rule whose check needs the resource's neighbours."""
        return lambda check: self._add(
            name, title, types=types, controls=controls, level=level, fix=fix, check=check, whole=True
        )

    def _add(
        self,
        name: str,
        title: str,
        *,
        types: Sequence[str],
        controls: Sequence[str],
        level: Level,
        fix: str,
        check: Check,
        whole: bool = False,
    ) -> Rule:
        rule = Rule(
            id=name,
            title=title,
            controls=tuple(controls),
            level=level,
            fix=fix,
            types=tuple(types),
            whole=whole,
            check=check,
        )
        self.all.append(rule)
        return rule


def broken(stack: Stack, rules: Sequence[Rule]) -> Iterator[Violation]:
    """Yield what breaks the rules in a stack, by rule, and then in the order of registration."""
    for rule in rules:
        for resource in stack.of(*rule.types):
            yield from breaks(rule, resource, stack)


def breaks(rule: Rule, resource: Resource, stack: Stack) -> Iterator[Violation]:
    """Yield how a resource breaks a rule that is about its type."""
    for problem in rule.check(resource, stack):
        yield Violation(rule=rule, urn=resource.urn, problem=problem)
