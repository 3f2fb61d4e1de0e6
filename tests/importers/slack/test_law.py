"""The law of the importer: over any export, however messy, imported + reported skipped = message objects read."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.database import Database
from tests.support.import_desk import WORKSPACE, desk_over
from tests.support.slack_export import ANNA, BEN, SlackExport, said, ts

pytestmark = pytest.mark.slow

_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_times = (
    st.integers(0, 6).map(ts) | st.sampled_from(["", "x", "0", "-1", "1e9", "1772452800", "9" * 30]) | _junk
)
_subtypes = st.sampled_from(
    [
        "",
        "bot_message",
        "channel_join",
        "thread_broadcast",
        "tombstone",
        "message_changed",
        "message_deleted",
        "new_one",
    ]
)
_fields: dict[str, st.SearchStrategy[Any]] = {
    "type": st.just("message") | _junk,
    "user": st.sampled_from([ANNA, BEN, "U0NEW0000"]) | _junk,
    "text": st.text(max_size=30) | st.sampled_from(["<@U0BEN0000> hi", "&lt;", "<!here>"]) | _junk,
    "thread_ts": _times,
    "subtype": _subtypes | _junk,
    "edited": st.builds(lambda at: {"user": ANNA, "ts": at}, _times) | _junk,
    "reactions": st.lists(
        st.fixed_dictionaries(
            {"name": st.sampled_from(["+1", "eyes"]), "users": st.lists(st.sampled_from([ANNA, BEN]))}
        )
    )
    | _junk,
    "files": st.lists(st.fixed_dictionaries({"name": st.text(max_size=5)}), max_size=2) | _junk,
    "blocks": _junk,
    "attachments": _junk,
    "message": st.builds(lambda at, text: said(0, text) | {"ts": at}, _times, st.text(max_size=5)) | _junk,
    "previous_message": _junk,
    "deleted_ts": _times,
    "bot_id": st.just("B0ROBOT00") | _junk,
    "bot_profile": _junk,
    "user_profile": _junk,
    "username": _junk,
    "comment": _junk,
    "parent_user_id": st.just(ANNA) | _junk,
}
_messages = st.fixed_dictionaries({"ts": _times}, optional=_fields) | _junk
_days = st.lists(_messages, max_size=8)


@settings(
    max_examples=50,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(first=_days, second=_days, stray=_days)
def test_no_message_is_lost_and_again_changes_nothing(
    first: list[Any], second: list[Any], stray: list[Any]
) -> None:
    export = SlackExport().day("general", first).day("general", second, "2026-03-03").day("secret", stray)

    one, two, before, after, kept = asyncio.run(_twice(export))

    objects = len(first) + len(second) + len(stray)
    assert one.read == objects == one.imported + one.updated + one.unchanged + sum(one.skipped.values())
    assert kept == one.imported
    assert two.read == objects
    assert (two.imported, two.updated, two.counts["events"]) == (0, 0, 0)
    assert after == before


async def _twice(export: SlackExport) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(f"sqlite+aiosqlite:///{folder}/catchup.db")
        desk = desk_over(database, Path(folder))
        try:
            one = await desk.take(export)
            before = await desk.everything()
            two = await desk.take(export)
            kept = sum((await desk.store.counts(WORKSPACE)).values())
            return one, two, before, await desk.everything(), kept
        finally:
            await database.close()
