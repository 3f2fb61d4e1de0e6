"""The event log on NATS JetStream: the same port, for more than one machine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from core.errors import EventLogUnavailable
from core.events.codec import from_bytes, to_bytes
from core.events.models import Appended, Event, Offset, Record

_DEDUPLICATION = timedelta(days=2)  # JetStream forgets message ids after this; feedback repeats come sooner
_IN_FLIGHT = 1_000  # publications that wait for the server at once


class NatsEventLog:
    """A JetStream stream on disk; the server deduplicates by message id for two days.

    log = await NatsEventLog.open("nats://127.0.0.1:4222", stream="CATCHUP")
    """

    def __init__(self, client: Client, stream: str) -> None:
        self._client = client
        self._js: JetStreamContext = client.jetstream()  # pyright: ignore[reportUnknownMemberType]
        self._stream = stream

    @classmethod
    async def open(cls, url: str, *, stream: str = "CATCHUP") -> NatsEventLog:
        """Connect and make the stream if it is not there. Raises EventLogUnavailable."""
        try:
            client = await nats.connect(  # pyright: ignore[reportUnknownMemberType]
                url, connect_timeout=5, max_reconnect_attempts=3, error_cb=_ignore
            )
            client.options[
                "max_reconnect_attempts"
            ] = -1  # once connected, wait for the server as long as it takes
            log = cls(client, stream)
            await log._create_stream()
        except (NatsError, OSError, TimeoutError) as error:
            raise _unavailable(error) from error
        return log

    async def append(self, events: Sequence[Event]) -> Sequence[Appended]:
        """Publish events in order and return when the server has stored each."""
        try:
            acks: list[Appended] = []
            for first in range(0, len(events), _IN_FLIGHT):
                acks += await asyncio.gather(*map(self._publish, events[first : first + _IN_FLIGHT]))
        except (NatsError, OSError, TimeoutError) as error:
            raise _unavailable(error) from error
        return acks

    async def read(self, *, after: Offset, limit: int) -> Sequence[Record]:
        """Return records after an offset, in order."""
        end = await self.end()
        after = Offset(max(after, 0))
        if after >= end or limit < 1:
            return []
        try:
            return await self._fetch(after, end, limit)
        except (NatsError, OSError, TimeoutError) as error:
            raise _unavailable(error) from error

    async def end(self) -> Offset:
        """Return the offset of the last record."""
        try:
            return Offset((await self._js.stream_info(self._stream)).state.last_seq)
        except (NatsError, OSError, TimeoutError) as error:
            raise _unavailable(error) from error

    async def close(self) -> None:
        """Flush and disconnect."""
        if not self._client.is_closed:
            await self._client.drain()

    async def _create_stream(self) -> None:
        try:
            await self._js.stream_info(self._stream)
        except NotFoundError:
            await self._js.add_stream(  # pyright: ignore[reportUnknownMemberType]
                StreamConfig(
                    name=self._stream,
                    subjects=[f"{self._stream}.>"],
                    storage=StorageType.FILE,
                    retention=RetentionPolicy.LIMITS,
                    duplicate_window=_DEDUPLICATION.total_seconds(),
                )
            )

    async def _publish(self, event: Event) -> Appended:
        ack = await self._js.publish(
            f"{self._stream}.events",
            to_bytes(event),
            headers={"Nats-Msg-Id": _message_id(event)},
        )
        return Appended(offset=Offset(ack.seq), duplicate=bool(ack.duplicate))

    async def _fetch(self, after: Offset, end: Offset, limit: int) -> list[Record]:
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=30.0,
        )
        consumer = await self._js.pull_subscribe(f"{self._stream}.>", stream=self._stream, config=config)
        records: list[Record] = []
        try:
            while len(records) < limit and (not records or records[-1].offset < end):
                for message in await consumer.fetch(min(limit - len(records), 500), timeout=5):
                    offset = Offset(message.metadata.sequence.stream)
                    records.append(Record(offset=offset, event=from_bytes(message.data)))
        except NatsTimeout:
            pass  # what was there when we looked has been deleted meanwhile: the rest is complete
        finally:
            await consumer.unsubscribe()
        return records


def _message_id(event: Event) -> str:
    """Return an id that no other workspace's event can have, whatever the two are called."""
    return f"{len(event.workspace)}:{event.workspace}:{event.id}"


async def _ignore(_error: Exception) -> None:
    """Say nothing here: the call that failed raises, and says it better."""


def _unavailable(error: BaseException) -> EventLogUnavailable:
    return EventLogUnavailable(
        f"NATS cannot be used: {type(error).__name__}.", remedy="Check CATCHUP_EVENTS_URL and that it runs."
    )
