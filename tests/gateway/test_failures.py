from __future__ import annotations

import io
import logging

import pytest

from core.clock import ManualClock
from core.telemetry import Log
from gateway.failures import LibraryLogs, describe, plain
from tests.support.logs import lines

SECRET_WORDS = "we decided to let Bob go"


def test_an_error_is_told_by_type_place_and_cause_but_not_by_its_message():
    try:
        try:
            int(SECRET_WORDS)
        except ValueError as cause:
            raise RuntimeError(SECRET_WORDS) from cause
    except RuntimeError as error:
        told = describe(error)

    assert (told["error"], told["cause"]) == ("RuntimeError", "ValueError")
    assert str(told["place"]).startswith("tests/gateway/test_failures.py:")
    assert "Bob" not in str(told)


def test_an_error_that_was_never_raised_has_no_place():
    assert describe(ValueError()) == {"error": "ValueError", "place": ""}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/v1/summaries/{id}", "/v1/summaries/:id"),
        ("/channels/{channel}/messages/{message:path}", "/channels/:channel/messages/:message"),
        ("<frozen importlib>:7", "_frozen_importlib_:7"),
        ("x" * 200, "x" * 128),
    ],
)
def test_a_name_is_made_fit_for_a_log_line(name: str, shown: str):
    assert plain(name) == shown


def test_what_a_library_logs_keeps_its_origin_and_loses_its_message(clock: ManualClock):
    stream = io.StringIO()
    library = logging.getLogger("some.library")
    handler = LibraryLogs(Log(clock, stream))
    library.addHandler(handler)
    library.propagate = False

    try:
        {}[SECRET_WORDS]
    except KeyError:
        library.exception("cannot store %s", SECRET_WORDS)
    library.info("not worth a line")
    library.removeHandler(handler)

    (line,) = lines(stream, "library")
    assert (line["logger"], line["severity"], line["error"]) == ("some.library", "ERROR", "KeyError")
    assert "Bob" not in stream.getvalue()
