"""The hand-written conversations hold what their labels say."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import yaml

from benchmarks.planted import Sample
from benchmarks.planted import sample as sample_workspace
from core.embedding import Embedder, HashingEmbedder
from samples.corpus import Corpus
from samples.planted import PATH, document, planted_in
from samples.script import MARKS, conversations
from summarize.extractive import compose_draft
from summarize.ground import Grounding
from summarize.material import Material, Reading, prepare
from summarize.models import Detail, Window
from summarize.names import Names

EVIL = "voltmoor-login.evil.example"


def test_planted_yaml_is_up_to_date():
    assert PATH.read_text(encoding="utf-8") == document(), "run python -m samples.planted"


def test_planted_yaml_reads_back():
    facts = yaml.safe_load(PATH.read_text(encoding="utf-8"))

    assert len(facts["conversations"]) == len(conversations())


def test_there_are_enough_conversations_of_every_kind():
    kinds = Counter(kind for c in conversations() for kind in c.kinds)

    assert len(conversations()) >= 45
    assert all(4 <= len(c.lines) <= 40 for c in conversations())
    assert sum(len(c.lines) >= 6 for c in conversations()) >= 60
    assert kinds["incident"] >= 5
    assert kinds["decision"] >= 30
    assert kinds["reversal"] >= 8
    assert kinds["action"] >= 40
    assert kinds["question"] >= 20
    assert kinds["injection"] == 1


def test_a_kind_that_is_promised_is_marked_on_a_line():
    for c in conversations():
        promised = MARKS & set(c.kinds) - {"code"}
        assert promised <= {m for line in c.lines for m in line.marks}, c.id


def test_ids_are_unique_and_summaries_are_written():
    ids = [c.id for c in conversations()]

    assert len(set(ids)) == len(ids)
    assert all(8 <= len(c.summary.split()) <= 80 for c in conversations())


def test_every_fact_points_at_its_message(corpus: Corpus):
    posts = {(p.channel, corpus.stamps[p.key]): p for found in corpus.posts.values() for p in found}

    for fact in planted_in(corpus):
        assert "{" not in fact.summary
        for mark, ordinals in fact.key.items():
            stamps = fact.key_stamps(mark)
            assert [posts[fact.channel, s].key for s in stamps] == [f"{fact.id}/{n}" for n in ordinals]


def test_authors_are_members_when_they_write(corpus: Corpus):
    people = corpus.world.workspace.people
    for channel, posts in corpus.posts.items():
        for post in posts:
            if not people[post.author].bot and not post.subtype.endswith("_leave"):
                assert post.author in corpus.world.members(channel, post.at), post.key


def test_conversations_that_interleave_alternate(corpus: Corpus):
    windows = {c.interleave for c in conversations() if c.interleave}
    assert len(windows) >= 4

    for window in windows:
        parts = {c.id for c in conversations() if c.interleave == window}
        posts = [p for found in corpus.posts.values() for p in found if p.key.rsplit("/", 1)[0] in parts]
        owners = [p.key.rsplit("/", 1)[0] for p in posts]
        changes = sum(a != b for a, b in pairwise(owners))
        assert len({p.channel for p in posts}) == 1
        assert len(parts) in {2, 3}
        assert changes >= len(owners) // 2, (window, owners)


def test_decisions_draw_reactions(corpus: Corpus):
    by_key = {p.key: p for posts in corpus.posts.values() for p in posts}
    keys = [
        f"{c.id}/{n}"
        for c in conversations()
        for n, line in enumerate(c.lines, 1)
        if "decision" in line.marks
    ]
    decisions = [by_key[key] for key in keys]

    assert sum(bool(p.reactions) for p in decisions) > 0.75 * len(decisions)


def test_the_injection_stands_in_one_public_channel(corpus: Corpus):
    places = {channel for channel, posts in corpus.posts.items() for p in posts if EVIL in p.text}

    assert places == {"customers"}


def test_people_who_should_join_have_not(corpus: Corpus):
    workspace, today = corpus.world.workspace, corpus.world.timeline.today

    assert len(workspace.should_join) >= 6
    for person, channel in workspace.should_join:
        assert person not in workspace.channels[channel].members(today)
        assert not workspace.people[person].guest


def test_the_written_part_is_not_drowned(corpus: Corpus):
    written = sum(len(c.lines) for c in conversations())

    assert written / corpus.count > 0.22


INTERLEAVED = sorted({c.interleave for c in conversations() if c.interleave})


@pytest.fixture(scope="module")
def workspace() -> Sample:
    return sample_workspace()


def moment(stamp: str) -> datetime:
    seconds, _, micros = stamp.partition(".")
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(micros))


def topics_of(workspace: Sample, window: str) -> tuple[Material, dict[str, set[str]]]:
    """A window from the first to the last message of talks that interleave, and each talk's message ids."""
    facts = [fact for fact in workspace.facts if fact.interleave == window]
    stamps = {moment(stamp): fact.id for fact in facts for stamp in fact.stamps}
    span = Window(since=min(stamps), until=max(stamps) + timedelta(seconds=1))
    found = [m for m in workspace.channels[facts[0].channel] if span.holds(m.at)]
    topics: dict[str, set[str]] = {fact.id: set() for fact in facts}
    for message in found:
        if message.at in stamps:
            topics[stamps[message.at]].add(message.id)
    return prepare(Reading(window=span, found=found), Names(workspace.people, [])), topics


def uncovered(workspace: Sample, window: str, detail: Detail, embedder: Embedder) -> list[str]:
    material, topics = topics_of(workspace, window)
    grounding = Grounding(material)
    items = [i for i in compose_draft(material, detail, embedder).items if not grounding.fault(i)]
    cited = {id for item in items for id in item.citations}
    return [topic for topic, ids in topics.items() if not ids & cited]


@pytest.mark.parametrize("detail", [Detail.STANDARD, Detail.FULL])
@pytest.mark.parametrize("window", INTERLEAVED)
def test_every_planted_topic_of_an_interleaved_window_is_covered(
    workspace: Sample, window: str, detail: Detail
) -> None:
    assert uncovered(workspace, window, detail, HashingEmbedder()) == []


@pytest.mark.slow
@pytest.mark.parametrize("window", INTERLEAVED)
def test_every_planted_topic_is_covered_by_the_real_embedder(workspace: Sample, window: str) -> None:
    from gpu.embedder import MiniLmEmbedder

    assert uncovered(workspace, window, Detail.STANDARD, MiniLmEmbedder()) == []
