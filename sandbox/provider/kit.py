"""What the modules of resource types work with, under one import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from sandbox.provider.call import Call, Client, partition
from sandbox.provider.errors import Gone, ProviderError, gone_is_none
from sandbox.provider.resource import Resource
from sandbox.provider.schema import Autoname, Field, Props, Value
from sandbox.provider.tags import tag_list, tag_map, tag_specification, tags_at_creation
from sandbox.provider.translate import first, from_aws, only, stripped, to_aws

Names: TypeAlias = Sequence[str]
Pairs: TypeAlias = Sequence[Mapping[str, str]]  # tags as most of AWS's APIs take them, each a Key and a Value
Problems: TypeAlias = Iterator[tuple[str, str]]  # what `check` yields: a property, and what is wrong with it

__all__ = [
    "Autoname",
    "Call",
    "Client",
    "Field",
    "Gone",
    "Names",
    "Pairs",
    "Problems",
    "Props",
    "ProviderError",
    "Resource",
    "Value",
    "first",
    "from_aws",
    "gone_is_none",
    "only",
    "partition",
    "stripped",
    "tag_list",
    "tag_map",
    "tag_specification",
    "tags_at_creation",
    "to_aws",
]
