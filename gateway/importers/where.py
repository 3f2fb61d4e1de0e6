"""`--where 'COLUMN OPERATOR VALUE'` taken apart, so that it reaches SQL as a known column and bound values only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InvalidInput

Value = str | int | float | bool
_CONDITION = re.compile(
    r"""\s*(?:"(?P<quoted>[^"]+)"|(?P<name>[^\s"=!<>]+))\s*(?P<op><=|>=|!=|<>|==|=|<|>|\b(?:NOT\s+)?IN\b)\s*(?P<rest>.+?)\s*""",
    re.IGNORECASE | re.DOTALL,
)
_LITERAL = re.compile(r"\s*(?:'(?P<text>(?:[^']|'')*)'|(?P<bare>[^\s,'()]+))\s*")
_REMEDY = "Write COLUMN = VALUE, with one of = != < <= > >= or IN (A, B); put text with spaces into 'quotes'."


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A column, an operator and the values it is compared with (one, or several for IN)."""

    column: str
    operator: str
    values: tuple[Value, ...]


def parse_where(written: str, columns: Sequence[str]) -> Condition:
    """Return the condition; raises InvalidInput that names what is wrong and the columns there are."""
    match = _CONDITION.fullmatch(written)
    if match is None:
        raise InvalidInput("--where", written, "is not a comparison", remedy=_REMEDY)
    column = find_column("--where", match["quoted"] or match["name"], columns)
    operator = " ".join(match["op"].upper().split())
    if operator.endswith("IN"):
        return Condition(column=column, operator=operator, values=_list(written, match["rest"]))
    literal = _LITERAL.fullmatch(match["rest"])
    if literal is None:
        raise InvalidInput("--where", written, f"{match['rest']!r} is not one value", remedy=_REMEDY)
    operator = {"==": "=", "<>": "!="}.get(operator, operator)
    return Condition(column=column, operator=operator, values=(_value(literal),))


def find_column(option: str, named: str, columns: Sequence[str]) -> str:
    """Return a column by name, or by its number from 1; raises InvalidInput that lists the columns."""
    if named in columns:
        return named
    if named.isdigit() and 1 <= int(named) <= len(columns):
        return columns[int(named) - 1]
    folded = [column for column in columns if column.casefold() == named.casefold()]
    if len(folded) == 1:
        return folded[0]
    raise InvalidInput(option, named, "is not a column", remedy=f"The columns are: {', '.join(columns)}.")


def to_sql(condition: Condition) -> tuple[str, list[Value]]:
    """Return an SQL condition with placeholders, and what to bind; text is compared as text, numbers as numbers."""
    quoted = '"' + condition.column.replace('"', '""') + '"'
    kinds = {bool if isinstance(v, bool) else str if isinstance(v, str) else float for v in condition.values}
    kind = next(iter(kinds)) if len(kinds) == 1 else str
    cast = {bool: "BOOLEAN", float: "DOUBLE", str: "VARCHAR"}[kind]
    values: list[Value] = list(condition.values) if kind is not str else [_shown(v) for v in condition.values]
    left = f"TRY_CAST({quoted} AS {cast})"
    if condition.operator.endswith("IN"):
        return f"{left} {condition.operator} ({', '.join('?' * len(values))})", values
    return f"{left} {condition.operator} ?", values


def _list(written: str, rest: str) -> tuple[Value, ...]:
    inside = rest.strip()
    if not (inside.startswith("(") and inside.endswith(")")):
        raise InvalidInput("--where", written, "IN needs a list in parentheses", remedy=_REMEDY)
    values: list[Value] = []
    position, inside = 0, inside[1:-1]
    while match := _LITERAL.match(inside, position):
        values.append(_value(match))
        position = match.end()
        if position == len(inside):
            return tuple(values)
        if inside[position] != ",":
            break
        position += 1
    raise InvalidInput("--where", written, "the list is not values with commas between", remedy=_REMEDY)


def _value(match: re.Match[str]) -> Value:
    if match["text"] is not None:
        return match["text"].replace("''", "'")
    bare = match["bare"]
    if bare.casefold() in {"true", "false"}:
        return bare.casefold() == "true"
    for kind in (int, float):
        try:
            return kind(bare)
        except ValueError:
            continue
    return bare


def _shown(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
