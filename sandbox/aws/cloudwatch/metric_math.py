"""Pure: the part of CloudWatch's metric math that alarms are made of, for one point in time.

Numbers, ids, `+ - * / ^`, comparisons, AND/OR, `FILL(x, n)`, `IF(c, a, b)`, `ABS CEIL FLOOR`, and
`SUM AVG MIN MAX` over a list or METRICS(). A missing value (None) makes what is computed from it missing,
as does a division by zero.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

Value = float | None
BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
SINGLE: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}
LISTS: dict[str, Callable[[Sequence[float]], float]] = {
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
    "MIN": min,
    "MAX": max,
}


class UnsupportedExpression(ValueError):
    """The expression uses something that isn't in here."""


def evaluate(expression: str, values: Mapping[str, Value]) -> Value:
    """Return the value of `expression` where each id has the value that `values` gives.

    Raises:
        UnsupportedExpression: it isn't metric math, or not of this part.
    """
    python = re.sub(r"\bAND\b|&&", " and ", expression)
    python = re.sub(r"\bOR\b|\|\|", " or ", python).replace("^", "**")
    try:
        tree = ast.parse(python.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        raise UnsupportedExpression(f"cannot read the expression {expression!r}") from error
    return _value(tree.body, values)


def _value(node: ast.expr, values: Mapping[str, Value]) -> Value:  # noqa: PLR0911 - one for each kind of node
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _apply(operator.mul, -1.0, _value(operand, values))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return _apply(BINARY[type(op)], _value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
            return _apply(COMPARISONS[type(op)], _value(left, values), _value(right, values))
        case ast.BoolOp(op=op, values=parts):
            found = [_value(part, values) for part in parts]
            known = [part for part in found if part is not None]
            chosen = all(known) if isinstance(op, ast.And) else any(known)
            return float(chosen) if len(known) == len(found) else None
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name, arguments, values)
        case _:
            raise UnsupportedExpression(f"metric math that is not offered here: {ast.unparse(node)}")


def _call(name: str, arguments: list[ast.expr], values: Mapping[str, Value]) -> Value:
    match name, arguments:
        case "FILL", [series, default]:
            found = _value(series, values)
            return _value(default, values) if found is None else found
        case "IF", [condition, *branches] if branches:
            decided = _value(condition, values)
            if decided is None or (not decided and len(branches) == 1):
                return None
            return _value(branches[0 if decided else 1], values)
        case _, [argument] if name in SINGLE:
            return _apply(SINGLE[name], _value(argument, values))
        case _, [argument] if name in LISTS:
            known = [value for value in _list(argument, values) if value is not None]
            return float(LISTS[name](known)) if known else None
        case _:
            raise UnsupportedExpression(f"metric math function that is not offered here: {name}")


def _list(node: ast.expr, values: Mapping[str, Value]) -> list[Value]:
    match node:
        case ast.List(elts=elements):
            return [_value(element, values) for element in elements]
        case ast.Call(func=ast.Name(id="METRICS")):
            return list(values.values())
        case _:
            return [_value(node, values)]


def _apply(function: Callable[..., float], *operands: Value) -> Value:
    if any(operand is None for operand in operands):
        return None
    try:
        return float(function(*operands))
    except (ZeroDivisionError, OverflowError, TypeError):  # a root of a negative number is complex: no value
        return None
