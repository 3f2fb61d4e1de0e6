"""Why an item is recommended: codes and numbers from metadata alone, strongest first. Doors put them into words."""

from __future__ import annotations

import numpy as np

from core.events.models import Corpus
from recommend.models import Reason
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
        found.append(Reason(code="colleagues_active", count=count, people=_colleagues_in(query, item)))
    if query.channel_kinship[item] >= _KINSHIP:
        kin = _kin(query, item)
        found.append(Reason(code="similar_channels", count=len(kin), channels=kin[:_SHOWN]))
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
        channels = _both_in(query, item)
        found.append(Reason(code="shared_channels", count=count, channels=channels[:_SHOWN]))
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


def _colleagues_in(query: Query, item: int) -> tuple[int, ...]:
    people, _ = query.colleagues
    places, origin = query.snapshot.activity.gather(people)
    here = query.snapshot.activity.columns[places] == item
    return tuple(int(number) for number in people[origin[here]][:_SHOWN])


def _kin(query: Query, item: int) -> tuple[int, ...]:
    """Return the asker's channels that lead to this one, the most similar first."""
    own = query.nameable
    places, origin = query.snapshot.similar.gather(own)
    here = query.snapshot.similar.columns[places] == item
    seeds, values = own[origin[here]], query.snapshot.similar.values[places[here]]
    values = values / np.log2(2.0 + query.snapshot.members[seeds])  # #general is similar to everything
    return tuple(int(number) for number in seeds[np.argsort(-values, kind="stable")])


def _both_in(query: Query, item: int) -> tuple[int, ...]:
    """Return the asker's channels that the person is in too, the smallest first."""
    seeds = np.intersect1d(query.telling_seeds, query.nameable)
    places, origin = query.snapshot.channel_people.gather(seeds)
    both = seeds[origin[query.snapshot.channel_people.columns[places] == item]]
    return tuple(int(number) for number in both[np.argsort(query.snapshot.members[both], kind="stable")])
