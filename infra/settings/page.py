"""`python -m infra.settings.page`: makes docs/settings.md and slipway.schema.json anew from infra/settings/."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast, get_args

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from infra.settings.kinds import Kind, Otherwise
from infra.settings.section import Section, inner, is_mapping
from infra.settings.stack import StackSettings

ROOT = Path(__file__).resolve().parents[2]
PAGE, SCHEMA = ROOT / "docs" / "settings.md", ROOT / "slipway.schema.json"
_HEAD = """\
# Settings (a stack file)

`make generate` makes this page and `slipway.schema.json` from `infra/settings/stack.py` and `fleet.py`. Editors that
know YAML schemas complete and check a stack file whose first line is
`# yaml-language-server: $schema=slipway.schema.json`.

In `Pulumi.<stack>.yaml`, every key but `aws:region` begins with `slipway:`. A setting that is left out, or null, has
its default. `pulumi config set --path slipway:fleets.web.port 8081` sets one; add `--type string` for text that looks
like a number. The environment variables stand in for settings that are left out.
"""


def render_page() -> str:
    """Return docs/settings.md."""
    return "\n".join([_HEAD, *_chapters("", StackSettings)])


def _chapters(path: str, section: type[Section]) -> Iterator[str]:
    """Yield a table for a section and for each one below."""
    sentences = documentation(section)
    rows = [
        f"| `{key}` | {_words(field)} | {_default(field)} | {sentences[name]} |"
        for name, (key, field) in zip(section.model_fields, section.fields().items(), strict=True)
        if not inner(field)
    ]
    heading = [f"## `{path}`", "", section.__doc__ or "", ""] if path else []
    yield "\n".join([*heading, "| setting | type | default | meaning |", "|---|---|---|---|", *rows, ""])
    for key, field in section.fields().items():
        if below := inner(field):
            yield from _chapters(f"{path}.{key}".lstrip(".") + (".<name>" if is_mapping(field) else ""), below)


def documentation(section: type[Section]) -> dict[str, str]:
    """Return the text below each field of a section, which Python itself does not keep."""
    [definition] = ast.parse(inspect.getsource(section)).body
    found, field = dict.fromkeys(section.model_fields, ""), ""
    for statement in cast("ast.ClassDef", definition).body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=field)):
                pass
            case ast.Expr(value=ast.Constant(value=str(text))) if field:
                found[field] = " ".join(text.split())
            case _:
                field = ""
    return found


def _words(field: FieldInfo) -> str:
    if is_mapping(field):
        return "mapping of names to " + _kind(get_args(field.annotation)[1]).words
    if field.annotation is bool:
        return "`true` or `false`"
    kind = next((found for found in field.metadata if isinstance(found, Kind)), None)
    return kind.words if kind else ", ".join(f"`{option}`" for option in get_args(field.annotation))


def _default(field: FieldInfo) -> str:
    otherwise = next((found for found in field.metadata if isinstance(found, Otherwise)), None)
    if otherwise:
        return otherwise.words
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    return "" if default is None else f"`{json.dumps(default)}`"


def render_schema() -> str:
    """Return the JSON Schema of a whole stack file."""
    config = _section(StackSettings)
    properties: Mapping[str, Any] = config["properties"]
    own = {key if ":" in key else f"slipway:{key}": value for key, value in properties.items()}
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Pulumi.<stack>.yaml of Slipway",
        "type": "object",
        "properties": {"config": {**config, "properties": own, "patternProperties": {"^(?!slipway:)[^:]+:": {}}}},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _section(section: type[Section]) -> dict[str, Any]:
    sentences, fields = documentation(section), section.fields()
    properties = {
        key: _property(field, sentences[name])
        for name, (key, field) in zip(section.model_fields, fields.items(), strict=True)
    }
    described = {
        "description": section.__doc__,
        "type": ["object", "null"],
        "properties": properties,
        "required": [key for key, field in fields.items() if field.is_required()],
        "additionalProperties": False,
    }
    return {"anyOf": [described, {"enum": list(section.words)}]} if section.words else described


def _property(field: FieldInfo, sentence: str) -> dict[str, Any]:
    below = inner(field)
    if is_mapping(field):
        names, values = get_args(field.annotation)
        said = {
            "type": "object",
            "propertyNames": _kind(names).json,
            "additionalProperties": _section(below) if below else _kind(values).json,
        }
    elif below:
        return _section(below)
    elif field.annotation is bool:
        said = {"type": "boolean"}
    else:
        kind = next((found for found in field.metadata if isinstance(found, Kind)), None)
        said = dict(kind.json) if kind else {"enum": list(get_args(field.annotation))}
    default = {"default": field.default} if field.default not in (None, "", 0, PydanticUndefined) else {}
    return {"description": sentence, **default, **_or_null(said)}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema for a setting that may be null, which is its default."""
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return {**schema, "type": [*kinds, "null"]}
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    return {"anyOf": [*schema["anyOf"], {"type": "null"}]}


def _kind(annotated: Any) -> Kind:  # noqa: ANN401 - as typing has it
    return annotated.__metadata__[0]


def main() -> None:
    """Rewrites both."""
    PAGE.write_text(render_page(), encoding="utf-8")
    SCHEMA.write_text(render_schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
