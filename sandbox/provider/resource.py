"""A resource type: what its module declares, and the functions that the module has by convention."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sandbox.provider import sdk
from sandbox.provider.call import Call
from sandbox.provider.schema import Autoname, Field, Kind, Props, Value
from sandbox.provider.tags import removed_tags, tag_list
from sandbox.provider.translate import from_aws, to_aws


@dataclass(frozen=True)
class Resource:
    """One resource type, declared as `RESOURCE = Resource(__name__, …)` in `resources/<SDK module>/<type>.py`.

    Names, types, required properties and outputs come from the SDK, what forces a replacement from CloudFormation's
    schema of `cfn`. The rest says what neither tells, or where the provider differs: property names separated by
    spaces, nested ones with dots, `*` for any characters.

    - `unserved`: the SDK has it, this provider does not: a program that sets it is refused
    - `computed`, `given`: AWS decides where the program does not, or (`given`) only the program does
    - `required`: missing is an error, although the SDK lets it be left out
    - `replace`, `in_place`: a change makes a new resource, or none, whatever CloudFormation says
    - `off`: flags that are false where the program does not set them
    - `ordered`: a list whose order matters; all others are sets
    - `secret`: encrypted in the state
    - `kinds`, `defaults`, `names`: by property, its kind, its default and its name in the AWS API

    The functions of the module, of which the first three have to be there:

    - `create(call, inputs)` returns the id (and reports it earlier with `Call.created` where more steps follow)
    - `read(call, id, prior)` returns what AWS says, by SDK name, or raises `Gone`; a name with the value None is absent
      in AWS, a name left out cannot be read and keeps what it was
    - `delete(call, id, state)`
    - `update(call, id, old, new, changed)`, for all but tags
    - `tag(call, id, pairs)` and `untag(call, id, keys)`, which a whole SDK module may have in its `__init__`
    - `check(inputs)` yields further problems as (property, reason)
    - `recomputed(new, changed)` returns the outputs that such an update makes AWS decide anew
    """

    module: str
    cfn: str = ""
    autoname: Autoname | None = None
    unserved: str = ""
    computed: str = ""
    given: str = ""
    required: str = ""
    replace: str = ""
    in_place: str = ""
    off: str = ""
    ordered: str = ""
    secret: str = ""
    kinds: Mapping[str, Kind] = field(default_factory=dict[str, "Kind"])
    defaults: Mapping[str, Value] = field(default_factory=dict[str, "Value"])
    names: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def type(self) -> str:
        """Return the type token, such as aws:ec2/launchTemplate:LaunchTemplate."""
        package, name = self.module.split(".")[-2:]
        camel = sdk.camel(name)
        return f"aws:{package}/{camel}:{camel[0].upper()}{camel[1:]}"

    @cached_property
    def inputs(self) -> Mapping[str, Field]:
        """Return every property that a program may set."""
        return sdk.inputs(self)

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Return the inputs without the region, which every regional type has."""
        return {name: field for name, field in self.inputs.items() if name != "region"}

    @cached_property
    def outputs(self) -> Sequence[str]:
        """Return the properties that only AWS sets."""
        return sdk.outputs(self)

    @property
    def regional(self) -> bool:
        """Return whether the resource belongs to a region."""
        return "region" in self.inputs

    def to_aws(self, values: Props, *only: str) -> dict[str, Any]:
        """Return the values as parameters of an AWS API; `only` these fields, where any are named."""
        return to_aws(self.fields, values, *only)

    def from_aws(self, reply: Mapping[str, Any], *only: str) -> Props:
        """Return the values of an AWS reply by SDK name; `only` these fields, where any are named."""
        return from_aws(self.fields, reply, *only)

    def create(self, call: Call, inputs: Props) -> str:
        """Make the resource and return its id."""
        return self._function("create")(call, inputs)

    def read(self, call: Call, id_: str, prior: Props) -> Props:
        """Return what AWS says of the resource; raise `Gone`, or AWS's own error, where it does not exist."""
        return self._function("read")(call, id_, prior)

    def update(self, call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
        """Change the resource in place, its tags last."""
        self._function("update", lambda *_: None)(call, id_, old, new, changed)
        if "tags" in changed and self._found("untag"):  # else the update took care of them
            gone = removed_tags(old, new)
            if gone:
                self._function("untag")(call, id_, gone)
            if new.get("tags"):
                self._function("tag")(call, id_, tag_list(new["tags"]))

    def delete(self, call: Call, id_: str, state: Props) -> None:
        """Delete the resource."""
        self._function("delete")(call, id_, state)

    def check(self, inputs: Props) -> Sequence[tuple[str, str]]:
        """Return what is wrong with complete inputs, beyond their types, as (property, reason)."""
        return list(self._function("check", lambda *_: ())(inputs))

    def recomputed(self, new: Props, changed: set[str]) -> Sequence[str]:
        """Return the outputs that an update of these properties makes AWS decide anew."""
        return self._function("recomputed", lambda *_: ())(new, changed)

    def _function(self, name: str, default: Callable[..., Any] | None = None) -> Callable[..., Any]:
        found = self._found(name) or default
        if found is None:
            raise NotImplementedError(f"{self.module} has no function {name}")
        return found

    def _found(self, name: str) -> Callable[..., Any] | None:
        """Return the function of the type's own module, or of the SDK module that it is in."""
        package = self.module.rpartition(".")[0]
        return getattr(sys.modules[self.module], name, None) or getattr(sys.modules[package], name, None)
