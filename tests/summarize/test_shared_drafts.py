"""Who asks the same at the same time shares a draft, and nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import timedelta

from summarize.asks import Ask, Between
from summarize.engine import Brief, Draft
from summarize.models import Item, ItemKind, Summary
from tests.support.talk import ACME, ANN, BEN, SECRET, START, Room, said


@dataclass(slots=True)
class Gated:
    """Tells every message of a window in its own words, once it is let go."""

    name: str = "gated/1"
    model: str = "gated"
    briefs: list[Brief] = field(default_factory=list[Brief])
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def draft(self, brief: Brief) -> AsyncGenerator[Item | Draft, None]:
        self.briefs.append(brief)
        await self.go.wait()
        told = [
            Item(
                kind=ItemKind.UPDATE,
                text=entry.text,
                citations=(entry.message.id,),
                participants=(entry.message.author,),
            )
            for entry in brief.material.entries
            if not entry.context
        ]
        for item in told:
            yield item
        yield Draft(items=tuple(told))


async def asked_together(room: Room, *asks: Ask) -> tuple[Gated, list[Summary]]:
    """Ask all before any answer begins."""
    engine = Gated()
    room.engines = (engine,)
    summarizer = room.summarizer
    calls = [asyncio.create_task(summarizer.summarize(ask)) for ask in asks]
    await asyncio.sleep(0.2)  # each has joined a draft or begun its own
    engine.go.set()
    return engine, list(await asyncio.gather(*calls))


async def test_readers_of_the_same_messages_share_a_draft(room: Room) -> None:
    await room.hears(said(0, ANN, "The charger rollout begins in Aachen"))

    engine, summaries = await asked_together(room, room.ask(reader="@ann"), room.ask(reader="@cat"))

    assert len(engine.briefs) == 1
    assert summaries[0].items == summaries[1].items != ()


async def test_who_may_not_know_a_private_channel_never_shares_with_one_who_may(room: Room) -> None:
    await room.hears(said(0, ANN, f"The charger rollout is planned in <#{SECRET}>"))

    _, (own, other) = await asked_together(room, room.ask(reader="@ann"), room.ask(reader="@cat"))

    assert "#secret" in own.items[0].text
    assert "secret" not in other.items[0].text


async def test_a_window_that_holds_a_message_never_shares_with_one_that_has_it_for_context(
    room: Room,
) -> None:
    await room.hears(
        said(0, ANN, "The charger rollout begins in Aachen"),
        said(5, BEN, "The fitters in Aachen start at seven", root="m0"),
    )
    whole, later = (
        Between(since=START + timedelta(minutes=m), until=START + timedelta(hours=1)) for m in (0, 1)
    )

    _, (first, second) = await asked_together(room, room.ask(whole), room.ask(later))

    assert {item.citations for item in first.items} == {("m0",), ("m5",)}
    assert {item.citations for item in second.items} == {("m5",)}


async def test_who_reads_a_summary_of_somebody_else_is_not_told_their_private_channels(room: Room) -> None:
    await room.hears(said(0, ANN, "Decision: details are in <#G_SECRET>, ship on Friday."))
    made = await room.summarizer.summarize(room.ask(reader="@ann"))

    own = await room.summarizer.fetch(ACME, "@ann", made.id)
    other = await room.summarizer.fetch(ACME, "@cat", made.id)

    assert "#secret" in own.items[0].text
    assert other.items[0].text == own.items[0].text.replace("#secret", "a private channel")
