"""From a row of a file to a Case: what people may write, checked field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from prompt_eval.models import Case, CaseMessage

START = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH = re.compile(r"\d{1,12}(\.\d{1,9})?")
_TURN = re.compile(r"(#[^#]+#)\s*:\s*(.*)", re.DOTALL)


def _decoded(value: object) -> object:
    """Return JSON in a text column (CSV) as the value it stands for; None as an absent field."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"is not JSON: {error}") from error
    return value


def _one_or_many(value: object) -> object:
    decoded = _decoded(value)
    if decoded is None:
        return []
    return [decoded] if isinstance(decoded, str) else decoded


def _moment(value: object) -> object:
    """Read seconds since 1970, as a number or as Slack writes them, or ISO 8601; without an offset it is UTC."""
    if isinstance(value, str) and _EPOCH.fullmatch(value):
        value = float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    return value


def _aware(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _slices(value: object) -> object:
    decoded = _decoded(value)
    if isinstance(decoded, Mapping):
        return {str(name): str(inner) for name, inner in decoded.items() if inner is not None}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return {} if decoded is None else decoded


class MessageRow(BaseModel):
    """One entry of `messages`."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: str = Field(min_length=1)
    author: str = ""
    ts: Annotated[datetime | None, BeforeValidator(_moment), AfterValidator(_aware)] = None
    text: str
    thread: str | None = None


class CaseRow(BaseModel):
    """One line of a dataset of cases."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    id: str = Field(min_length=1)
    messages: Annotated[list[MessageRow], BeforeValidator(_decoded), Field(min_length=1)]
    references: Annotated[list[str], BeforeValidator(_one_or_many)] = []
    slices: Annotated[dict[str, str], BeforeValidator(_slices)] = {}


class DialogSumRow(BaseModel):
    """One line of DialogSum as published (Chen et al. 2021); the fields we do not use are ignored."""

    fname: str
    dialogue: str = Field(min_length=1)
    summary: str | None = None
    summary1: str | None = None
    summary2: str | None = None
    summary3: str | None = None


def case_of(row: Mapping[str, Any]) -> Case:
    """Return the case of a row `{id, messages: [{id, author, ts, text, thread}], references, slices}`.

    Raises pydantic's ValidationError. Messages without `ts` follow one another by a second, from 2000-01-01 UTC.
    """
    read = CaseRow.model_validate(row)
    messages = tuple(
        CaseMessage(
            id=entry.id,
            author=entry.author,
            at=entry.ts or START + timedelta(seconds=index),
            text=entry.text,
            thread=entry.thread,
        )
        for index, entry in enumerate(read.messages)
    )
    return Case(id=read.id, messages=messages, references=tuple(read.references), slices=read.slices)


def dialogsum_case_of(row: Mapping[str, Any]) -> Case:
    """Return the case of a DialogSum row: `#Person1#: Hello.` becomes a message of author `#Person1#`."""
    read = DialogSumRow.model_validate(row)
    turns = [_TURN.fullmatch(line) or line for line in read.dialogue.split("\n") if line.strip()]
    messages = tuple(
        CaseMessage(
            id=str(index + 1),
            author="" if isinstance(turn, str) else turn[1],
            at=START + timedelta(seconds=index),
            text=turn if isinstance(turn, str) else turn[2],
        )
        for index, turn in enumerate(turns)
    )
    written = (read.summary, read.summary1, read.summary2, read.summary3)
    return Case(id=read.fname, messages=messages, references=tuple(text for text in written if text))


READERS: Mapping[str, Callable[[Mapping[str, Any]], Case]] = {
    "cases": case_of,
    "dialogsum": dialogsum_case_of,
}
"""By the name that `--format` takes."""
