"""`catchup summarize`, as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import ROOT, environment
from tests.support.slack_export import BEN, SlackExport, said


@pytest.mark.slow
def test_summarize_prints_cited_items_for_a_reader_and_the_same_as_json(tmp_path: Path) -> None:
    talk = [
        said(0, "Decision: meter events stay in Postgres, with daily partitions.", BEN),
        said(1, "I'll write the migration by Friday.", BEN),
    ]
    export = SlackExport().day("general", talk).to_folder(tmp_path / "export")
    catchup(tmp_path, "import", "slack", str(export))
    ask = ("summarize", "#general", "--since", "2000-01-01", "--user", BEN)

    shown = catchup(tmp_path, *ask)
    told = json.loads(catchup(tmp_path, *ask, "--json"))

    assert "Decisions" in shown
    assert "Meter events stay in Postgres" in shown
    assert "due Friday" in shown
    assert {item["kind"] for item in told["items"]} >= {"decision", "action"}


def catchup(folder: Path, *arguments: str) -> str:
    """Return what `catchup …` prints, over a home in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=ROOT,
        env=environment(folder / "home") | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
