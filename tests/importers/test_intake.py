from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.database import Database
from core.ids import ChannelId, MessageId, UserId, WorkspaceId
from summarize.intake import Fate, Intake, NothingDerived, Review
from summarize.models import Message, MessageKind, Reaction
from summarize.store import MessageStore

ACME = WorkspaceId("acme")


@pytest.fixture
def derived() -> NothingDerived:
    return NothingDerived()


@pytest.fixture
def intake(database: Database, derived: NothingDerived, clock: ManualClock) -> Intake:
    return Intake(store=MessageStore(database), invalidator=derived, clock=clock)


@pytest.fixture
def hello(clock: ManualClock) -> Message:
    return Message(
        id=MessageId("m1"),
        workspace=ACME,
        channel=ChannelId("c1"),
        author=UserId("u1"),
        at=clock.now(),
        text="hello",
    )


async def test_only_a_change_of_content_invalidates(
    intake: Intake, derived: NothingDerived, hello: Message
) -> None:
    other = replace(hello, id=MessageId("m2"))
    await intake.put([hello, other])

    liked = replace(hello, reactions=(Reaction(name="+1", users=(UserId("u2"),)),))
    review = await intake.put([liked, other])
    assert (review.fates, review.changed, derived.told) == ((Fate.UPDATED, Fate.UNCHANGED), (), [])

    review = await intake.put([replace(liked, text="bye"), other])
    assert (review.fates, review.changed) == ((Fate.UPDATED, Fate.UNCHANGED), ("m1",))
    assert set(derived.told) == {"m1"}


async def test_a_deletion_is_final(
    database: Database, intake: Intake, derived: NothingDerived, hello: Message
) -> None:
    await intake.put([hello])

    assert await intake.bury(ACME, hello.id)
    review = await intake.put([hello])

    found = await MessageStore(database).find(ACME, hello.id)
    assert found is not None
    assert (found.text, found.kind, review.fates) == ("", MessageKind.DELETED, (Fate.SUPERSEDED,))
    assert set(derived.told) == {"m1"}
    assert await intake.bury(ACME, hello.id)
    assert not await intake.bury(ACME, MessageId("unknown"))
    assert not await intake.bury(WorkspaceId("other"), hello.id)


async def test_an_older_version_never_replaces_a_newer_one(
    intake: Intake, hello: Message, clock: ManualClock
) -> None:
    newer = replace(hello, text="newer", edited_at=clock.now() + timedelta(minutes=2))
    older = replace(hello, text="older", edited_at=clock.now() + timedelta(minutes=1))
    await intake.put([newer])

    review = await intake.put([hello, older, newer])

    assert review.fates == (Fate.SUPERSEDED, Fate.SUPERSEDED, Fate.UNCHANGED)
    assert review.writes == ()


async def test_versions_in_one_batch_come_down_to_the_last(
    database: Database, intake: Intake, hello: Message, clock: ManualClock
) -> None:
    edited = replace(hello, text="edited", edited_at=clock.now())

    review = await intake.put([hello, edited, edited, hello])

    assert review.fates == (Fate.NEW, Fate.UPDATED, Fate.UNCHANGED, Fate.SUPERSEDED)
    assert [message.text for message in review.writes] == ["edited"]


async def test_what_is_announced_comes_before_it_is_written(
    database: Database, intake: Intake, hello: Message
) -> None:
    seen: list[object] = []

    async def announce(review: Review) -> None:
        seen.append((review.fates, await MessageStore(database).find(ACME, hello.id)))

    await intake.put([hello], announce=announce)

    assert seen == [((Fate.NEW,), None)]


async def test_an_empty_batch_is_nothing(intake: Intake) -> None:
    assert (await intake.put([])).fates == ()
