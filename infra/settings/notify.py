"""The setting `notify`: whom a stack tells of its deploys. A webhook's address is a secret. See stack.py. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from infra.settings.kinds import Kind, Wrong, wrong, wrong_type
from infra.settings.problems import covers
from infra.settings.variables import SECRET
from release import names
from release.notify import fact, targets
from release.notify.targets import Target, Told

MOST_TOPICS = 5
"""Targets that a rule of EventBridge may have (its quotas)."""
PARAMETER_LIMIT = 4096
"""Bytes of a standard parameter of the Parameter Store."""
_KEYS = ("url", "kind")


def _read(value: object) -> tuple[Target, ...]:
    if not isinstance(value, list | tuple):
        raise wrong_type("must be a list")
    good: list[Target] = []
    bad: list[InitErrorDetails] = []
    for index, item in enumerate(cast("Sequence[object]", value)):
        try:
            found = _target(index, item)
            if any(found.address == other.address for other in good):
                raise wrong("is there twice; remove one")
            good.append(found)
        except Wrong as error:
            bad.append(InitErrorDetails(type=error, loc=(index,), input=None))
    if bad:
        raise ValidationError.from_exception_data("notify", bad)
    if len(good) > targets.MOST:
        raise wrong(f"must be at most {targets.MOST} topics and webhooks, are {len(good)}")
    return tuple(good)


def _target(index: int, item: object) -> Target:
    """Return what one item says. Raises Wrong, which shows nothing of an address."""
    kind: object = None
    if isinstance(item, Mapping):
        given = cast("Mapping[str, object]", item)
        if unknown := [key for key in given if key not in _KEYS]:
            raise wrong(f"has {unknown[0]!r}; known here: {', '.join(_KEYS)}")
        item, kind = given.get("url"), given.get("kind")
    if kind is not None and kind not in targets.KINDS:
        raise wrong(f"has a kind that is none of {', '.join(targets.KINDS)}")
    if not isinstance(item, str):
        raise wrong("must be the ARN of an SNS topic, or the https address of a webhook")
    try:
        found = targets.target(index, item, cast("str | None", kind))
    except ValueError as error:
        raise wrong(str(error)) from None
    if found.is_topic and kind:
        raise wrong("is a topic, which has no kind; remove the kind")
    return found


def _read_link(value: object) -> str:
    if not isinstance(value, str) or not fact.is_template(value):
        raise wrong("must be an https address with {sha} in it, such as https://git.example.com/shop/commit/{sha}")
    return value


_TOPIC = {"type": "string", "pattern": f"^{targets.TOPIC.pattern}$"}
_WEBHOOK: dict[str, Any] = {
    "type": "object",
    "properties": {"url": SECRET.json, "kind": {"enum": list(targets.KINDS)}},
    "required": ["url"],
    "additionalProperties": False,
}
TARGETS = Kind(
    f"list of at most {targets.MOST} topics and encrypted webhooks",
    {
        "type": "array",
        "items": {"anyOf": [_TOPIC, SECRET.json, _WEBHOOK]},
        "uniqueItems": True,
        "maxItems": targets.MOST,
    },
    _read,
)
LINK = Kind(
    "https address with `{sha}` in it", {"type": "string", "pattern": r"^https://[^/{}]+.*\{sha\}.*$"}, _read_link
)


def told(notify: Sequence[Target], link: str | None, repository: str | None) -> Told:
    """Return all that a stack tells, with the template of links that is set or follows from the repository."""
    return Told(targets=notify, link=link or fact.template_of(repository))


def problems(notify: Sequence[Target], region: str, whole: Told) -> Iterator[tuple[str, str]]:
    """Check that topics are the region's, few enough for a rule, and all together fit into a parameter."""
    topics = [(index, each.address) for index, each in enumerate(notify) if each.is_topic]
    for index, topic in topics:
        of = topic.split(":")[3]
        if region and of != region:
            yield f"notify[{index}]", f"must be a topic of {region}, the stack's region, is one of {of}"
        elif region and topic.split(":")[1] != names.partition(region):
            yield f"notify[{index}]", f"must be a topic of the partition {names.partition(region)}, as {region} is"
    if len(topics) > MOST_TOPICS:
        yield "notify", f"must have at most {MOST_TOPICS} topics, as many as a rule of EventBridge can tell"
    if (size := len(targets.to_json(whole).encode())) > PARAMETER_LIMIT:
        yield (
            "notify",
            f"must be at most {PARAMETER_LIMIT} bytes together, which is what a parameter takes, are {size}; have one "
            "SNS topic instead of some of them",
        )


def in_plain(notify: Sequence[Target], encrypted: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the webhooks that are not encrypted: whoever has the address can write there."""
    for index, each in enumerate(notify):
        path = f"notify[{index}]"
        paths = ("notify", path, f"{path}.url")
        if not each.is_topic and not any(covers(encrypted, found) for found in paths):
            yield (
                path,
                "is a webhook in plain text, and whoever has its address can write there; encrypt it with "
                f"`pulumi config set --secret --path 'slipway:{path}'`, which asks for it",
            )
