"""The packages of Amazon Linux 2023 that an app may ask for, and the commands of each. Pure.

Source: Amazon Linux 2023 user guide ("Node.js", "Python", "PHP in AL2023" and so on). Each command is listed with the
developer's program that stands in for it, in whatever version; only Python's versions must match.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Package:
    """The commands of a package, each with its stand-in. The first must be found, the others may be missing."""

    commands: Mapping[str, str] = field(default_factory=dict[str, str])
    python: str | None = None
    """The Python that it contains, such as `python3.12`."""
    pip_of: str | None = None
    """The Python that it needs and contains pip for."""
    module: str | None = None
    """The module of the sandbox that stands in for its one command, because no program of the developer's does."""


def _same(*names: str) -> Package:
    return Package(commands={name: name for name in names})


def _node(major: str) -> Package:
    """Return the versioned commands (`node-22`) and, by `alternatives`, the plain ones; npm is a weak dependency."""
    plain = {name: name for name in ("node", "npm", "npx")}
    return Package(commands={**plain, **({f"{name}-{major}": name for name in plain} if major else {})})


def _npm(major: str) -> Package:
    return Package(commands={"npm": "npm", "npx": "npx", f"npm-{major}": "npm", f"npx-{major}": "npx"})


def _ruby(version: str) -> Package:
    """Return the versioned commands ("Ruby in AL2023" in the user guide) and, by `alternatives`, the plain ones."""
    own = {f"ruby{version}": "ruby", f"ruby{version}-gem": "gem", f"ruby{version}-bundler": "bundle"}
    return Package(commands={**{name: name for name in _RUBY}, **own})


_RUBY = ("ruby", "bundle", "bundler", "gem", "irb", "rake", "erb", "rdoc", "ri")
_LIBRARIES = [
    "libffi-devel",
    "libpq",
    "libpq-devel",
    "libxml2-devel",
    "libyaml-devel",
    "openssl-devel",
    "zlib-devel",
    "mariadb-connector-c-devel",
    "sqlite-devel",
    "readline-devel",
    "bzip2-devel",
    "xz-devel",
    "python3-devel",
    "ruby3.2-devel",
    "ruby3.4-devel",
]
_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_PHPS = ("8.1", "8.2", "8.3", "8.4")
_CORRETTOS = ("1.8.0", "11", "17", "21", "25")

PACKAGES: Mapping[str, Package] = {
    **{f"nodejs{major}": _node(major) for major in ("", "20", "22", "24")},
    **{f"nodejs{major}-npm": _npm(major) for major in ("20", "22", "24")},
    **{f"python{it}": Package(python=f"python{it}") for it in _PYTHONS},
    **{f"python{it}-devel": Package(python=f"python{it}") for it in _PYTHONS},
    **{f"python{it}-pip": Package(pip_of=f"python{it}") for it in _PYTHONS},
    "python3-pip": Package(pip_of="python3"),
    **{f"ruby{version}": _ruby(version) for version in ("3.2", "3.4")},
    **{f"php{it}": _same("php") for it in _PHPS},
    **{f"php{it}-cli": _same("php") for it in _PHPS},
    **{f"php{it}-fpm": _same("php-fpm") for it in _PHPS},
    "amazon-cloudwatch-agent": Package(
        commands={"amazon-cloudwatch-agent-ctl": ""}, module="sandbox.machines.log_agent"
    ),
    "composer": _same("composer"),
    **{f"java-{it}-amazon-corretto": _same("java", "keytool") for it in _CORRETTOS},
    **{f"java-{it}-amazon-corretto-headless": _same("java", "keytool") for it in _CORRETTOS},
    **{f"java-{it}-amazon-corretto-devel": _same("java", "javac", "jar", "keytool") for it in _CORRETTOS},
    "maven": _same("mvn"),
    "golang": _same("go", "gofmt"),
    "rust": _same("rustc"),
    "cargo": _same("cargo"),
    **{f"dotnet-sdk-{it}": _same("dotnet") for it in ("6.0", "8.0", "9.0")},
    **{f"dotnet-runtime-{it}": _same("dotnet") for it in ("6.0", "8.0", "9.0")},
    **{f"aspnetcore-runtime-{it}": _same("dotnet") for it in ("6.0", "8.0", "9.0")},
    "perl": _same("perl"),
    "git": _same("git"),
    "git-core": _same("git"),
    "gcc": _same("gcc", "cpp"),
    "gcc-c++": _same("g++"),
    "make": _same("make"),
    "cmake": _same("cmake"),
    "nginx": _same("nginx"),
    "httpd": _same("httpd"),
    "redis6": _same("redis6-server", "redis6-cli"),
    **{f"postgresql{it}": _same("psql", "pg_dump", "pg_restore") for it in ("15", "16", "17")},
    "ImageMagick": _same("convert", "identify", "mogrify"),
    **{
        name: _same(name)
        for name in ("bc", "jq", "lsof", "nc", "patch", "rsync", "strace", "tree", "unzip", "wget", "zip")
    },
    "sqlite": _same("sqlite3"),
    **{name: Package() for name in _LIBRARIES},
}
