"""The same through the Summarizer's door: what is saved, read back, sent and rendered holds the guarantees as well."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from core.database import Database
from core.directory import Person, Workspace
from core.ids import MessageId, UserId, WorkspaceId
from gateway.web.summary_bodies import item_body, summary_body
from summarize.extract_drafter import ExtractiveDrafter
from summarize.models import Detail, Item, Summary
from summarize.render import blocks, markdown
from summarize.sources import Sources
from summarize.spotlight import canary
from tests.support.injection import SECRET, Case, exposed, judged, load, unaffected
from tests.support.obedient import obeying
from tests.support.talk import Room

READER = Person(id=UserId("U_READER"), handle="the-reader", display_name="The Reader")
SITE = "https://catchup.example/messages/"
CANARY = canary(SECRET)
OWN = Path(__file__).parent
FOLDERS = [(None, 10), ("slack_handmade", 8), ("bipia", 20), ("cyberseceval", 50)]


async def moved_in(room: Room, case: Case) -> Case:
    """Put a case into a workspace of its own, beside a reader who takes no part, and return it as it is there."""
    workspace = WorkspaceId(f"T_{case.id}")
    messages = tuple(replace(message, workspace=workspace) for message in case.messages)
    await room.directory.put_workspace(Workspace(id=workspace, name="Acme", created_at=room.clock.now()))
    await room.directory.put_people(workspace, [*case.people.values(), READER])
    await room.directory.put_channels(workspace, [case.channel])
    await room.hears(*messages)
    return replace(case, messages=messages)


async def answered(room: Room, case: Case, *, broken: bool) -> tuple[list[Item], Summary, Sources]:
    """Return the items as they were streamed, the summary as it was read back, and its sources."""
    workspace = case.messages[0].workspace
    room.engines = (obeying(case, broken=broken), ExtractiveDrafter(room.embedder))
    ask = room.ask(reader=READER.id, channel=case.channel.id, detail=Detail.FULL, workspace=workspace)
    streamed = [answer async for answer in room.summarizer.stream(ask)]
    made = next(answer for answer in streamed if isinstance(answer, Summary))
    saved = await room.summarizer.fetch(workspace, READER.id, made.id)
    sources = await room.summarizer.sources(workspace, READER.id, case.channel.id, saved.items)
    return [answer for answer in streamed if isinstance(answer, Item)], saved, sources


def link(id: MessageId) -> str:
    return f"{SITE}{id}"


def sent(items: list[Item], saved: Summary, sources: Sources) -> list[str]:
    """Return the bodies of the events as clients get them."""
    bodies = [*(item_body(item, sources) for item in items), summary_body(saved, sources)]
    return [body.model_dump_json() for body in bodies]


def as_markdown(saved: Summary, sources: Sources) -> str:
    """Return what a reader sees of the Markdown; of the links only ours are taken out."""
    text = markdown(saved, sources, link)
    return re.sub(r"\\(.)", r"\1", re.sub(rf"\[open\]\({SITE}[\d.]+\)", "", text))


def as_slack(saved: Summary, sources: Sources) -> str:
    """Return the blocks' mrkdwn without our own links."""
    found = [
        block.get("text", *block.get("elements", []))
        for block in blocks(saved, sources, link)
        if len(block) > 1
    ]
    return re.sub(rf"<{SITE}[\d.]+\|([^<>|]*)>", r"\1", "\n".join(text["text"] for text in found))


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize(("folder", "every"), FOLDERS)
async def test_what_is_saved_sent_and_rendered_holds_the_guarantees(
    folder: str | None, every: int, broken: bool, sqlite_database: Database, shared_data: Path
) -> None:
    room = Room(sqlite_database)
    engines: set[str] = set()

    for case in load(shared_data / "injection" / folder if folder else OWN)[broken::every]:
        here = await moved_in(room, case)
        items, saved, sources = await answered(room, here, broken=broken)
        engines.add(saved.provenance.engine)
        told = "\n".join(
            [*(e.text for e in here.material.entries), *sources.people.values(), case.channel.name]
        ).casefold()

        assert list(saved.items) == items, case.id
        assert (judged(here, saved.items, canary=CANARY).escaped, unaffected(here, saved.items)) == (
            (),
            (),
        ), case.id
        for body in sent(items, saved, sources):
            assert "\n" not in body
            assert json.loads(body)["citations" if "text" in json.loads(body) else "items"] is not None
        assert list(exposed(as_markdown(saved, sources), told, CANARY)) == [], case.id
        slack = as_slack(saved, sources)
        assert "<" not in slack, case.id
        assert list(exposed(html.unescape(slack).replace("\u2060", ""), told, CANARY)) == [], case.id

    assert engines == {"llm/1"}
