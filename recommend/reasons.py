"""Why an item is recommended: codes and numbers from metadata alone, strongest first. Doors put them into words."""

from __future__ import annotations

from core.events.models import Corpus
from recommend.models import Ints, Reason
from recommend.query import Query

_SHOWN = 3  # examples per reason
_KINSHIP = 0.05  # cosine from which a channel is called similar
_AFFINITY = 0.25  # fit from which an embedding is called close
_DAY = 86_400_000_000  # microseconds


def reasons(query: Query, corpus: Corpus, item: int, sources: frozenset[str]) -> tuple[Reason, ...]:
    """Return what speaks for an item that these sources brought."""
    if corpus is Corpus.CHANNEL:
        found = _for_channel(query, item, sources) if item < query.snapshot.channels else []
    else:
        found = _for_person(query, item, sources) if item < query.snapshot.people else []
    return tuple(found)


def _for_channel(query: Query, item: int, sources: frozenset[str]) -> list[Reason]:
    known, found = query.snapshot, list[Reason]()
    if "joined" in sources:
        return [Reason(code="active_this_week", count=int(known.active_7[item]))]
    if count := int(query.colleague_count[item]):
        found.append(Reason(code="colleagues_active", count=count, people=_some(query.colleagues_in(item))))
    if query.channel_kinship[item] >= _KINSHIP and len(kin := query.kin_of(item)):
        found.append(Reason(code="similar_channels", count=len(kin), channels=_some(kin)))
    if "als" in sources and query.channel_affinity[item] >= _AFFINITY:
        found.append(Reason(code="fits_activity"))
    if joins := int(known.joins_30[item]):
        found.append(Reason(code="recent_joins", count=joins))
    if active := int(known.active_30[item]):
        found.append(Reason(code="active_members", count=active))
    return found or [Reason(code="members", count=int(known.members[item]))]


def _for_person(query: Query, item: int, sources: frozenset[str]) -> list[Reason]:
    found: list[Reason] = []
    if last := int(query.contact_last[item]):
        found.append(Reason(code=_contact(query, item), count=max(query.now - last, 0) // _DAY))
    if count := int(query.shared_count[item]):
        channels = _some(query.shared_with(item))
        found.append(Reason(code="shared_channels", count=count, channels=channels))
    if "als" in sources and query.person_affinity[item] >= _AFFINITY:
        found.append(Reason(code="similar_activity"))
    if contacted := int(query.snapshot.contacted_30[item]):
        found.append(Reason(code="often_contacted", count=contacted))
    return found or [Reason(code="in_workspace")]


def _contact(query: Query, item: int) -> str:
    """Say which way the contact went; `count` of these is days since."""
    if query.made[item] > 0 and query.received[item] > 0:
        return "in_touch"
    return "you_contacted" if query.made[item] > 0 else "contacted_you"


def _some(numbers: Ints) -> tuple[int, ...]:
    return tuple(numbers[:_SHOWN].tolist())
