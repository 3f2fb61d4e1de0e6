"""A small workspace that talks: people, channels and messages made in a line each, and a Summarizer over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.clock import ManualClock
from core.database import Database
from core.directory import Channel, ChannelKind, Directory, Guest, Membership, Person, Workspace
from core.embedding import HashingEmbedder, Vectors
from core.events.memory import MemoryEventLog
from core.ids import ChannelId, MessageId, SequentialIds, UserId, WorkspaceId
from core.release_store import Releases
from core.telemetry import Metrics
from core.vault import MemoryVault, Vault
from summarize.access import Access
from summarize.asks import Ask, Last, Span
from summarize.engine import Drafter
from summarize.extract_drafter import ExtractiveDrafter
from summarize.intake import Intake
from summarize.ladder import Ladder
from summarize.material import Material, Reading, prepare
from summarize.models import Detail, Item, Message, MessageKind, Reaction, Window
from summarize.names import Names
from summarize.service import Summarizer
from summarize.store import MessageStore, SummaryStore

ACME, OTHER = WorkspaceId("T_ACME"), WorkspaceId("T_OTHER")
GENERAL, SECRET = ChannelId("C_GENERAL"), ChannelId("G_SECRET")
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ANN = Person(id=UserId("U_ANN"), handle="ann", display_name="Ann", timezone="Europe/Berlin")
BEN = Person(id=UserId("U_BEN"), handle="ben", display_name="Ben")
CAT = Person(id=UserId("U_CAT"), handle="cat", display_name="Cat")
DAN = Person(id=UserId("U_DAN"), handle="dan", display_name="Dan")
GUEST = Person(id=UserId("U_GUEST"), handle="gus", display_name="Gus", guest=Guest.SINGLE)
ROBOT = Person(id=UserId("U_ROBOT"), handle="beacon", display_name="Beacon", is_bot=True)
PEOPLE = (ANN, BEN, CAT, DAN, GUEST, ROBOT)
CHANNELS = (
    Channel(id=GENERAL, name="general"),
    Channel(id=SECRET, name="secret", kind=ChannelKind.PRIVATE),
)


def said(
    minute: float,
    author: Person,
    text: str,
    *,
    id: str = "",
    root: str | None = None,
    kind: MessageKind = MessageKind.TEXT,
    thumbs: int = 0,
    channel: ChannelId = GENERAL,
    workspace: WorkspaceId = ACME,
) -> Message:
    """A message so many minutes after 2026-03-02 08:00 UTC; its id is `m` and the minute unless given."""
    voters = tuple(UserId(f"U_VOTER{n}") for n in range(thumbs))
    return Message(
        id=MessageId(id or f"m{minute:g}"),
        workspace=workspace,
        channel=channel,
        author=author.id,
        at=START + timedelta(minutes=minute),
        text=text,
        kind=kind,
        root=None if root is None else MessageId(root),
        reactions=(Reaction(name="+1", users=voters),) if voters else (),
    )


def material(messages: Sequence[Message], people: Iterable[Person] = PEOPLE) -> Material:
    """Messages as an engine gets them."""
    window = Window(since=START, until=START + timedelta(days=30))
    return prepare(Reading(window=window, found=messages), Names(people, CHANNELS))


def cited(items: Iterable[Item]) -> set[str]:
    """Every message id that items cite."""
    return {id for item in items for id in item.citations}


class CountingEmbedder(HashingEmbedder):
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.calls += 1
        return super().embed(texts)


@dataclass(slots=True)
class Room:
    """Acme's workspace over one database: who may read what, what was said, and who sums it up."""

    database: Database
    clock: ManualClock = field(default_factory=lambda: ManualClock(START + timedelta(hours=12)))
    embedder: CountingEmbedder = field(default_factory=CountingEmbedder)
    events: MemoryEventLog = field(default_factory=MemoryEventLog)
    metrics: Metrics = field(default_factory=Metrics)
    ids: SequentialIds = field(default_factory=SequentialIds)
    vault: Vault = field(default_factory=MemoryVault)
    engines: Sequence[Drafter] = ()

    @property
    def rungs(self) -> Sequence[Drafter]:
        """The engines of the room: the extractive one unless others are set."""
        return self.engines or (ExtractiveDrafter(self.embedder),)

    @property
    def directory(self) -> Directory:
        return Directory(self.database)

    @property
    def summaries(self) -> SummaryStore:
        return SummaryStore(self.database, self.vault)

    @property
    def messages(self) -> MessageStore:
        return MessageStore(self.database)

    @property
    def intake(self) -> Intake:
        return Intake(store=self.messages, invalidator=self.summaries, clock=self.clock)

    @property
    def releases(self) -> Releases:
        return Releases(self.database, self.clock)

    @property
    def summarizer(self) -> Summarizer:
        return Summarizer(
            access=Access(self.directory, self.messages),
            summaries=self.summaries,
            ladder=Ladder(lambda _workspace, _feature: self.rungs, self.metrics),
            directory=self.directory,
            events=self.events,
            clock=self.clock,
            ids=self.ids,
            metrics=self.metrics,
        )

    async def furnish(self, people: Sequence[Person] = PEOPLE) -> None:
        """Put everybody in their places: Ann and Ben are in #secret, the guest is nowhere."""
        for workspace in (ACME, OTHER):
            await self.directory.put_workspace(
                Workspace(id=workspace, name=workspace, created_at=self.clock.now())
            )
            await self.directory.put_people(workspace, people)
            await self.directory.put_channels(workspace, CHANNELS)
        both = [Membership(channel=SECRET, person=one.id) for one in (ANN, BEN)]
        await self.directory.set_members(ACME, SECRET, both)

    async def hears(self, *messages: Message) -> None:
        """Take messages in."""
        for message in messages:
            await self.intake.put([message])

    def ask(
        self,
        span: Span | None = None,
        *,
        reader: str = "@ann",
        channel: str = "#general",
        detail: Detail = Detail.STANDARD,
        timezone: str = "",
        workspace: WorkspaceId = ACME,
    ) -> Ask:
        """Ask for the last day, unless told otherwise."""
        return Ask(
            workspace=workspace,
            reader=reader,
            channel=channel,
            span=span or Last(span=timedelta(days=1)),
            detail=detail,
            timezone=timezone,
        )
