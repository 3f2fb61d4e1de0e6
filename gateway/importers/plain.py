"""A message as systems other than Slack hand it over: one JSON object, checked field by field."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from core.errors import InvalidInput
from core.ids import ChannelId, MessageId, UserId, WorkspaceId
from gateway.importers import clean
from summarize.models import FileMarker, Message, MessageKind, Reaction

_IDENTIFIER = re.compile(r"[^\s\x00-\x1f<>|\ud800-\udfff]+")
_KEPT = frozenset({MessageKind.TEXT, MessageKind.BOT, MessageKind.SYSTEM, MessageKind.FILE, MessageKind.POLL})


def _identifier(limit: int) -> BeforeValidator:
    """Return a check for identifiers; numbers are taken as such too."""

    def check(value: Any) -> str:  # noqa: ANN401  pydantic hands over whatever came
        found = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(found, str) or not 1 <= len(found) <= limit or not _IDENTIFIER.fullmatch(found):
            raise ValueError(f"is not an identifier: 1 to {limit} characters, no white space, none of < > |")
        return found

    return BeforeValidator(check)


def _as_moment(value: Any) -> Any:  # noqa: ANN401
    found = clean.moment(value)
    if found is None:
        raise ValueError("is neither ISO 8601 nor a number of seconds since 1970")
    return found


Name = Annotated[
    str, _identifier(64), Field(json_schema_extra={"pattern": _IDENTIFIER.pattern, "maxLength": 64})
]
LongName = Annotated[
    str, _identifier(128), Field(json_schema_extra={"pattern": _IDENTIFIER.pattern, "maxLength": 128})
]
Moment = Annotated[Any, BeforeValidator(_as_moment)]


class PlainReaction(BaseModel):
    """An emoji and who set it."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    users: list[Name] = []


class PlainFile(BaseModel):
    """That a file was shared."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=256)]
    mimetype: Annotated[str, Field(max_length=128)] = ""


class PlainMessage(BaseModel):
    """A message: `id`, `channel`, `author`, `ts` and `text` are needed, the rest is optional."""

    model_config = ConfigDict(extra="ignore")

    id: LongName
    channel: Name
    author: Name
    ts: Moment
    text: Annotated[str, Field(max_length=100_000)]
    thread: LongName | None = None
    kind: MessageKind = MessageKind.TEXT
    broadcast: bool = False
    edited: Moment | None = None
    reactions: list[PlainReaction] = []
    files: list[PlainFile] = []

    def message(self, workspace: WorkspaceId) -> Message:
        """Return it as our message; raises InvalidInput for what is no kind of living message."""
        if self.kind not in _KEPT:
            raise InvalidInput(
                "kind", self.kind, "is not for messages that are sent", remedy="Use DELETE /v1/messages/{id}."
            )
        return Message(
            id=MessageId(self.id),
            workspace=workspace,
            channel=ChannelId(self.channel),
            author=UserId(self.author),
            at=self.ts,
            text=clean.text(self.text),
            kind=self.kind,
            root=None if self.thread in {None, self.id} else MessageId(str(self.thread)),
            broadcast=self.broadcast,
            edited_at=self.edited,
            reactions=tuple(
                Reaction(name=entry.name, users=tuple(UserId(user) for user in entry.users))
                for entry in self.reactions
            ),
            files=tuple(FileMarker(name=entry.name, mimetype=entry.mimetype) for entry in self.files),
        )


def read_message(value: Any, workspace: WorkspaceId) -> Message:  # noqa: ANN401  whatever a line or a body holds
    """Return the message of a JSON object; raises InvalidInput that names the field, never quoting text."""
    if not isinstance(value, dict):
        raise InvalidInput(
            "message", type(value).__name__, "is not a JSON object", remedy="Send one object each."
        )
    try:
        return PlainMessage.model_validate(value).message(workspace)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        problem = first["msg"].removeprefix("Value error, ")
        raise InvalidInput(
            field,
            first["type"],
            problem,
            remedy="Needed: id, channel, author, ts, text; optional: thread, kind …",
        ) from error
