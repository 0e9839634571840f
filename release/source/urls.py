"""Takes apart repositories' URLs, so that their credentials reach no argument list, error or record. Pure."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from release.errors import RevisionError

PROTOCOLS = ("file", "http", "https", "ssh")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"([A-Za-z0-9]+)::")
_SCP = re.compile(r"(?:[\w.+-]+@)?[\w.-]+:(?!//)")
_HOST = re.compile(r"(?!-)[^\s:@\[\]]*|\[[0-9A-Fa-f:.%]+\]")
_ANY_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s']+")
_LONGEST = 4096


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A repository on a host. `url` has no credentials; `user` and `password` are those that it had, decoded."""

    url: str
    scheme: str
    authority: str
    """Host and port."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def check(location: str) -> None:
    """Raise RevisionError for what can be neither a path nor a URL, or would be an option to git."""
    if not location or location.startswith("-") or len(location) > _LONGEST or not is_plain(location):
        shown = repr(location if len(location) < 100 else f"{location[:100]}…")
        raise RevisionError(f"{shown} is not a repository: give a path, or an https, ssh or file URL")


def is_plain(text: str) -> bool:
    """Return whether text has no control characters and no lone surrogates (Python's form of bytes not in UTF-8)."""
    return not any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in text)


def is_url(location: str) -> bool:
    """Return whether `location` is a URL, or ssh's `user@host:path` and not a path that exists here."""
    if _SCHEME.match(location) or _HELPER.match(location):
        return True
    return bool(_SCP.match(location)) and not os.path.exists(location)  # noqa: PTH110 - false for any bad path


def without_credentials(url: str) -> str:
    """Return the URL without a password or token; `git@` of an ssh address stays, since it is not secret."""
    scheme = _SCHEME.match(url)
    if not scheme:
        return url
    user, host, path = _parts(url[scheme.end() :])
    if not _is_authority(host):  # the password may contain an unescaped / or @: what belongs to it can't be told
        return f"{scheme[0]}…"
    kept = f"{user.partition(':')[0]}@" if scheme[1].lower() == "ssh" and user else ""
    return f"{scheme[0]}{kept}{host}{_before_query(path)}"


def hide_credentials(text: str) -> str:
    """Return text (git's errors) with the credentials removed from every URL in it."""
    return _ANY_URL.sub(lambda found: without_credentials(found[0]), text)


def remote(url: str) -> Remote:
    """Take apart a URL, or ssh's short form. Raises RevisionError for one that git must not be given."""
    shown = without_credentials(url)
    scheme = _SCHEME.match(url)
    helper = _HELPER.match(url)
    name = scheme[1].lower() if scheme else helper[1] if helper else "ssh"
    if name not in PROTOCOLS or (helper and not scheme):
        raise RevisionError(
            f"repository {shown}: the transport {name!r} is not allowed: use an https, ssh or file URL, or a path"
        )
    if not scheme:
        host = url.partition(":")[0].rpartition("@")[2]
        _check_host(host, shown)
        return Remote(url=url, scheme=name, authority=host)
    given, host, path = _parts(url[scheme.end() :])
    if not _is_authority(host):
        _check_host(host.partition(":")[0], shown)
        raise RevisionError(
            f"repository {shown}: the part after // is not `host` or `host:port`: write special characters of a "
            "user's name or password as %XX"
        )
    if _before_query(path) != path:
        raise RevisionError(f"repository {shown}: git takes no ? or # in a URL: give credentials as user:token@host")
    user, password = _credentials(given, shown)
    kept = f"{given.partition(':')[0]}@" if name == "ssh" and given else ""
    return Remote(url=f"{scheme[0]}{kept}{host}{path}", scheme=name, authority=host, user=user, password=password)


def _parts(rest: str) -> tuple[str, str, str]:
    """Split what follows the `//` as git does: `user:password`, `host:port`, and the path with all after it."""
    match = re.match(r"[^/?#]*", rest)
    authority = match[0] if match else ""
    user, _, host = authority.rpartition("@")
    return user, host, rest[len(authority) :]


def _is_authority(text: str) -> bool:
    host, colon, port = text.rpartition(":") if re.search(r":[0-9]*$", text) else (text, "", "")
    return bool(_HOST.fullmatch(host)) and (not colon or not port or int(port[:6]) < 65536)


def _check_host(host: str, shown: str) -> None:
    if host.startswith("-"):
        raise RevisionError(f"repository {shown}: {host!r} is not a host name")


def _before_query(path: str) -> str:
    return re.split(r"[?#]", path, maxsplit=1)[0]


def _credentials(given: str, shown: str) -> tuple[str | None, str | None]:
    user, colon, password = (unquote(part) for part in given.partition(":"))
    if not is_plain(user + password):
        raise RevisionError(f"repository {shown}: its user's name or password contains a control character")
    return user or None, password if colon else None
