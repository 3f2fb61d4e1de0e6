"""How a column of times is to be understood: found out from its type and the size of its numbers, and said aloud."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.clock import from_micros
from core.errors import InvalidInput
from gateway.importers import clean
from gateway.importers.tables import is_temporal

_NAMES = {1_000_000: "seconds", 1_000: "milliseconds", 1: "microseconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """A unit in microseconds, or 0 for ISO 8601; and the statement for the report."""

    unit: int
    how: str

    def read(self, value: Any) -> datetime | None:  # noqa: ANN401  whatever a cell holds
        """Return the moment, or None for what is none between 1971 and 2100."""
        if self.unit == 0:
            return clean.moment(value)
        number = _number(value)
        micros = None if number is None else clean.within_reason(round(number * self.unit))
        return None if micros is None else from_micros(micros)


def detect(column: str, kind: str, sample: Sequence[Any]) -> Times:
    """Return how to read a column, from its type and its first values; raises InvalidInput if they are no times."""
    if is_temporal(kind):
        return Times(unit=1, how=f"{column} is a {kind} column, taken as UTC where it has no zone")
    known = [value for value in sample if value is not None and value != ""]
    numbers = [number for value in known if (number := _number(value)) is not None]
    if known and len(numbers) >= len(known) / 2:
        size = statistics.median(abs(number) for number in numbers)
        unit = clean.micros_per_unit(size)
        if unit is not None and clean.within_reason(round(size * unit)) is not None:
            return Times(
                unit=unit, how=f"{column} holds {_NAMES[unit]} since 1970 (its numbers are about {size:.3g})"
            )
    elif any(clean.moment(value) is not None for value in known):
        return Times(unit=0, how=f"{column} holds ISO 8601 times, taken as UTC where they have no offset")
    raise InvalidInput(
        "--ts",
        column,
        "holds no times",
        remedy="Name a column of ISO 8601 times, or of seconds, milliseconds or microseconds since 1970.",
    )


def _number(value: Any) -> int | float | None:  # noqa: ANN401
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    whole = isinstance(value, str) and value.strip().lstrip("-").isdigit()
    return int(value) if whole else found if abs(found) < 1e300 else None
