"""The actions of listeners and rules: forward to one target group, redirect and fixed response."""

from sandbox.provider.kit import Field, Props, from_aws, stripped, to_aws

UNSERVED = "*ctions.authenticate* *ctions.forward *ctions.jwtValidation"
COMPUTED = "*.fixedResponse.statusCode *ctions.order"
DEFAULTS = {
    "*.redirect.host": "#{host}",
    "*.redirect.path": "/#{path}",
    "*.redirect.port": "#{port}",
    "*.redirect.protocol": "#{protocol}",
    "*.redirect.query": "#{query}",
}
NAMES = {"*.fixedResponse": "FixedResponseConfig", "*.redirect": "RedirectConfig"}


def actions(field: Field, wanted: list[Props]) -> list[Props]:
    """Return actions as the API has them: it numbers them; where the program does not, they go in its order."""
    made = [to_aws(field.inner, action) for action in wanted]
    return [{"Order": i, **action} for i, action in enumerate(made, start=1)] if len(made) > 1 else made


def read_actions(field: Field, replies: list[Props]) -> list[Props]:
    """Return actions as the program has them."""
    ordered = sorted(replies, key=lambda action: action.get("Order") or 0)
    return [stripped(from_aws(field.inner, reply)) for reply in ordered]
