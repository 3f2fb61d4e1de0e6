"""POST /v1/directory, PUT /v1/channels/{id}/members: who there is, and who may read what."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from core.directory import Channel, ChannelKind, Guest, Membership, Person
from core.errors import InvalidInput, NotFound, TooLarge
from core.ids import ChannelId, UserId, WorkspaceId
from gateway.app import Services
from gateway.importers.plain import Name
from gateway.importers.roster import Roster
from gateway.web.deps import Caller, Scope, ServicesDep, allow

router = APIRouter(tags=["messages"])

LARGEST = 10_000
"""People, channels and memberships in one call at most."""

Allowed = Annotated[Caller, allow(Scope.MESSAGES)]
_Words = Annotated[str, Field(max_length=1000)]
_SHORT = "is not known"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PersonBody(_Strict):
    """A person as they are now; what is left out is set back to its default."""

    id: Annotated[Name, Field(examples=["U024BE7LH"])]
    handle: Annotated[str, Field(min_length=1, max_length=200, examples=["ana"])]
    real_name: _Words = ""
    display_name: _Words = ""
    title: _Words = ""
    timezone: Annotated[str, Field(max_length=64)] = "UTC"
    is_bot: bool = False
    guest: Annotated[
        Guest, Field(description="Guests see the channels they were added to, nothing else.")
    ] = Guest.NO
    deactivated: bool = False


class ChannelBody(_Strict):
    """A channel as it is now; all but public ones are readable by their members alone."""

    id: Annotated[Name, Field(examples=["C024BE91L"])]
    name: Annotated[str, Field(min_length=1, max_length=200, examples=["incidents"])]
    kind: ChannelKind
    archived: bool = False
    topic: _Words = ""
    purpose: _Words = ""
    creator: Name | None = None
    created_at: AwareDatetime | None = None


class MembershipBody(_Strict):
    """That someone belongs to a channel, or does no longer."""

    channel: Name
    person: Name
    state: Literal["joined", "left"] = "joined"
    since: AwareDatetime | None = None


class DirectoryBody(_Strict):
    """What has changed; people and channels first, then memberships in order. All or nothing is checked before."""

    people: Annotated[list[PersonBody], Field(examples=[[{"id": "U024BE7LH", "handle": "ana"}]])] = []
    channels: Annotated[
        list[ChannelBody], Field(examples=[[{"id": "C024BE91L", "name": "incidents", "kind": "public"}]])
    ] = []
    memberships: Annotated[
        list[MembershipBody], Field(examples=[[{"channel": "C024BE91L", "person": "U024BE7LH"}]])
    ] = []


class DirectoryAnswer(BaseModel):
    """How many entries were taken."""

    people: int
    channels: int
    memberships: int


class MembersBody(_Strict):
    """Everybody who belongs to the channel, and nobody else."""

    members: Annotated[list[Name], Field(max_length=LARGEST, examples=[["U024BE7LH"]])]


class MembersAnswer(BaseModel):
    """How many members the channel has now."""

    members: int


@router.post("/v1/directory", summary="Bring people, channels and memberships up to date")
async def put_directory(body: DirectoryBody, caller: Allowed, services: ServicesDep) -> DirectoryAnswer:
    """Add people and channels or replace what is known of them; let people join and leave. Safe to send again.

    Who left a channel cannot read it, nor any summary of it, from the next request on.
    """
    size = len(body.people) + len(body.channels) + len(body.memberships)
    if size > LARGEST:
        raise TooLarge(f"{size} entries in one call.", remedy=f"Send at most {LARGEST} at a time.")
    await _require_known(body, caller.workspace, services)
    found = services.directory
    if body.people:
        await found.put_people(caller.workspace, [_person(entry) for entry in body.people])
    if body.channels:
        await found.put_channels(caller.workspace, [_channel(entry) for entry in body.channels])
    await _change_members(body.memberships, caller.workspace, services)
    return DirectoryAnswer(
        people=len(body.people), channels=len(body.channels), memberships=len(body.memberships)
    )


@router.put("/v1/channels/{id}/members", summary="Say who belongs to a channel")
async def put_members(
    id: Annotated[str, Path(max_length=64, examples=["C024BE91L"])],
    body: MembersBody,
    caller: Allowed,
    services: ServicesDep,
) -> MembersAnswer:
    """Make these the members of a channel, and nobody else; who is gone cannot read it from the next request on."""
    channel, people = ChannelId(id), [UserId(person) for person in dict.fromkeys(body.members)]
    roster = Roster(services.directory, caller.workspace, newcomers=Guest.MULTI)
    await roster.fetch(people, [channel])
    if roster.channel(channel) is None:
        raise NotFound("channel", id, remedy="Send it to POST /v1/directory first.")
    for index, person in enumerate(people):
        if roster.person(person) is None:
            raise _unknown(f"members.{index}", person)
    entries = [Membership(channel=channel, person=person) for person in people]
    await services.directory.set_members(caller.workspace, channel, entries)
    return MembersAnswer(members=len(entries))


async def _require_known(body: DirectoryBody, workspace: WorkspaceId, services: Services) -> None:
    """Raise InvalidInput for a membership of somebody, or in a channel, that nobody told us of."""
    people, channels = {entry.id for entry in body.people}, {entry.id for entry in body.channels}
    roster = Roster(services.directory, workspace, newcomers=Guest.MULTI)
    await roster.fetch(
        sorted({UserId(entry.person) for entry in body.memberships} - people),
        sorted({ChannelId(entry.channel) for entry in body.memberships} - channels),
    )
    for index, entry in enumerate(body.memberships):
        if entry.person not in people and roster.person(UserId(entry.person)) is None:
            raise _unknown(f"memberships.{index}.person", entry.person)
        if entry.channel not in channels and roster.channel(ChannelId(entry.channel)) is None:
            raise _unknown(f"memberships.{index}.channel", entry.channel)


async def _change_members(entries: list[MembershipBody], workspace: WorkspaceId, services: Services) -> None:
    for entry in entries:
        channel, person = ChannelId(entry.channel), UserId(entry.person)
        if entry.state == "left":
            await services.directory.remove_member(workspace, channel, person)
        else:
            joined = Membership(channel=channel, person=person, since=entry.since)
            await services.directory.add_members(workspace, [joined])


def _unknown(field: str, id: str) -> InvalidInput:
    return InvalidInput(field, id, _SHORT, remedy="Send people and channels in the same call or before.")


def _person(body: PersonBody) -> Person:
    fields: dict[str, Any] = body.model_dump()
    return Person(**fields)


def _channel(body: ChannelBody) -> Channel:
    fields: dict[str, Any] = body.model_dump()
    return Channel(**fields)
