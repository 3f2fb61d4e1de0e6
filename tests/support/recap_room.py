"""Acme with channels that people are members of, and recaps over them."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.directory import Channel, Membership, Person
from core.errors import CatchupError
from core.ids import ChannelId, SummaryId, WorkspaceId
from summarize.asks import Ask
from summarize.markers import ReadMarkers
from summarize.models import Detail, Summary
from summarize.recaps.batch import Batch
from summarize.recaps.models import RecapAsk
from summarize.recaps.service import Recaps
from summarize.service import Summarizer
from tests.support.talk import ACME, ANN, BEN, CAT, GENERAL, PEOPLE, SECRET, Room

DESIGN, LUNCH = ChannelId("C_DESIGN"), ChannelId("C_LUNCH")


@dataclass(slots=True)
class Counted:
    """A summarizer that counts what it is asked for, and fails as told, channel by channel."""

    real: Summarizer
    failures: dict[str, list[CatchupError]] = field(default_factory=dict[str, list[CatchupError]])
    asked: list[Ask] = field(default_factory=list[Ask])

    async def summarize(self, ask: Ask) -> Summary:
        """Fail if there is a failure left for the channel, else summarize."""
        self.asked.append(ask)
        if left := self.failures.get(ask.channel):
            raise left.pop(0)
        return await self.real.summarize(ask)

    async def fetch(self, workspace: WorkspaceId, reader: str, summary_id: SummaryId) -> Summary:
        """Read a summary again."""
        return await self.real.fetch(workspace, reader, summary_id)


@dataclass(slots=True)
class RecapRoom(Room):
    """A room whose people have channels."""

    counted: Counted | None = None

    @property
    def count(self) -> Counted:
        """What the recaps ask."""
        self.counted = self.counted or Counted(real=self.summarizer)
        return self.counted

    @property
    def asked(self) -> list[str]:
        """The channels that a summary was asked for, in order of name."""
        return sorted(ask.channel for ask in self.count.asked)

    @property
    def markers(self) -> ReadMarkers:
        return ReadMarkers(self.database)

    def recaps(self, *, patience: int = 0) -> Recaps:
        """Return the recaps, over the summarizer that counts."""
        return Recaps.over(
            self.database, summarizer=self.count, clock=self.clock, ids=self.ids, patience=patience
        )

    def batch(self) -> Batch:
        """Return the batch, which waits for nobody."""
        return Batch(recaps=self.recaps(), directory=self.directory, clock=self.clock, waits=0)

    def wish(self, reader: str = "@ann", **wishes: object) -> RecapAsk:
        """Ask for a recap of Acme, in as much detail as two messages deserve."""
        return RecapAsk(workspace=ACME, reader=reader, **{"detail": Detail.STANDARD, **wishes})  # pyright: ignore[reportArgumentType]

    async def furnish(self, people: list[Person] | tuple[Person, ...] = PEOPLE) -> None:
        """Ann, Ben and Cat are in #general, Ann and Ben in #secret, Ann in #design; #lunch is Cat's alone."""
        await Room.furnish(self, people)
        more = [Channel(id=DESIGN, name="design"), Channel(id=LUNCH, name="lunch")]
        await self.directory.put_channels(ACME, more)
        for channel, members in {
            GENERAL: (ANN, BEN, CAT),
            SECRET: (ANN, BEN),
            DESIGN: (ANN,),
            LUNCH: (CAT,),
        }.items():
            await self.directory.set_members(
                ACME, channel, [Membership(channel=channel, person=one.id) for one in members]
            )
