"""What the modules of resource types work with, under one import."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from sandbox.provider.call import Call, Client, partition
from sandbox.provider.errors import Gone, ProviderError, if_there
from sandbox.provider.resource import Resource
from sandbox.provider.schema import Autoname, Field, Props, Value
from sandbox.provider.tags import Pairs, ec2_tags, new_tags, tag_list, tag_map, tagger
from sandbox.provider.translate import deleter, first, from_aws, of_group, only, stripped, to_aws

Names: TypeAlias = Sequence[str]
Problems: TypeAlias = Iterator[tuple[str, str]]  # what `check` yields: a property, and what is wrong with it

# fmt: off
__all__ = [
    "Autoname", "Call", "Client", "Field", "Gone", "Names", "Pairs", "Problems", "Props", "ProviderError", "Resource",
    "Value", "deleter", "ec2_tags", "first", "from_aws", "if_there", "new_tags", "of_group", "only", "partition",
    "stripped", "tag_list", "tag_map", "tagger", "to_aws",
]
# fmt: on
