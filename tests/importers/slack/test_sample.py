"""The sample workspace comes in whole."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path

import pytest

from samples.generate import generate
from tests.support.import_desk import Desk

pytestmark = pytest.mark.slow


async def test_every_message_of_the_sample_is_imported_and_none_twice(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "sample.zip"
    generate(path, seed=7, end=date(2026, 3, 2))
    with zipfile.ZipFile(path) as archive:
        days = [name for name in archive.namelist() if "/" in name and name.endswith(".json")]
        objects = sum(len(json.loads(archive.read(name))) for name in days)

    report = await desk.take_path(path)
    again = await desk.take_path(path)

    assert report.read == objects
    assert report.imported + sum(report.skipped.values()) == objects
    assert report.skipped == {}
    assert (again.imported, again.updated, again.unchanged) == (0, 0, report.imported)
    assert report.places == {}
