"""Published figures on DialogSum come out again, within their tolerances (benchmarks/yardstick_dialogsum.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.yardstick_dialogsum import ROWS, Row, read_cases

pytestmark = [pytest.mark.yardstick, pytest.mark.slow]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_published_row_comes_out_again(shared_data: Path, row: Row):
    folder = shared_data / "eval" / "dialogsum"

    ours = row.measure(read_cases(folder), folder)

    assert ours == pytest.approx(row.published, abs=row.tolerance)
    assert ours == pytest.approx(row.derived, abs=0.05)
