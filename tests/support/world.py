"""A small world, known by heart: who is where, who said what."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.directory import Channel, ChannelKind, Membership, Person, Workspace
from core.ids import ChannelId, MessageId, UserId, WorkspaceId
from gateway.app import Services
from summarize.models import Message

ACME = WorkspaceId("T_ACME")
ANA, BEN, CY = UserId("U_ANA"), UserId("U_BEN"), UserId("U_CY")
INCIDENTS, BOARD, LUNCH = ChannelId("C_INC"), ChannelId("G_BOARD"), ChannelId("C_LUNCH")

SAID = (
    (ANA, "Checkout is down, the payment service returns 502 since the deploy."),
    (BEN, "I am looking at it. The connection pool of the database is exhausted."),
    (ANA, "We decided to roll back release 4.12 now."),
    (BEN, "Rollback of 4.12 is done, checkout works again."),
    (CY, "<@U_BEN> please write the postmortem until Friday."),
    (BEN, "Will do. Does anybody know why the alert came ten minutes late?"),
)


async def fill(services: Services, now: datetime) -> None:
    """Put three people, a public and a private channel and one incident of an hour ago into T_ACME."""
    directory = services.directory
    await directory.put_workspace(Workspace(id=ACME, name="Acme", created_at=now))
    names = {ANA: "ana", BEN: "ben", CY: "cy"}
    await directory.put_people(ACME, [Person(id=id, handle=handle) for id, handle in names.items()])
    await directory.put_channels(
        ACME,
        [
            Channel(id=INCIDENTS, name="incidents"),
            Channel(id=BOARD, name="board", kind=ChannelKind.PRIVATE),
            Channel(id=LUNCH, name="lunch"),
        ],
    )
    await directory.set_members(
        ACME, INCIDENTS, [Membership(channel=INCIDENTS, person=id) for id in (ANA, BEN, CY)]
    )
    await directory.set_members(ACME, LUNCH, [Membership(channel=LUNCH, person=id) for id in (BEN, CY)])
    await directory.set_members(ACME, BOARD, [Membership(channel=BOARD, person=CY)])
    await services.intake.put(
        [
            Message(
                id=MessageId(f"{INCIDENTS}-{place}"),
                workspace=ACME,
                channel=INCIDENTS,
                author=author,
                at=now - timedelta(minutes=60 - place),
                text=text,
            )
            for place, (author, text) in enumerate(SAID)
        ]
    )
