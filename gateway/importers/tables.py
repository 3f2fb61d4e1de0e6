"""CSV, Parquet and white-space tables, read row by row through DuckDB in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.errors import InvalidFile
from gateway.importers.where import Condition, to_sql

if TYPE_CHECKING:
    import duckdb

WHITE_SPACE = "whitespace"
_NAMED = {"space": " ", "tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_LINES = 20_000  # of a white-space table in one batch
_SOURCE = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An open table: its columns with DuckDB's names for their types, and how it was read, in words."""

    connection: duckdb.DuckDBPyConnection
    columns: dict[str, str]
    how: str
    path: Path

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its number in the file from 1, the values asked for, and how many equal rows came before it."""

    number: int
    values: tuple[Any, ...]
    before: int


def open_table(path: Path, *, delimiter: str = "", header: bool = True) -> Table:
    """Open a file by its ending (.parquet, or text); without a delimiter the first line tells. Raises InvalidFile."""
    import duckdb  # slow to import, and only tables need it

    if not path.is_file():
        raise InvalidFile("FILE", str(path), "is not there", remedy="Give the path of a CSV or Parquet file.")
    spill = str(Path(tempfile.gettempdir()) / "catchup-duckdb")
    connection = duckdb.connect(config={"memory_limit": "512MB", "threads": 2, "temp_directory": spill})
    try:
        how = _attach(connection, path, delimiter, header=header)
        described = connection.execute(f"DESCRIBE {_SOURCE}").fetchall()
    except (duckdb.Error, UnicodeDecodeError, pa.ArrowInvalid) as error:
        connection.close()
        raise InvalidFile(
            "FILE",
            str(path),
            f"cannot be read as a table ({type(error).__name__})",
            remedy="Give CSV, Parquet or white-space columns in UTF-8; name the --delimiter if it is unusual.",
        ) from error
    columns = {name: kind for name, kind, *_ in described}
    return Table(connection=connection, columns=columns, how=how, path=path)


def count_rows(table: Table) -> int:
    """Return how many rows a Parquet file holds; 0 where counting would mean reading."""
    if table.path.suffix.casefold() != ".parquet":
        return 0
    found = table.connection.execute(f"SELECT count(*) FROM {_SOURCE}").fetchone()  # noqa: S608
    return int(found[0]) if found else 0


def rejected(table: Table) -> list[tuple[int, str]]:
    """Return the lines of a CSV that could not be read as rows, and why, once all rows were read."""
    if not table.how.startswith("columns"):
        return []
    query = "SELECT DISTINCT line, error_type FROM reject_errors ORDER BY line"
    return [(int(line), str(kind).casefold()) for line, kind in table.connection.execute(query).fetchall()]


def rows(table: Table, wanted: Sequence[str], conditions: Sequence[Condition]) -> Iterator[list[Row]]:
    """Yield batches of the rows that meet all conditions, in the order of the file."""
    names = list(dict.fromkeys(wanted))
    columns = ", ".join(_expression(column, table.columns[column]) for column in names)
    keys = ", ".join(_quoted(column) for column in names)
    parts = [to_sql(condition) for condition in conditions]
    where = " AND ".join(sql for sql, _ in parts) or "true"
    bound = [value for _, values in parts for value in values]
    query = (  # column names are those of the file, quoted; values are bound
        f"WITH numbered AS (SELECT row_number() OVER () AS __n, * FROM {_SOURCE}) "  # noqa: S608
        f"SELECT __n, row_number() OVER (PARTITION BY {keys} ORDER BY __n) - 1 AS __before, {columns} "
        f"FROM numbered WHERE {where} ORDER BY __n"
    )
    places = [names.index(column) + 2 for column in wanted]
    result = table.connection.execute(query, bound)
    while batch := result.fetchmany(_LINES):
        yield [
            Row(number=int(row[0]), before=int(row[1]), values=tuple(row[place] for place in places))
            for row in batch
        ]


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, delimiter: str, *, header: bool) -> str:
    """Make the file the view `source`, and say how it is read."""
    if path.suffix.casefold() == ".parquet":
        connection.from_parquet(str(path)).create_view(_SOURCE)
        return "Parquet"
    separator = _NAMED.get(delimiter, delimiter) or _sniffed(path)
    if separator in {WHITE_SPACE, " "}:
        table = _white_space(path, header=header)
        connection.register(_SOURCE, table)
        return f"white-space columns, {'named by the first line' if header else 'no header'}"
    connection.read_csv(
        str(path), sep=separator, header=header, all_varchar=True, ignore_errors=True, store_rejects=True
    ).create_view(_SOURCE)
    return f"columns separated by {separator!r}, {'named by the first line' if header else 'no header'}"


def _sniffed(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = next((line for line in file if line.strip()), "")
    return next((mark for mark in ("\t", ",", ";", "|") if mark in first), WHITE_SPACE)


def _white_space(path: Path, *, header: bool) -> pa.RecordBatchReader:
    """Return a stream of strings; short lines are filled up with nulls, empty lines and comments (#) left out."""
    lines = _cells(path)
    first = next(lines, list[str]())
    names = first if header else [f"column{index}" for index in range(1, len(first) + 1)]
    schema = pa.schema([(name, pa.string()) for name in names])
    rest = lines if header else chain([first], lines)

    def batches() -> Iterator[pa.RecordBatch]:
        while pending := list(islice(rest, _LINES)):
            yield _batch(pending, schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _cells(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                yield line.split()


def _batch(lines: list[list[str]], schema: pa.Schema) -> pa.RecordBatch:
    width = len(schema)
    columns = [[cells[index] if index < len(cells) else None for cells in lines] for index in range(width)]
    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)  # pyright: ignore[reportUnknownMemberType]


def is_temporal(kind: str) -> bool:
    """Tell whether a column holds moments or days."""
    return kind.startswith(("TIMESTAMP", "DATE"))


def _expression(column: str, kind: str) -> str:
    """Return what to select: moments as microseconds since 1970 UTC, everything else as it is."""
    return f"epoch_us({_quoted(column)})" if is_temporal(kind) else _quoted(column)


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
