import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Detail(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DETAIL_UNSPECIFIED: _ClassVar[Detail]
    DETAIL_BRIEF: _ClassVar[Detail]
    DETAIL_STANDARD: _ClassVar[Detail]
    DETAIL_FULL: _ClassVar[Detail]

class ItemKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ITEM_KIND_UNSPECIFIED: _ClassVar[ItemKind]
    ITEM_KIND_DECISION: _ClassVar[ItemKind]
    ITEM_KIND_ACTION: _ClassVar[ItemKind]
    ITEM_KIND_QUESTION: _ClassVar[ItemKind]
    ITEM_KIND_INCIDENT: _ClassVar[ItemKind]
    ITEM_KIND_UPDATE: _ClassVar[ItemKind]
    ITEM_KIND_TOPIC: _ClassVar[ItemKind]

class FeedbackKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEEDBACK_KIND_UNSPECIFIED: _ClassVar[FeedbackKind]
    FEEDBACK_KIND_USEFUL: _ClassVar[FeedbackKind]
    FEEDBACK_KIND_WRONG: _ClassVar[FeedbackKind]
    FEEDBACK_KIND_MISSING: _ClassVar[FeedbackKind]
    FEEDBACK_KIND_UNSAFE: _ClassVar[FeedbackKind]
DETAIL_UNSPECIFIED: Detail
DETAIL_BRIEF: Detail
DETAIL_STANDARD: Detail
DETAIL_FULL: Detail
ITEM_KIND_UNSPECIFIED: ItemKind
ITEM_KIND_DECISION: ItemKind
ITEM_KIND_ACTION: ItemKind
ITEM_KIND_QUESTION: ItemKind
ITEM_KIND_INCIDENT: ItemKind
ITEM_KIND_UPDATE: ItemKind
ITEM_KIND_TOPIC: ItemKind
FEEDBACK_KIND_UNSPECIFIED: FeedbackKind
FEEDBACK_KIND_USEFUL: FeedbackKind
FEEDBACK_KIND_WRONG: FeedbackKind
FEEDBACK_KIND_MISSING: FeedbackKind
FEEDBACK_KIND_UNSAFE: FeedbackKind

class Between(_message.Message):
    __slots__ = ("since", "until")
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    def __init__(self, since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SummarizeRequest(_message.Message):
    __slots__ = ("channel", "user", "last", "between", "thread", "unread_from", "unread", "detail", "timezone", "question", "language")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    BETWEEN_FIELD_NUMBER: _ClassVar[int]
    THREAD_FIELD_NUMBER: _ClassVar[int]
    UNREAD_FROM_FIELD_NUMBER: _ClassVar[int]
    UNREAD_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    channel: str
    user: str
    last: str
    between: Between
    thread: str
    unread_from: str
    unread: bool
    detail: Detail
    timezone: str
    question: str
    language: str
    def __init__(self, channel: _Optional[str] = ..., user: _Optional[str] = ..., last: _Optional[str] = ..., between: _Optional[_Union[Between, _Mapping]] = ..., thread: _Optional[str] = ..., unread_from: _Optional[str] = ..., unread: _Optional[bool] = ..., detail: _Optional[_Union[Detail, str]] = ..., timezone: _Optional[str] = ..., question: _Optional[str] = ..., language: _Optional[str] = ...) -> None: ...

class GetRequest(_message.Message):
    __slots__ = ("id", "user")
    ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    id: str
    user: str
    def __init__(self, id: _Optional[str] = ..., user: _Optional[str] = ...) -> None: ...

class FeedbackRequest(_message.Message):
    __slots__ = ("summary", "kind", "item", "user")
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    summary: str
    kind: FeedbackKind
    item: int
    user: str
    def __init__(self, summary: _Optional[str] = ..., kind: _Optional[_Union[FeedbackKind, str]] = ..., item: _Optional[int] = ..., user: _Optional[str] = ...) -> None: ...

class FeedbackResponse(_message.Message):
    __slots__ = ("duplicate",)
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    duplicate: bool
    def __init__(self, duplicate: _Optional[bool] = ...) -> None: ...

class Item(_message.Message):
    __slots__ = ("kind", "text", "citations", "participants", "owner", "due", "superseded")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CITATIONS_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDED_FIELD_NUMBER: _ClassVar[int]
    kind: ItemKind
    text: str
    citations: _containers.RepeatedScalarFieldContainer[str]
    participants: _containers.RepeatedScalarFieldContainer[str]
    owner: str
    due: str
    superseded: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, kind: _Optional[_Union[ItemKind, str]] = ..., text: _Optional[str] = ..., citations: _Optional[_Iterable[str]] = ..., participants: _Optional[_Iterable[str]] = ..., owner: _Optional[str] = ..., due: _Optional[str] = ..., superseded: _Optional[_Iterable[str]] = ...) -> None: ...

class Coverage(_message.Message):
    __slots__ = ("found", "used", "skipped", "context", "dropped", "repaired", "conversations", "shown", "segments", "reused", "clipped")
    class SkippedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    FOUND_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    REPAIRED_FIELD_NUMBER: _ClassVar[int]
    CONVERSATIONS_FIELD_NUMBER: _ClassVar[int]
    SHOWN_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    REUSED_FIELD_NUMBER: _ClassVar[int]
    CLIPPED_FIELD_NUMBER: _ClassVar[int]
    found: int
    used: int
    skipped: _containers.ScalarMap[str, int]
    context: int
    dropped: int
    repaired: int
    conversations: int
    shown: int
    segments: int
    reused: int
    clipped: int
    def __init__(self, found: _Optional[int] = ..., used: _Optional[int] = ..., skipped: _Optional[_Mapping[str, int]] = ..., context: _Optional[int] = ..., dropped: _Optional[int] = ..., repaired: _Optional[int] = ..., conversations: _Optional[int] = ..., shown: _Optional[int] = ..., segments: _Optional[int] = ..., reused: _Optional[int] = ..., clipped: _Optional[int] = ...) -> None: ...

class Provenance(_message.Message):
    __slots__ = ("engine", "model", "prompt", "input_hash", "arm", "prompt_tokens", "completion_tokens", "seconds", "cached_tokens")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    INPUT_HASH_FIELD_NUMBER: _ClassVar[int]
    ARM_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    CACHED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    engine: str
    model: str
    prompt: str
    input_hash: str
    arm: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cached_tokens: int
    def __init__(self, engine: _Optional[str] = ..., model: _Optional[str] = ..., prompt: _Optional[str] = ..., input_hash: _Optional[str] = ..., arm: _Optional[str] = ..., prompt_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., seconds: _Optional[float] = ..., cached_tokens: _Optional[int] = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("id", "channel", "reader", "since", "until", "thread", "detail", "items", "participants", "coverage", "provenance", "created_at", "degraded", "stale")
    ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    READER_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    THREAD_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    id: str
    channel: str
    reader: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    thread: str
    detail: Detail
    items: _containers.RepeatedCompositeFieldContainer[Item]
    participants: _containers.RepeatedScalarFieldContainer[str]
    coverage: Coverage
    provenance: Provenance
    created_at: _timestamp_pb2.Timestamp
    degraded: str
    stale: bool
    def __init__(self, id: _Optional[str] = ..., channel: _Optional[str] = ..., reader: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., thread: _Optional[str] = ..., detail: _Optional[_Union[Detail, str]] = ..., items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., participants: _Optional[_Iterable[str]] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., provenance: _Optional[_Union[Provenance, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., degraded: _Optional[str] = ..., stale: _Optional[bool] = ...) -> None: ...

class SummaryEvent(_message.Message):
    __slots__ = ("item", "summary")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    item: Item
    summary: Summary
    def __init__(self, item: _Optional[_Union[Item, _Mapping]] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ...) -> None: ...

class RecapRequest(_message.Message):
    __slots__ = ("user", "day", "last", "between", "unread", "detail", "limit", "timezone", "language")
    USER_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    BETWEEN_FIELD_NUMBER: _ClassVar[int]
    UNREAD_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    user: str
    day: str
    last: str
    between: Between
    unread: bool
    detail: Detail
    limit: int
    timezone: str
    language: str
    def __init__(self, user: _Optional[str] = ..., day: _Optional[str] = ..., last: _Optional[str] = ..., between: _Optional[_Union[Between, _Mapping]] = ..., unread: _Optional[bool] = ..., detail: _Optional[_Union[Detail, str]] = ..., limit: _Optional[int] = ..., timezone: _Optional[str] = ..., language: _Optional[str] = ...) -> None: ...

class RecapSection(_message.Message):
    __slots__ = ("channel", "name", "summary", "mentions", "items", "coverage", "degraded", "stale")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    MENTIONS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    channel: str
    name: str
    summary: str
    mentions: int
    items: _containers.RepeatedCompositeFieldContainer[Item]
    coverage: Coverage
    degraded: str
    stale: bool
    def __init__(self, channel: _Optional[str] = ..., name: _Optional[str] = ..., summary: _Optional[str] = ..., mentions: _Optional[int] = ..., items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., degraded: _Optional[str] = ..., stale: _Optional[bool] = ...) -> None: ...

class RecapTodo(_message.Message):
    __slots__ = ("channel", "summary", "place", "item")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    channel: str
    summary: str
    place: int
    item: Item
    def __init__(self, channel: _Optional[str] = ..., summary: _Optional[str] = ..., place: _Optional[int] = ..., item: _Optional[_Union[Item, _Mapping]] = ...) -> None: ...

class RecapBeside(_message.Message):
    __slots__ = ("channel", "name", "messages", "mentions", "trouble")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    MENTIONS_FIELD_NUMBER: _ClassVar[int]
    TROUBLE_FIELD_NUMBER: _ClassVar[int]
    channel: str
    name: str
    messages: int
    mentions: int
    trouble: str
    def __init__(self, channel: _Optional[str] = ..., name: _Optional[str] = ..., messages: _Optional[int] = ..., mentions: _Optional[int] = ..., trouble: _Optional[str] = ...) -> None: ...

class Recap(_message.Message):
    __slots__ = ("id", "reader", "day", "since", "until", "timezone", "detail", "created_at", "todos", "sections", "quiet", "uneventful", "left_out", "failed", "coverage", "stale")
    ID_FIELD_NUMBER: _ClassVar[int]
    READER_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    TODOS_FIELD_NUMBER: _ClassVar[int]
    SECTIONS_FIELD_NUMBER: _ClassVar[int]
    QUIET_FIELD_NUMBER: _ClassVar[int]
    UNEVENTFUL_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    id: str
    reader: str
    day: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    timezone: str
    detail: Detail
    created_at: _timestamp_pb2.Timestamp
    todos: _containers.RepeatedCompositeFieldContainer[RecapTodo]
    sections: _containers.RepeatedCompositeFieldContainer[RecapSection]
    quiet: _containers.RepeatedCompositeFieldContainer[RecapBeside]
    uneventful: _containers.RepeatedCompositeFieldContainer[RecapBeside]
    left_out: _containers.RepeatedCompositeFieldContainer[RecapBeside]
    failed: _containers.RepeatedCompositeFieldContainer[RecapBeside]
    coverage: Coverage
    stale: bool
    def __init__(self, id: _Optional[str] = ..., reader: _Optional[str] = ..., day: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., timezone: _Optional[str] = ..., detail: _Optional[_Union[Detail, str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., todos: _Optional[_Iterable[_Union[RecapTodo, _Mapping]]] = ..., sections: _Optional[_Iterable[_Union[RecapSection, _Mapping]]] = ..., quiet: _Optional[_Iterable[_Union[RecapBeside, _Mapping]]] = ..., uneventful: _Optional[_Iterable[_Union[RecapBeside, _Mapping]]] = ..., left_out: _Optional[_Iterable[_Union[RecapBeside, _Mapping]]] = ..., failed: _Optional[_Iterable[_Union[RecapBeside, _Mapping]]] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., stale: _Optional[bool] = ...) -> None: ...

class ReadMarker(_message.Message):
    __slots__ = ("channel", "message", "at")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    channel: str
    message: str
    at: _timestamp_pb2.Timestamp
    def __init__(self, channel: _Optional[str] = ..., message: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReadMarkersRequest(_message.Message):
    __slots__ = ("user", "markers")
    USER_FIELD_NUMBER: _ClassVar[int]
    MARKERS_FIELD_NUMBER: _ClassVar[int]
    user: str
    markers: _containers.RepeatedCompositeFieldContainer[ReadMarker]
    def __init__(self, user: _Optional[str] = ..., markers: _Optional[_Iterable[_Union[ReadMarker, _Mapping]]] = ...) -> None: ...

class ReadMarkersResponse(_message.Message):
    __slots__ = ("markers",)
    MARKERS_FIELD_NUMBER: _ClassVar[int]
    markers: int
    def __init__(self, markers: _Optional[int] = ...) -> None: ...

class RecommendRequest(_message.Message):
    __slots__ = ("use_case", "user", "k", "exclude")
    USE_CASE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    K_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_FIELD_NUMBER: _ClassVar[int]
    use_case: str
    user: str
    k: int
    exclude: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, use_case: _Optional[str] = ..., user: _Optional[str] = ..., k: _Optional[int] = ..., exclude: _Optional[_Iterable[str]] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("code", "count", "text")
    CODE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    code: str
    count: int
    text: str
    def __init__(self, code: _Optional[str] = ..., count: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...

class Recommended(_message.Message):
    __slots__ = ("id", "name", "position", "score", "propensity", "sources", "reasons")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    position: int
    score: float
    propensity: float
    sources: _containers.RepeatedScalarFieldContainer[str]
    reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., position: _Optional[int] = ..., score: _Optional[float] = ..., propensity: _Optional[float] = ..., sources: _Optional[_Iterable[str]] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ...) -> None: ...

class RecommendResponse(_message.Message):
    __slots__ = ("request_id", "use_case", "corpus", "arm", "ranker", "ranker_version", "items", "degraded")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    USE_CASE_FIELD_NUMBER: _ClassVar[int]
    CORPUS_FIELD_NUMBER: _ClassVar[int]
    ARM_FIELD_NUMBER: _ClassVar[int]
    RANKER_FIELD_NUMBER: _ClassVar[int]
    RANKER_VERSION_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    use_case: str
    corpus: str
    arm: str
    ranker: str
    ranker_version: str
    items: _containers.RepeatedCompositeFieldContainer[Recommended]
    degraded: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, request_id: _Optional[str] = ..., use_case: _Optional[str] = ..., corpus: _Optional[str] = ..., arm: _Optional[str] = ..., ranker: _Optional[str] = ..., ranker_version: _Optional[str] = ..., items: _Optional[_Iterable[_Union[Recommended, _Mapping]]] = ..., degraded: _Optional[_Iterable[str]] = ...) -> None: ...

class Error(_message.Message):
    __slots__ = ("kind", "detail", "remedy", "field", "value", "request_id")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    kind: str
    detail: str
    remedy: str
    field: str
    value: str
    request_id: str
    def __init__(self, kind: _Optional[str] = ..., detail: _Optional[str] = ..., remedy: _Optional[str] = ..., field: _Optional[str] = ..., value: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...
