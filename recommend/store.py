"""What recommendation keeps in the database: answers that feedback may refer to, dismissals, opt-outs and blocks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import (
    BindParameter,
    Column,
    Connection,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    or_,
    select,
)

from core.database import Database, UtcMicros, metadata, upsert
from core.events.models import Corpus
from core.ids import PersonNumber, RequestId, WorkspaceId

served = Table(
    "recommend_served",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("request", String(64), primary_key=True),
    Column("at", UtcMicros, nullable=False),
    Column("person", Integer, nullable=False),
    Column("use_case", String(64), nullable=False),
    Column("arm", String(64), nullable=False),
    Column("corpus", String(16), nullable=False),
    Column("items", Text, nullable=False),  # id -> number, in the order shown, as JSON
    Index("ix_recommend_served_at", "at"),
)
dismissals = Table(
    "recommend_dismissals",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("person", Integer, primary_key=True),
    Column("corpus", String(16), primary_key=True),
    Column("item", Integer, primary_key=True),
    Column("at", UtcMicros, nullable=False),
)
optouts = Table(
    "recommend_optouts",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("person", Integer, primary_key=True),
    Column("other", Integer, primary_key=True),  # EVERYONE: opted out; else a block between the two
    Column("at", UtcMicros, nullable=False),
)
_LATEST = 4096  # answers remembered in memory too: most feedback comes soon, and to the same process
FEEDBACK_DAYS = 30
"""How long an answer is kept for feedback to refer to."""
EVERYONE = PersonNumber(0)
"""In `optouts.other`: the person takes no part in recommendations at all."""


_HERE: BindParameter[str] = bindparam("workspace")
_ASKER: BindParameter[int] = bindparam("person")
_OUT = select(optouts.c.person, optouts.c.other).where(
    optouts.c.workspace == _HERE,
    or_(optouts.c.other == EVERYONE, optouts.c.person == _ASKER, optouts.c.other == _ASKER),
)
_DISMISSED = select(dismissals.c.item).where(
    dismissals.c.workspace == _HERE,
    dismissals.c.person == _ASKER,
    dismissals.c.corpus == bindparam("corpus"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An answer as feedback needs it: whose it was, and which items it showed (id -> number, in order)."""

    workspace: WorkspaceId
    request: RequestId
    at: datetime
    person: PersonNumber
    use_case: str
    arm: str
    corpus: Corpus
    items: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What people said they do not want, as one asker meets it."""

    opted_out: bool
    """The asker takes no part: nothing personal is used for the answer."""
    dismissed: frozenset[int]
    hidden: frozenset[int]
    """People who opted out, or are blocked, either way round."""


class RecommendStore:
    """Opened by recommend and the composition root alone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._latest: OrderedDict[tuple[WorkspaceId, RequestId], Served] = OrderedDict()

    async def remember(self, answer: Served) -> None:
        """Keep an answer until feedback to it is no longer taken."""
        row = {
            "workspace": answer.workspace,
            "request": answer.request,
            "at": answer.at,
            "person": answer.person,
            "use_case": answer.use_case,
            "arm": answer.arm,
            "corpus": str(answer.corpus),
            "items": orjson.dumps(dict(answer.items)).decode(),
        }
        async with self._database.writing() as connection:
            await upsert(connection, served, [row], key=["workspace", "request"])
        self._latest[(answer.workspace, answer.request)] = answer
        while len(self._latest) > _LATEST:
            self._latest.popitem(last=False)

    async def recall(self, workspace: WorkspaceId, requests: Iterable[RequestId]) -> dict[RequestId, Served]:
        """Return those of the answers that this workspace got and that are still kept."""
        wanted = set(requests)
        found = {id: self._latest[(workspace, id)] for id in wanted if (workspace, id) in self._latest}
        missing = wanted - set(found)
        if not missing:
            return found
        query = select(served).where(served.c.workspace == workspace, served.c.request.in_(missing))
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return found | {RequestId(row["request"]): _answer(row) for row in rows}

    async def forget(self, *, before: datetime) -> int:
        """Drop answers given before a moment; return how many."""
        async with self._database.writing() as connection:
            return (await connection.execute(delete(served).where(served.c.at < before))).rowcount

    async def dismiss(
        self, workspace: WorkspaceId, entries: Sequence[tuple[PersonNumber, Corpus, int]], *, at: datetime
    ) -> None:
        """Never show these items to these people again, in any use case of the corpus."""
        rows = [
            {"workspace": workspace, "person": person, "corpus": str(corpus), "item": item, "at": at}
            for person, corpus, item in entries
        ]
        if rows:
            async with self._database.writing() as connection:
                await upsert(connection, dismissals, rows, key=["workspace", "person", "corpus", "item"])

    async def opt_out(
        self, workspace: WorkspaceId, person: PersonNumber, *, at: datetime, other: PersonNumber = EVERYONE
    ) -> None:
        """Leave a person out of recommendations, or two people out of each other's; takes effect at once."""
        row = {"workspace": workspace, "person": person, "other": other, "at": at}
        async with self._database.writing() as connection:
            await upsert(connection, optouts, [row], key=["workspace", "person", "other"])

    async def opt_in(
        self, workspace: WorkspaceId, person: PersonNumber, *, other: PersonNumber = EVERYONE
    ) -> None:
        """Take back `opt_out`; no error if there was none."""
        this = and_(optouts.c.workspace == workspace, optouts.c.person == person, optouts.c.other == other)
        async with self._database.writing() as connection:
            await connection.execute(delete(optouts).where(this))

    async def opted_out(self, workspace: WorkspaceId) -> frozenset[int]:
        """Return the people who take no part."""
        query = select(optouts.c.person).where(optouts.c.workspace == workspace, optouts.c.other == EVERYONE)
        async with self._database.reading() as connection:
            return frozenset(row.person for row in await connection.execute(query))


def read_wishes(
    connection: Connection, workspace: WorkspaceId, person: PersonNumber, corpus: Corpus
) -> Wishes:
    """Return what holds for an asker at this moment."""
    given = {"workspace": workspace, "person": person, "corpus": str(corpus)}
    pairs = [(int(row.person), int(row.other)) for row in connection.execute(_OUT, given).all()]
    everyone = {one for one, other in pairs if other == EVERYONE}
    blocked = {two for pair in pairs if EVERYONE not in pair for two in pair}
    return Wishes(
        opted_out=person in everyone,
        dismissed=frozenset(connection.execute(_DISMISSED, given).scalars().all()),
        hidden=frozenset((everyone | blocked) - {person}),
    )


def _answer(row: RowMapping) -> Served:
    return Served(
        workspace=WorkspaceId(row["workspace"]),
        request=RequestId(row["request"]),
        at=row["at"],
        person=PersonNumber(row["person"]),
        use_case=row["use_case"],
        arm=row["arm"],
        corpus=Corpus(row["corpus"]),
        items=orjson.loads(row["items"]),
    )
