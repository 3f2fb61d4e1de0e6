"""Who belongs to a conversation: as the export lists it, or as far as the messages show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from core.directory import Directory, Membership
from core.ids import ChannelId, UserId, WorkspaceId
from gateway.importers.slack.conversations import Conversation
from summarize.models import Message, MessageKind

_LEAVES = frozenset({"channel_leave", "group_leave"})


class Inferred:
    """Members of a conversation of which the export does not say: who joined or wrote, unless they left later."""

    def __init__(self) -> None:
        self._last: dict[UserId, tuple[object, bool]] = {}

    def see(self, message: Message) -> None:
        """Take note of a message."""
        if message.kind is MessageKind.DELETED:
            return
        known = self._last.get(message.author)
        if known is None or known[0] <= message.at:  # pyright: ignore[reportOperatorIssue]
            self._last[message.author] = (message.at, message.subtype not in _LEAVES)

    def members(self) -> frozenset[UserId]:
        """Return who is still there."""
        return frozenset(id for id, (_, present) in self._last.items() if present)


async def bring_up_to_date(
    directory: Directory, workspace: WorkspaceId, conversations: Iterable[Conversation]
) -> dict[ChannelId, frozenset[UserId]]:
    """Make the members of each conversation those the export lists, touching only what differs; return all members."""
    now: defaultdict[ChannelId, set[UserId]] = defaultdict(set)
    for membership in await directory.memberships(workspace):
        now[membership.channel].add(membership.person)
    joining: list[Membership] = []
    for conversation in conversations:
        channel, listed = conversation.channel.id, conversation.members
        if listed is None or set(listed) == now[channel]:
            continue
        if now[channel] - listed:
            await directory.set_members(workspace, channel, _memberships(channel, listed))
        else:
            joining += _memberships(channel, listed - now[channel])
        now[channel] = set(listed)
    if joining:
        await directory.add_members(workspace, joining)
    return {channel: frozenset(members) for channel, members in now.items()}


def _memberships(channel: ChannelId, people: Iterable[UserId]) -> list[Membership]:
    return [Membership(channel=channel, person=person) for person in sorted(people)]
