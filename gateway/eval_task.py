"""The summarizer that serves, as a task of prompt_eval: each case becomes a channel of a scratch installation."""

from __future__ import annotations

import io
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.directory import Channel, Person, Workspace
from core.ids import ChannelId, MessageId, UserId, VersionId, WorkspaceId
from core.releases import digest
from gateway.app import Services, open_services
from gateway.settings import Settings
from prompt_eval.models import Case, Outcome, OutcomeItem
from summarize.asks import Ask, Between
from summarize.extractive import NAME
from summarize.models import Detail, Message

_READER = UserId("reader")
_CHANNEL = ChannelId("case")
_MADE_AT = datetime(2000, 1, 1, tzinfo=UTC)


class SummarizeTask:
    """Asks the summarizer, through its own door, what happened in a case.

    The embedded engine reads no prompt: `version` is the engine's, so its Verdict can promote no prompt.
    """

    def __init__(self, services: Services, detail: Detail) -> None:
        self._services = services
        self._detail = detail
        self._cases = 0

    @property
    def name(self) -> str:
        """The name of the task."""
        return "summarize"

    @property
    def model(self) -> str:
        """The embedder that the engine reads with."""
        return self._services.embedder.name

    @property
    def version(self) -> VersionId:
        """A hash of the engine, its embedder and the detail asked for."""
        return VersionId(digest([NAME, self.model, str(self._detail)])[:16])

    async def run(self, case: Case) -> Outcome:
        """Return the items of the summary of the whole case."""
        self._cases += 1
        workspace = WorkspaceId(f"case-{self._cases}")
        await self._settle(workspace, case)
        span = Between(
            since=min(message.at for message in case.messages),
            until=max(message.at for message in case.messages) + timedelta(microseconds=1),
        )
        ask = Ask(workspace=workspace, reader=_READER, channel=_CHANNEL, span=span, detail=self._detail)
        summary = await self._services.summarizer.summarize(ask)
        return Outcome(
            items=tuple(OutcomeItem(text=item.text, citations=item.citations) for item in summary.items)
        )

    async def _settle(self, workspace: WorkspaceId, case: Case) -> None:
        """Put a case into a workspace of its own, where one reader may read it."""
        directory = self._services.directory
        authors = dict.fromkeys(message.author for message in case.messages)
        people = [
            Person(id=_author(index), handle=author.strip("#@ ") or f"person{index}")
            for index, author in enumerate(authors)
        ]
        ids = {author: person.id for author, person in zip(authors, people, strict=True)}
        await directory.put_workspace(Workspace(id=workspace, name=workspace, created_at=_MADE_AT))
        await directory.put_people(workspace, [*people, Person(id=_READER, handle="reader")])
        await directory.put_channels(workspace, [Channel(id=_CHANNEL, name=_CHANNEL)])
        await self._services.messages.put(
            [
                Message(
                    id=MessageId(message.id),
                    workspace=workspace,
                    channel=_CHANNEL,
                    author=ids[message.author],
                    at=message.at,
                    text=message.text,
                    root=_root(message.thread, message.id),
                )
                for message in case.messages
            ]
        )


@asynccontextmanager
async def summarize_task(settings: Settings, detail: Detail) -> AsyncGenerator[SummarizeTask]:
    """Open the summarizer over a scratch home with these settings, and throw the home away afterwards."""
    with tempfile.TemporaryDirectory(prefix="catchup-eval-") as folder:
        apart: dict[str, object] = {"home": Path(folder), "database_url": "", "events_url": ""}
        alone: dict[str, object] = {
            "llm_url": "",
            "model": "",
            "models": None,
        }  # `version` names the embedded engine
        scratch = settings.model_copy(update=apart | alone)
        async with open_services(scratch, log_stream=io.StringIO()) as services:
            yield SummarizeTask(services, detail)


def _author(index: int) -> UserId:
    return UserId(f"author-{index}")


def _root(thread: str | None, id: str) -> MessageId | None:
    """Return the thread's first message, None for that message itself."""
    return MessageId(thread) if thread and thread != id else None
