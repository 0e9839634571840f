"""AssumeRoleWithWebIdentity: a token that the sandbox gave out, the account's identity provider, and a role's trust.

The one call that bears no signature: the token says who asks. As its API reference and the IAM user guide have it
("Create a role for OpenID Connect federation"). A token's signature is the sandbox's own, whoever its issuer is.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.iam.models import iam_backends
from werkzeug.wrappers import Response

from sandbox.aws.faults.requests import denied, refused
from sandbox.aws.iam import trust
from sandbox.aws.iam.policy import Ask
from sandbox.service import keys, tokens

_ACTION = "AssumeRoleWithWebIdentity"
_LARGEST = 65_536  # characters; a token has at most 20,000


def is_one(environ: dict[str, Any]) -> bool:
    """Return whether a request is such a call; its body can still be read."""
    form = str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if environ.get("REQUEST_METHOD") != "POST" or not form or length > _LARGEST:
        return False
    return _form(environ).get("Action") == _ACTION


def meet(environ: dict[str, Any]) -> Response | None:
    """Return the error to answer such a call with, or None to go on."""
    form = _form(environ)
    claims = tokens.read(form.get("WebIdentityToken", ""), keys.of_session().secret)
    if claims is None:
        return refused("sts", "InvalidIdentityToken", "Couldn't verify the token: `python -m sandbox token` makes one")
    issuer = str(claims.get("iss", "")).removeprefix("https://")
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
    provider = iam_backends[ACCOUNT]["aws"].open_id_providers.get(arn)
    if provider is None:
        said = f"No OpenIDConnect provider found in your account for https://{issuer}"
        return refused("sts", "InvalidIdentityToken", said)
    if claims.get("aud") not in provider.client_id_list:
        return refused("sts", "InvalidIdentityToken", "Incorrect token audience")
    if float(claims.get("exp", 0)) <= time.time():
        return refused("sts", "ExpiredTokenException", "Token expired: current date/time must be before its expiration")
    context = {f"{issuer}:{claim}": str(claims[claim]) for claim in ("aud", "sub") if claim in claims}
    return _assume(form, Ask(action=f"sts:{_ACTION}", resource=form.get("RoleArn", ""), context=context), arn)


def _assume(form: Mapping[str, str], ask: Ask, provider: str) -> Response | None:
    role = trust.role_of(ask.resource)
    if role is None or not trust.trusts_provider(role, ask, provider):
        return denied("sts", f"Not authorized to perform {ask.action}")
    return too_long(role, form.get("DurationSeconds"))


def too_long(role: Any, seconds: object) -> Response | None:  # noqa: ANN401 - moto's role
    """Return the error for a session that is to last longer than the role allows."""
    if seconds is None or int(str(seconds)) <= int(role.max_session_duration or 3600):
        return None
    said = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    return refused("sts", "ValidationError", said)


def _form(environ: dict[str, Any]) -> dict[str, str]:
    """Return the fields of a body, which can still be read again."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
