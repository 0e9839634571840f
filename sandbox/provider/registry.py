"""The resource types and data sources that the provider serves, found by where their files are and what they define."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType

from sandbox.provider import invokes, resources, sdk
from sandbox.provider.call import Call
from sandbox.provider.resource import Resource
from sandbox.provider.schema import Props


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def _resources() -> Iterator[Resource]:
    for module in _modules(resources):
        declared = getattr(module, "RESOURCE", None)
        if isinstance(declared, Resource):
            yield declared


def _invokes() -> Iterator[tuple[str, Callable[[Call, Props], Props]]]:
    for module in _modules(invokes):
        package = module.__name__.rpartition(".")[2]
        for name, function in vars(module).items():
            if name.startswith("get_"):
                yield f"aws:{package}/{sdk.camel(name)}:{sdk.camel(name)}", function


RESOURCES = {resource.type: resource for resource in _resources()}
INVOKES = dict(_invokes())
