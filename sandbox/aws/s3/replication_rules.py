"""The rules of a replication configuration: read from what was put, checked as S3 checks them, and applied. Pure.

Source: PutBucketReplication in S3's API reference, "Replication configuration file elements" in its user guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

Json = dict[str, Any]
_LISTS = {"Rule": "Rules", "Tag": "Tags"}
_NUMBERS = ("Priority", "Minutes")


class InvalidRulesError(Exception):
    """What S3 says of a configuration that it refuses (InvalidRequest)."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One enabled rule as it was when an object was put."""

    id: str
    bucket: str
    storage_class: str | None
    prefix: str
    tags: Mapping[str, str]
    delete_markers: bool
    encrypted: bool
    """Whether it also copies what is encrypted with a key of KMS."""

    def takes(self, key: str, tags: Mapping[str, str], encryption: str | None) -> bool:
        """Return whether the rule copies an object."""
        if encryption == "aws:kms" and not self.encrypted:
            return False
        return key.startswith(self.prefix) and self.tags.items() <= tags.items()


def configuration(parsed: Mapping[str, Any]) -> Json:
    """Return a configuration in the API's form, from its XML as a dictionary."""
    read = cast("Json", _plain({name: value for name, value in parsed.items() if not name.startswith("@")}))
    rules = read.pop("Rule", [])
    read["Rules"] = rules if isinstance(rules, list) else [rules]
    for rule in read["Rules"]:
        both = (rule.get("Filter") or {}).get("And")
        if both and "Tag" in both:
            tags = both.pop("Tag")
            both["Tags"] = tags if isinstance(tags, list) else [tags]
    return read


def _plain(value: object, name: str = "") -> object:
    """Return numbers as such, and an empty element as an empty text, or as nothing where it would have elements."""
    if isinstance(value, Mapping):
        return {key: _plain(inner, str(key)) for key, inner in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list):
        return [_plain(each, name) for each in cast("list[object]", value)]
    if value is None:
        return {} if name in ("Filter", "Destination") else ""
    return int(str(value)) if name in _NUMBERS else value


def problems(found: Json, source: str) -> Iterator[str]:
    """Yield what S3 refuses about a configuration of the bucket `source`, the first being what it says."""
    if not str(found.get("Role", "")).startswith("arn:"):
        yield "Invalid IAM role. Make sure that the replication role exists and is provided as a valid ARN"
    priorities: list[int] = []
    for rule in found["Rules"]:
        if "Filter" in rule:
            if "Priority" not in rule:
                yield "Priority must be specified for this version of Cross Region Replication configuration schema."
            if "DeleteMarkerReplication" not in rule:
                yield (
                    "DeleteMarkerReplication must be specified for this version of Cross Region Replication "
                    "configuration schema."
                )
            if _tags(rule) and rule.get("DeleteMarkerReplication", {}).get("Status") == "Enabled":
                yield "Delete marker replication is not supported if any Tag filter is specified."
        if _bucket(rule) == source:
            yield "Destination bucket cannot be the same as the source bucket."
        if "Priority" in rule:
            priorities.append(rule["Priority"])
    if len(set(priorities)) < len(priorities):
        yield "Found duplicate priority in the configuration. Priority must be unique."


def destinations(found: Json) -> list[str]:
    """Return the names of the buckets that a configuration's rules copy to."""
    return [_bucket(rule) for rule in found["Rules"]]


def enabled(found: Mapping[str, Any] | None) -> Sequence[Rule]:
    """Return the rules in force, those of the highest priority first: of several for one bucket, it decides."""
    rules = [rule for rule in (found or {}).get("Rules", []) if rule.get("Status") == "Enabled"]
    rules.sort(key=lambda rule: -int(rule.get("Priority", 0)))
    return [
        Rule(
            id=rule.get("ID", ""),
            bucket=_bucket(rule),
            storage_class=rule["Destination"].get("StorageClass"),
            prefix=_prefix(rule),
            tags=_tags(rule),
            delete_markers=rule.get("DeleteMarkerReplication", {}).get("Status") == "Enabled",
            encrypted=_status(rule, "SourceSelectionCriteria", "SseKmsEncryptedObjects") == "Enabled",
        )
        for rule in rules
    ]


def chosen(rules: Sequence[Rule], key: str, tags: Mapping[str, str], encryption: str | None) -> list[Rule]:
    """Return the rules that copy an object, at most one for each bucket."""
    found: dict[str, Rule] = {}
    for rule in rules:
        if rule.takes(key, tags, encryption):
            found.setdefault(rule.bucket, rule)
    return list(found.values())


def _bucket(rule: Mapping[str, Any]) -> str:
    return str(rule["Destination"]["Bucket"]).rpartition(":")[2]


def _prefix(rule: Mapping[str, Any]) -> str:
    found = rule.get("Filter") or {}
    return str(rule.get("Prefix") or found.get("Prefix") or (found.get("And") or {}).get("Prefix") or "")


def _tags(rule: Mapping[str, Any]) -> dict[str, str]:
    found = rule.get("Filter") or {}
    tags = [found["Tag"]] if found.get("Tag") else (found.get("And") or {}).get("Tags") or []
    return {tag["Key"]: tag["Value"] for tag in tags}


def _status(rule: Mapping[str, Any], *path: str) -> str:
    for name in path:
        rule = rule.get(name) or {}
    return str(rule.get("Status", ""))
