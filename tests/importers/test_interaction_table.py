from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import InvalidFile, InvalidInput
from core.events.models import Corpus
from core.ids import WorkspaceId
from gateway.importers.interaction_table import Columns, InteractionImport, TableAsk
from gateway.importers.report import Report
from tests.support.import_desk import Desk

pytestmark = pytest.mark.slow

ACME = WorkspaceId("acme")
CSV = "who,where,when\na,x,1772452800\nb,x,1772452860\na,y,1772452920\n"


async def _load(desk: Desk, path: Path, columns: Columns, **more: Any) -> Report:
    importer = InteractionImport(directory=desk.directory, events=desk.events, clock=desk.clock)
    return await importer.run(TableAsk(path=path, workspace=ACME, columns=columns, **more))


def _file(desk: Desk, text: str, name: str = "t.csv") -> Path:
    path = desk.folder / name
    path.write_text(text)
    return path


NAMED = Columns(user="who", item="where", ts="when")


async def test_rows_become_events_of_people_and_channels_created_on_demand(desk: Desk) -> None:
    report = await _load(desk, _file(desk, CSV), NAMED)

    people = {person.number: person.id for person in await desk.directory.people(ACME)}
    channels = {channel.number: channel.id for channel in await desk.directory.channels(ACME)}
    events = await desk.logged()
    assert [(people[e.actor or 0], channels[e.item or 0], e.data["type"]) for e in events] == [  # pyright: ignore[reportArgumentType]
        ("a", "x", "post"),
        ("b", "x", "post"),
        ("a", "y", "post"),
    ]
    assert events[1].at == datetime(2026, 3, 2, 12, 1, tzinfo=UTC)
    assert (report.read, report.imported, report.counts["people"], report.counts["channels"]) == (3, 3, 2, 2)
    assert any("seconds since 1970" in note for note in report.notes)


async def test_again_and_grown_files_store_each_row_once_also_equal_ones(desk: Desk) -> None:
    twice = CSV + "a,y,1772452920\n"
    await _load(desk, _file(desk, twice), NAMED)

    again = await _load(desk, _file(desk, twice), NAMED)
    grown = await _load(desk, _file(desk, twice + "c,y,1772452980\n", "grown.csv"), NAMED)

    assert (again.imported, again.unchanged) == (0, 4)
    assert (grown.imported, grown.unchanged) == (1, 4)
    assert len(await desk.logged()) == 5


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("1772452800", "seconds"),
        ("1772452800.0", "seconds"),
        ("1772452800000", "milliseconds"),
        ("1772452800000000", "microseconds"),
        ("2026-03-02T12:00:00Z", "ISO 8601"),
        ("2026-03-02 12:00:00", "ISO 8601"),
        ("2026-03-02T13:00:00+01:00", "ISO 8601"),
    ],
)
async def test_times_are_found_out_and_the_finding_is_stated(desk: Desk, cell: str, says: str) -> None:
    report = await _load(desk, _file(desk, f"who,where,when\na,x,{cell}\n"), NAMED)

    assert (await desk.logged())[0].at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert any(says in note for note in report.notes)


@pytest.mark.parametrize(
    "kind",
    [
        pa.int64(),
        pa.float64(),
        pa.timestamp("ns"),
        pa.timestamp("us", tz="UTC"),
        pa.timestamp("ms", "Asia/Tokyo"),
    ],
)
async def test_parquet_columns_of_any_type_are_read(desk: Desk, kind: pa.DataType) -> None:
    moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    value = moment if pa.types.is_timestamp(kind) else moment.timestamp()
    if pa.types.is_timestamp(kind) and kind.tz is None:
        value = moment.replace(tzinfo=None)
    table = pa.table({"who": [1.0, None], "where": [7, 8], "when": pa.array([value, value], kind)})
    pq.write_table(table, desk.folder / "t.parquet")

    report = await _load(desk, desk.folder / "t.parquet", NAMED)

    assert [event.at for event in await desk.logged()] == [moment]
    assert report.skipped == {"no user": 1}
    assert [person.id for person in await desk.directory.people(ACME)] == ["1"]


