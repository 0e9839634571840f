"""Failures as one line that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

_T = TypeVar("_T")
_GONE = re.compile(r"(NotFound(Exception|Error)?|NotExist|NoSuch\w+|^404|^InvalidDocument)$")
_IN_USE = {"DependencyViolation", "ResourceInUse"}


class ProviderError(Exception):
    """A request that cannot be met; the message says why and how to fix it."""


class Gone(Exception):  # no error: what is looked for does not exist
    """AWS lists nothing where a resource was looked for."""


def code_of(error: Exception) -> str:
    """Return AWS's error code, or an empty string."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_gone(error: Exception) -> bool:
    """Return whether AWS says that the thing asked for does not exist."""
    if not isinstance(error, ClientError):
        return isinstance(error, Gone)
    if _GONE.search(code_of(error)):
        return True
    message = str(error.response.get("Error", {}).get("Message", ""))
    return code_of(error) == "ValidationError" and re.search(r"not found|does not exist", message) is not None


def if_there(ask: Callable[[], _T]) -> _T | None:
    """Return what the function does, or None where AWS says that the thing asked for does not exist."""
    try:
        return ask()
    except Exception as error:
        if is_gone(error):
            return None
        raise


def is_in_use(error: Exception) -> bool:
    """Return whether AWS refuses a deletion because of something else, which may itself be on its way out."""
    return code_of(error) in _IN_USE


def explain(action: str, token: str, name: str, error: Exception) -> str:
    """Return one line: what was being done to which resource, and what AWS (or this provider) said."""
    where = f"{action} {token} {name!r}"
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        message = " ".join(str(details.get("Message", "")).split())
        return f"{where}: {error.operation_name}: {details.get('Code')}: {message}"
    if isinstance(error, (ProviderError, BotoCoreError)):
        return f"{where}: {error}"
    return f"{where}: {type(error).__name__}: {error}"
