"""Training learns from what it is given, and gives the same model again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from summarize.conversations.evaluate import evaluate, own_or_named
from summarize.conversations.irc import Log
from summarize.conversations.model import load, save
from summarize.conversations.talk import Utterance
from summarize.conversations.training import Softmax, about, cut, train, whole


class Silent:
    """Counts what it is told."""

    total = done = 0

    def begin(self, total: int) -> None:
        self.total = total

    def advance(self, amount: int, *, done: int) -> None:
        self.done += amount
        assert self.done == done


def made_log(name: str, seed: int, size: int = 150) -> Log:
    """A log in which everybody answers whom they name, else goes on themselves."""
    random = np.random.default_rng(seed)
    people = [f"p{n}" for n in range(6)]
    talk: list[Utterance] = []
    for at in range(size):
        author, named = random.permutation(people)[:2].tolist()
        text = f"{named}: word{random.integers(40)}" if at % 3 else f"word{random.integers(40)} then"
        talk.append(
            Utterance(
                author=author,
                minute=at // 3,
                text=text,
                named=(named,) if at % 3 else (),
                directed=bool(at % 3),
            )
        )
    link = own_or_named(talk)
    return Log(
        name=name,
        utterances=tuple(talk),
        lines=tuple(range(size)),
        total=size,
        links={at: frozenset({link[at]}) for at in range(20, size)},
    )


LOGS = [made_log(f"log{n}", n) for n in range(6)]


def test_a_rule_that_the_logs_follow_is_learnt_and_the_bar_ends_full():
    steps = Silent()

    linker = train(LOGS, seed=3, steps=steps, rounds=(12, 8))

    assert evaluate(linker, [made_log("new", 99)]).link_f1 > 90
    assert steps.done == steps.total > 0


def test_the_same_seed_gives_the_same_files_and_they_read_back(tmp_path: Path):
    one, two = (tmp_path / name for name in ("one.json", "two.json"))
    for path in (one, two):
        linker = train(LOGS[:4], seed=3, steps=Silent(), rounds=(4, 4))
        save(linker, path, about(LOGS[:4], seed=3, measures={}))

    assert one.read_bytes() == two.read_bytes()
    talk = LOGS[5].utterances
    assert load(one).link(talk).link.tolist() == linker.link(talk).link.tolist()


def test_a_log_that_is_cut_off_begins_conversations_where_it_lost_what_they_answer():
    view = whole(LOGS[0])

    part = cut(view, np.random.default_rng(1))

    assert part.first == 0
    assert all(0 <= to <= reply for reply, links in part.gold.items() for to in links)
    assert part.gold[0] == {0}


def test_the_loss_pulls_towards_every_right_link_and_its_gradient_sums_to_nothing():
    loss = Softmax(np.array([False, True, True, True, False]), np.array([0, 3]))

    gradient, curvature = loss(np.zeros(5, dtype=np.float32), None)  # pyright: ignore[reportArgumentType]

    assert gradient.tolist() == pytest.approx([1 / 3, -1 / 6, -1 / 6, -1 / 2, 1 / 2])
    assert (curvature > 0).all()