async def test_rows_that_cannot_be_used_are_skipped_with_their_place(desk: Desk) -> None:
    cells = [
        "a,x,1772452800,post",
        ",x,1772452800,post",
        "a,,1772452800,post",
        "a,x,soon,post",
        "a,x,1772452800,a b",
    ]
    rows = "\n".join(["who,where,when,kind", *cells])

    report = await _load(desk, _file(desk, rows), Columns(user="who", item="where", ts="when", type="kind"))

    assert report.skipped == {
        "no user": 1,
        "no item": 1,
        "ts is not a time": 1,
        "type is not an identifier": 1,
    }
    assert report.places["ts is not a time"][0].at == "row 4"
    assert report.balanced


async def test_lines_that_are_no_rows_are_reported_by_line(desk: Desk) -> None:
    report = await _load(desk, _file(desk, CSV + "only-one-cell\n" + "d,x,1772453000\n"), NAMED)

    assert report.imported == 4
    assert [place.at for places in report.places.values() for place in places] == ["line 5"]


async def test_people_with_people_and_never_with_oneself(desk: Desk) -> None:
    report = await _load(
        desk,
        _file(desk, "1 2 1082040961\n3 3 1082155839\n\n# a comment\n2 1 1082414391\n", "messages.txt"),
        Columns(user="1", item="2", ts="3"),
        corpus=Corpus.USER,
    )

    assert (report.imported, report.skipped) == (2, {"with oneself": 1})
    assert {(event.corpus, event.data["type"]) for event in await desk.logged()} == {(Corpus.USER, "dm")}
    assert [person.id for person in await desk.directory.people(ACME)] == ["1", "2"]


@pytest.mark.parametrize(("mark", "name"), [("\t", "tab"), (";", ""), ("|", "pipe"), (",", "")])
async def test_the_delimiter_is_seen_or_told(desk: Desk, mark: str, name: str) -> None:
    report = await _load(desk, _file(desk, CSV.replace(",", mark)), NAMED, delimiter=name)

    assert report.imported == 3


async def test_conditions_choose_rows(desk: Desk) -> None:
    report = await _load(desk, _file(desk, CSV), NAMED, where=("who = a", "when > 1772452800"))

    assert report.imported == 1


async def test_a_constant_type_is_the_type_of_all(desk: Desk) -> None:
    await _load(desk, _file(desk, CSV), Columns(user="who", item="where", ts="when", type="=reaction"))

    assert {event.data["type"] for event in await desk.logged()} == {"reaction"}


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        (Columns(user="nope", item="where", ts="when"), "--user.*who, where, when"),
        (Columns(user="who", item="where", ts="who"), "holds no times"),
        (Columns(user="who", item="where", ts="when", type="=two words"), "--type"),
        (Columns(user="who", item="where", ts="when", type="kind"), "--type"),
    ],
)
async def test_options_that_do_not_fit_are_named(desk: Desk, columns: Columns, match: str) -> None:
    with pytest.raises(InvalidInput, match=match):
        await _load(desk, _file(desk, CSV), columns)


async def test_files_that_are_no_tables_are_refused(desk: Desk) -> None:
    broken = desk.folder / "t.parquet"
    broken.write_bytes(b"not parquet")

    with pytest.raises(InvalidFile, match="cannot be read as a table"):
        await _load(desk, broken, NAMED)
    with pytest.raises(InvalidFile, match="is not there"):
        await _load(desk, desk.folder / "none.csv", NAMED)


async def test_the_zulip_mentions_load_whole(desk: Desk, shared_data: Path) -> None:
    report = await _load(
        desk,
        shared_data / "rec" / "rust_zulip" / "mentions.parquet",
        Columns(user="src_user", item="dst_user", ts="ts", type="=mention"),
        corpus=Corpus.USER,
    )

    assert report.imported == 66_529
