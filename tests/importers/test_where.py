from __future__ import annotations

import pytest

from core.errors import InvalidInput
from gateway.importers.where import Condition, find_column, parse_where, to_sql

COLUMNS = ["user_id", "is_bot", "two words", "Ts"]


@pytest.mark.parametrize(
    ("written", "column", "operator", "values"),
    [
        ("is_bot = false", "is_bot", "=", (False,)),
        ("is_bot==TRUE", "is_bot", "=", (True,)),
        ("user_id != 7", "user_id", "!=", (7,)),
        ("user_id <> 7", "user_id", "!=", (7,)),
        ("user_id<=7.5", "user_id", "<=", (7.5,)),
        ("ts > 100", "Ts", ">", (100,)),
        ("user_id = 'it''s me'", "user_id", "=", ("it's me",)),
        ("user_id = bob", "user_id", "=", ("bob",)),
        ("\"two words\" IN (1, 'b c', d)", "two words", "IN", (1, "b c", "d")),
        ("user_id not in (1)", "user_id", "NOT IN", (1,)),
        ("1 = 3", "user_id", "=", (3,)),
    ],
)
def test_a_condition_is_taken_apart(
    written: str, column: str, operator: str, values: tuple[object, ...]
) -> None:
    assert parse_where(written, COLUMNS) == Condition(column=column, operator=operator, values=values)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "is_bot",
        "is_bot =",
        "= false",
        "nope = 1",
        "is_bot = false; DROP TABLE x",
        "is_bot = false OR 1=1",
        "user_id IN 1, 2",
        "user_id IN (1 2)",
        "user_id IN ()",
        "(SELECT 1) = 1",
    ],
)
def test_what_is_no_condition_is_refused_with_a_remedy(written: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_where(written, COLUMNS)

    assert refused.value.remedy


def test_an_unknown_column_lists_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="user_id, is_bot, two words, Ts"):
        find_column("--user", "nope", COLUMNS)


def test_values_are_bound_and_names_quoted() -> None:
    sql, values = to_sql(Condition(column='a"b', operator="IN", values=("x'); DROP", 2)))

    assert sql == 'TRY_CAST("a""b" AS VARCHAR) IN (?, ?)'
    assert values == ["x'); DROP", "2"]
