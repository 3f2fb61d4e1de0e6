"""Messages on their way in: people to the directory, metadata to the event log, text to the store, in that order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.events.models import Event, EventLog
from core.ids import ChannelId, MessageId, UserId
from gateway.importers.interactions import interactions
from gateway.importers.roster import Roster
from summarize.intake import Fate, Intake, Review
from summarize.models import Message
from summarize.store import MessageStore


class Delivery:
    """Delivers batches of messages of one workspace."""
