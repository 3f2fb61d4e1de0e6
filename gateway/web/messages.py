"""POST /v1/messages, DELETE /v1/messages/{id}: live chat events come in."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from core.directory import ChannelKind, Guest
from core.errors import CatchupError, InvalidInput, NotFound, TooLarge
from core.ids import ChannelId, MessageId, UserId, WorkspaceId
from gateway.app import Services
from gateway.importers.delivery import Delivery
from gateway.importers.interactions import mentioned
from gateway.importers.plain import PlainMessage, read_message
from gateway.importers.roster import Roster
from gateway.web.deps import Caller, Scope, ServicesDep, allow
from summarize.intake import Fate
from summarize.models import Message

router = APIRouter(tags=["messages"])

LARGEST = 1000
"""Messages in one batch at most."""

Allowed = Annotated[Caller, allow(Scope.MESSAGES)]
_EXAMPLE = {
    "id": "C024BE91L-1772452800.000100",
    "channel": "C024BE91L",
    "author": "U024BE7LH",
    "ts": "2026-03-02T12:00:00Z",
    "text": "Rolling back checkout, <@U02ANA> is on it",
}


class MessagesBody(BaseModel):
    """A batch; each message is judged by itself."""

    model_config = ConfigDict(extra="forbid")
    messages: Annotated[
        list[Any],
        Field(
            description=f"At most {LARGEST}: id, channel, author, ts and text; thread, kind, edited … if there are.",
            examples=[[_EXAMPLE]],
            json_schema_extra={"items": PlainMessage.model_json_schema()},
        ),
    ]


class MessageResult(BaseModel):
    """What became of one message, in the order sent."""

    id: str | None
    status: Literal["new", "updated", "unchanged", "superseded", "rejected"]
    kind: Annotated[str | None, Field(description="Of the problem, if it was rejected.")] = None
    detail: str | None = None
    remedy: str | None = None


class MessagesAnswer(BaseModel):
    """What became of a batch. `superseded`: what is stored is newer, or was deleted."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    rejected: int = 0
    results: list[MessageResult]


@router.post("/v1/messages", summary="Add messages, or bring them up to date")
async def put_messages(body: MessagesBody, caller: Allowed, services: ServicesDep) -> MessagesAnswer:
    """Take a batch: what is wrong is named message by message, and the rest is kept. Safe to send again.

    The channel must be there (`POST /v1/directory`): who may read it is decided there, never guessed. An author who
    is not gets an entry as a guest. An edit drops the summaries made from the message.
    """
    if len(body.messages) > LARGEST:
        raise TooLarge(
            f"messages: {len(body.messages)} in one batch.", remedy=f"Send at most {LARGEST} at a time."
        )
    read = [_read(value, caller.workspace) for value in body.messages]
    roster = await _roster(
        [message for message in read if isinstance(message, Message)], caller.workspace, services
    )
    checked = [_in_known_channel(message, roster) for message in read]
    good = [message for message in checked if isinstance(message, Message)]
    fates = iter(await _deliver(good, roster, services) if good else ())
    results = [
        _rejected(value, message) if isinstance(message, CatchupError) else _kept(message, next(fates))
        for value, message in zip(body.messages, checked, strict=True)
    ]
    return MessagesAnswer(results=results, **Counter(result.status for result in results))


@router.delete("/v1/messages/{id}", status_code=204, summary="Delete a message")
async def delete_message(
    id: Annotated[str, Path(max_length=128, examples=["C024BE91L-1772452800.000100"])],
    caller: Allowed,
    services: ServicesDep,
) -> None:
    """Remove the text of a message for good, and every summary made from it. Deleting again is no error."""
    if not await services.intake.bury(caller.workspace, MessageId(id)):
        raise NotFound("message", id, remedy="Give the id under which it was sent.")


def _read(value: Any, workspace: WorkspaceId) -> Message | CatchupError:  # noqa: ANN401  whatever was sent
    try:
        return read_message(value, workspace)
    except InvalidInput as error:
        return error


async def _roster(messages: list[Message], workspace: WorkspaceId, services: Services) -> Roster:
    """Return everyone the messages show, as far as the directory knows them."""
    roster = Roster(services.directory, workspace, newcomers=Guest.MULTI)
    people = {message.author for message in messages}
    for message in messages:
        people |= {*mentioned(message.text), *(user for entry in message.reactions for user in entry.users)}
    await roster.fetch(sorted(people), sorted({message.channel for message in messages}))
    return roster


def _in_known_channel(message: Message | CatchupError, roster: Roster) -> Message | CatchupError:
    if isinstance(message, CatchupError) or roster.channel(message.channel) is not None:
        return message
    return NotFound("channel", message.channel, remedy="Send it to POST /v1/directory first.")


async def _deliver(messages: list[Message], roster: Roster, services: Services) -> tuple[Fate, ...]:
    pairs: dict[ChannelId, frozenset[UserId]] = {}
    for id in {message.channel for message in messages}:
        channel = roster.channel(id)
        if channel is not None and channel.kind is ChannelKind.DIRECT:
            pairs[id] = await services.directory.members(roster.workspace, id)
    for person in {message.author for message in messages}.union(*pairs.values()):
        roster.meet(person)
    delivery = Delivery(roster=roster, intake=services.intake, events=services.events, pairs=pairs)
    return (await delivery.deliver(messages)).fates


def _kept(message: Message, fate: Fate) -> MessageResult:
    return MessageResult(id=message.id, status=fate.value)


def _rejected(value: Any, error: CatchupError) -> MessageResult:  # noqa: ANN401  whatever was sent
    id = value.get("id") if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]
    shown = id if isinstance(id, str) and len(id) <= 128 else None
    return MessageResult(
        id=shown, status="rejected", kind=error.kind, detail=error.message, remedy=error.remedy
    )
