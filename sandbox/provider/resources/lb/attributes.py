"""Attributes of load balancers and target groups: text under a dotted key in the API, properties in the SDK."""

from sandbox.provider.kit import Field, Props, Resource, Value


def changed_attributes(
    resource: Resource, keys: dict[str, str], inputs: Props, changed: set[str] | None
) -> list[dict[str, str]]:
    """Return the attributes to set: those in `changed`, or after a creation (None) those not at their default."""
    set_otherwise = {n for n in keys if inputs.get(n) not in (None, resource.fields[n].default)}
    wanted = set_otherwise if changed is None else changed
    return [pair(key, inputs.get(name)) for name, key in keys.items() if name in wanted]


def pair(key: str, value: Value) -> dict[str, str]:
    """Return an attribute as the API has it."""
    text = str(value).lower() if isinstance(value, bool) else str("" if value is None else value)
    return {"Key": key, "Value": text}


def read_attributes(resource: Resource, keys: dict[str, str], attributes: dict[str, str]) -> Props:
    """Return the properties that the attributes say; one that the API does not list is left out."""
    return {n: _typed(resource.fields[n], attributes[key]) for n, key in keys.items() if key in attributes}


def _typed(field: Field, value: str) -> Value:
    if field.kind == "flag":
        return value == "true"
    return int(value) if field.kind == "number" else value
