"""Interactions read from the lake by DuckDB: decayed activity, windows of distinct people, contacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from core.clock import to_micros
from recommend.models import Bools, Floats, Ints
from recommend.snapshot import Lineage

HALF_LIFE_DAYS = 30.0
WEIGHTS = {
    "post": 1.0,
    "reply": 1.0,
    "join": 0.5,
    "reaction": 0.3,
    "dm": 2.0,
    "mention": 1.0,
    "reply_to": 1.0,
    "react_to": 0.3,
}
"""How much one interaction counts, by type; others (leave …) do not."""

_DAY = 86_400_000_000.0  # microseconds
_WEIGHT = "CASE type " + " ".join(f"WHEN '{t}' THEN {w}::DOUBLE" for t, w in WEIGHTS.items()) + " END"
_AMOUNT = f"sum(round(weight * pow(2.0, -age / {HALF_LIFE_DAYS}) * 1e12)::BIGINT)::DOUBLE / 1e12"
"""A sum in fixed point: exact, so it does not depend on the order in which threads meet the rows."""
_INTERACTIONS = f"""
CREATE TEMP TABLE interactions AS
SELECT actor, corpus, item, type, epoch_us("at") AS at_us, {_WEIGHT} AS weight,
       greatest($as_of - epoch_us("at"), 0) / {_DAY} AS age
FROM read_parquet($files, hive_partitioning = false)
WHERE workspace = $workspace AND kind = 'interaction' AND actor IS NOT NULL AND item IS NOT NULL
  AND epoch_us("at") < $before AND "offset" <= $offset AND {_WEIGHT} IS NOT NULL
  AND NOT list_contains($left_out::BIGINT[], actor)
  AND NOT (corpus = 'user' AND list_contains($left_out::BIGINT[], item))
"""  # noqa: S608  the only text put in is the table above
_ACTIVITY = f"""
SELECT actor, item, {_AMOUNT} AS amount, max(at_us) AS last,
       bool_or(type IN ('post', 'reply', 'join')) AS posted
FROM interactions WHERE corpus = 'channel' GROUP BY actor, item ORDER BY actor, item
"""  # noqa: S608
_CHANNELS = """
WITH firsts AS (
    SELECT actor, item, min(age) FILTER (type = 'join') AS joined, max(age) FILTER (type <> 'join') AS first
    FROM interactions WHERE corpus = 'channel' GROUP BY actor, item)
SELECT item,
       count(DISTINCT actor) FILTER (age <= 7 AND type <> 'join') AS active_7,
       count(DISTINCT actor) FILTER (age <= 30 AND type <> 'join') AS active_30,
       count(DISTINCT actor) FILTER (age <= 90 AND type <> 'join') AS active_90,
       coalesce(any_value(joins), 0) AS joins_30,
       coalesce(max(at_us) FILTER (type <> 'join'), 0) AS last
FROM interactions
LEFT JOIN (SELECT item, count(*) AS joins FROM firsts WHERE coalesce(joined, first) <= 30 GROUP BY item) USING (item)
WHERE corpus = 'channel' GROUP BY item ORDER BY item
"""
_CONTACTS = f"""
SELECT actor, item, {_AMOUNT} AS amount, max(at_us) AS last
FROM interactions WHERE corpus = 'user' AND actor <> item GROUP BY actor, item ORDER BY actor, item
"""  # noqa: S608
_CONTACTED = """
SELECT item, count(DISTINCT actor) AS contacted_30 FROM interactions
WHERE corpus = 'user' AND actor <> item AND age <= 30 GROUP BY item ORDER BY item
"""
_SEEN = "SELECT actor, max(at_us) AS last FROM interactions GROUP BY actor ORDER BY actor"

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """The lake summed up for one workspace, as columns ordered by person and item."""

    activity: Columns
    """actor, item, amount, last, posted."""
    channels: Columns
    """item, active_7, active_30, active_90, joins_30, last."""
    contacts: Columns
    """actor, item, amount, last."""
    contacted: Columns
    """item, contacted_30."""
    seen: Columns
    """actor, last."""


def nothing() -> Interactions:
    """Return the interactions of a workspace in which nothing has happened yet."""
    return Interactions(activity={}, channels={}, contacts={}, contacted={}, seen={})


def read_interactions(lake: Path, lineage: Lineage, *, before: datetime, left_out: Ints) -> Interactions:
    """Sum up what happened `before` a moment, up to an offset of the log, without the people `left_out`.

    Point in time: nothing that happened at `before` or later, or came into the log after the lineage's offset, is
    counted. Amounts are decayed up to `lineage.built_at`.
    """
    from core.events.lake import reading  # brings pyarrow: slow to import, and only the pipeline needs it

    with reading(lake) as parts:
        return _summed_up(parts, lineage, before=before, left_out=left_out) if parts else nothing()


def _summed_up(parts: Sequence[Path], lineage: Lineage, *, before: datetime, left_out: Ints) -> Interactions:
    import duckdb  # slow to import, and only the pipeline needs it

    given: dict[str, Any] = {
        "files": [str(part) for part in parts],
        "workspace": lineage.workspace,
        "as_of": to_micros(lineage.built_at),
        "before": to_micros(before),
        "offset": lineage.offset,
        "left_out": left_out.tolist(),
    }
    connection = duckdb.connect()
    try:
        connection.execute(_INTERACTIONS, given)
        queries = (_ACTIVITY, _CHANNELS, _CONTACTS, _CONTACTED, _SEEN)
        found = [cast("Columns", connection.execute(query).fetchnumpy()) for query in queries]
    finally:
        connection.close()
    return Interactions(
        activity=found[0], channels=found[1], contacts=found[2], contacted=found[3], seen=found[4]
    )


def ints(columns: Columns, name: str) -> Ints:
    """Return a column of numbers; none where nothing happened."""
    return np.asarray(columns.get(name, ()), dtype=np.int32)


def micros(columns: Columns, name: str) -> NDArray[np.int64]:
    """Return a column of moments; none where nothing happened."""
    return np.asarray(columns.get(name, ()), dtype=np.int64)


def floats(columns: Columns, name: str) -> Floats:
    """Return a column of amounts; none where nothing happened."""
    return np.asarray(columns.get(name, ()), dtype=np.float32)


def bools(columns: Columns, name: str) -> Bools:
    """Return a column of flags; none where nothing happened."""
    return np.asarray(columns.get(name, ()), dtype=np.bool_)
