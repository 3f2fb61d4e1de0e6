"""Message text does not leave: SafeText, redaction, pseudonyms, metadata, logs."""

from __future__ import annotations

import io

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ManualClock
from core.errors import CatchupError, InvalidInput, leaves
from core.ids import RandomIds, SequentialIds, WorkspaceId
from core.privacy import SafeText, metadata_only, pseudonym, redact
from core.telemetry import Log

ACME = WorkspaceId("T-acme")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("write to ann@example.com", "write to [email]"),
        ("see https://intra.example/x?token=1 now", "see [url] now"),
        ("key xoxb-123456789012-abcdef", "key [secret]"),
        ("password: hunter2", "[secret]"),
        ("card 4111 1111 1111 1111", "card [card]"),
        ("host 10.1.2.3 is down", "host [ip] is down"),
        ("call +49 30 1234567", "call [phone]"),
        ("<@U1> and <!here>", "[mention] and [mention]"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_what_identifies_is_redacted(text: str, safe: str):
    assert redact(text) == safe


@given(st.text())
def test_redacting_twice_changes_nothing_more(text: str):
    assert redact(redact(text)) == redact(text)


def test_pseudonyms_hold_within_a_workspace_and_tell_nothing_between():
    key = b"k" * 32

    assert pseudonym(key, ACME, "U1") == pseudonym(key, ACME, "U1")
    assert pseudonym(key, ACME, "U1") != pseudonym(key, WorkspaceId("T-b"), "U1")
    assert pseudonym(key, ACME, "U1") != pseudonym(b"other", ACME, "U1")


@given(st.text(min_size=1).filter(lambda text: any(character.isspace() for character in text)))
def test_text_with_a_space_in_it_never_passes_as_metadata(text: str):
    with pytest.raises(InvalidInput) as error:
        metadata_only("data", {"features": [1.0, {"name": text}]})

    assert text.strip() == "" or len(text) < 4 or text not in str(error.value)


def test_numbers_and_identifiers_pass_as_metadata():
    value = {
        "type": "post",
        "channel": 7,
        "scores": [0.5, 1.0],
        "request": "req_000001",
        "public": True,
        "x": None,
    }

    assert metadata_only("data", value) == value


@pytest.mark.parametrize("value", [b"let us meet", bytearray(b"x"), SafeText("x"), {"a": b"x"}, [object()]])
def test_what_is_neither_number_nor_identifier_does_not_pass_as_metadata(value: object):
    with pytest.raises(InvalidInput, match="never text"):
        metadata_only("data", value)  # pyright: ignore[reportArgumentType]


def test_a_log_line_is_json_and_refuses_prose(clock: ManualClock):
    stream = io.StringIO()
    log = Log(clock, stream)

    log.info("request", route="/v1/summaries", status=200, note=SafeText("mail ann@example.com"))

    line = orjson.loads(stream.getvalue())
    assert line["event"] == "request"
    assert line["note"] == "mail [email]"
    with pytest.raises(InvalidInput):
        log.info("request", text="let us meet at noon")


def test_every_error_has_a_kind_of_its_own():
    kinds = [error.kind for error in leaves()]

    assert len(set(kinds)) == len(kinds)
    assert CatchupError.kind not in kinds


def test_an_error_names_field_value_and_remedy_and_stays_short():
    error = InvalidInput("last", "x" * 1_000, "is not a span", remedy="Write 30m, 7d or 2w.")

    assert str(error).startswith("last: is not a span (got 'xxx")
    assert str(error).endswith("Write 30m, 7d or 2w.")
    assert len(str(error)) < 200


def test_new_ids_do_not_repeat():
    assert len({RandomIds().new("req") for _ in range(1_000)}) == 1_000
    ids = SequentialIds()
    assert [ids.new("a"), ids.new("a")] == ["a_000001", "a_000002"]
