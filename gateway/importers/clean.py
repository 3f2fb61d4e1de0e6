"""Foreign values made fit to keep: strings without junk, moments within reason, identifiers that fit."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from core.clock import from_micros, to_micros
from core.errors import InvalidInput
from core.ids import WorkspaceId

ID_LENGTH = 64
_EARLIEST = to_micros(datetime(1971, 1, 1, tzinfo=UTC))
_LATEST = to_micros(datetime(2100, 1, 1, tzinfo=UTC))
_WORKSPACE = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_NUMBER = re.compile(r"(\d{1,19})(?:\.(\d*))?", re.ASCII)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_UNITS = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))  # below which size a number is in s, ms, us


def text(value: Any) -> str:  # noqa: ANN401  whatever a file holds
    """Return a string without control characters and lone surrogates; empty for what is no text."""
    if not isinstance(value, str):
        return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
    return value if value.isprintable() else _CONTROL.sub("", value)


def mapping(value: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def mappings(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Return the objects of a JSON array; nothing for anything else."""
    if not isinstance(value, list):
        return []
    items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    return [item for item in items if isinstance(item, dict)]


def strings(value: Any) -> list[str]:  # noqa: ANN401
    """Return the identifiers of a JSON array; nothing for anything else."""
    if not isinstance(value, list):
        return []
    items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    return [name for item in items if (name := identifier(item))]


def identifier(value: Any) -> str:  # noqa: ANN401
    """Return an identifier of at most 64 characters without white space, or an empty string.

    A longer one becomes its beginning and a hash, so that two stay two.
    """
    if (
        type(value) is str
        and len(value) <= ID_LENGTH
        and value.isascii()
        and value.isprintable()
        and " " not in value
    ):
        return value  # nearly always
    found = "".join(text(value).split())
    if len(found) <= ID_LENGTH:
        return found
    return f"{found[:43]}-{digest(found)}"


def digest(value: str, length: int = 20) -> str:
    """Return hex digits that stand for a string."""
    return hashlib.blake2b(value.encode(errors="replace"), digest_size=16).hexdigest()[:length]


def workspace_id(given: str) -> WorkspaceId:
    """Return a workspace id somebody chose; raises InvalidInput for one with spaces or other oddities."""
    if not _WORKSPACE.fullmatch(given):
        raise InvalidInput(
            "--workspace",
            given,
            "is not an identifier",
            remedy="Use at most 64 letters, digits and _ . : - without spaces.",
        )
    return WorkspaceId(given)


def slack_ts(value: Any) -> int | None:  # noqa: ANN401
    """Return a Slack `ts` (seconds, with or without a fraction, as string or number) in microseconds, or None.

    What lies before 1971 or after 2100 is no time at which somebody wrote.
    """
    if isinstance(value, float):
        value = f"{value:.6f}"
    match = _NUMBER.fullmatch(text(value).strip())
    if match is None:
        return None
    return within_reason(int(match[1]) * 1_000_000 + int((match[2] or "")[:6].ljust(6, "0")))


def within_reason(micros: int) -> int | None:
    """Return microseconds since 1970 if they lie between 1971 and 2100, else None."""
    return micros if _EARLIEST <= micros < _LATEST else None


def show_ts(micros: int) -> str:
    """Return a Slack `ts`: seconds, a point and six digits."""
    seconds, fraction = divmod(micros, 1_000_000)
    return f"{seconds}.{fraction:06d}"


def moment(value: Any) -> datetime | None:  # noqa: ANN401
    """Return the moment that ISO 8601 or a number since 1970 (s, ms or us, by its size) means, or None.

    ISO without an offset is taken as UTC.
    """
    if isinstance(value, bool) or value is None or value == "":
        return None
    written = text(value).strip()
    if _NUMBER.fullmatch(written):
        return _from_number(written)
    try:
        found = datetime.fromisoformat(written)
        micros = to_micros(found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
    return from_micros(micros) if within_reason(micros) is not None else None


def micros_per_unit(size: float) -> int | None:
    """Return how many microseconds one unit is, for numbers of this size; None for none we know (see `_UNITS`)."""
    return next((unit for limit, unit in _UNITS if abs(size) < limit), None)


def _from_number(written: str) -> datetime | None:
    whole, _, fraction = written.partition(".")
    unit = micros_per_unit(int(whole))
    if unit is None:
        return None
    micros = int(whole) * unit + (int(fraction[:6].ljust(6, "0")) * unit // 1_000_000 if fraction else 0)
    return from_micros(micros) if within_reason(micros) is not None else None
