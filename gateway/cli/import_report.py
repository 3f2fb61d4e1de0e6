"""The report of an import, for a person or as JSON."""

from __future__ import annotations

import orjson
import typer
from rich.console import Console
from rich.table import Table

from gateway.importers.report import Report

_PLACES = 5  # shown for each reason; all of those kept are in the JSON
_NOTES = 20


def show(report: Report, *, as_json: bool) -> None:
    """Print a report on stdout."""
    if as_json:
        typer.echo(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2).decode())
        return
    console = Console(highlight=False)
    console.print(_summary(report))
    if report.counts:
        console.print(_counts(report))
    _print_places(console, report)
    for note in report.notes[:_NOTES]:
        console.print(f"- {note}", markup=False, soft_wrap=True)
    if len(report.notes) > _NOTES:
        console.print(f"- … and {len(report.notes) - _NOTES} more notes: see --json")


def _summary(report: Report) -> Table:
    table = Table(title=f"{report.source} into workspace {report.workspace}", title_justify="left")
    table.add_column(report.unit)
    table.add_column("count", justify="right")
    kept = [("new", report.imported), ("updated", report.updated), ("unchanged", report.unchanged)]
    for name, count in kept:
        table.add_row(name, f"{count:,}")
    for reason, count in sorted(report.skipped.items(), key=lambda entry: -entry[1]):
        table.add_row(f"skipped: {reason}", f"{count:,}")
    table.add_section()
    speed = f" in {report.seconds:.1f} s ({report.read / report.seconds:,.0f}/s)" if report.seconds else ""
    table.add_row(f"read{speed}", f"{report.read:,}")
    return table


def _counts(report: Report) -> Table:
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, count in sorted(report.counts.items()):
        table.add_row(name, f"{count:,}")
    return table


def _print_places(console: Console, report: Report) -> None:
    for reason, places in sorted(report.places.items()):
        console.print(f"{reason}:", style="yellow", markup=False)
        for place in places[:_PLACES]:
            console.print(f"  {place}", markup=False, soft_wrap=True)
        if len(places) > _PLACES:
            console.print(f"  … and {len(places) - _PLACES} more places in --json")
