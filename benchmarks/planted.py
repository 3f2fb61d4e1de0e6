"""What the embedded engine makes of the sample workspace, held against what was planted there.

    python -m benchmarks.planted                      # weekly windows of every channel, standard detail
    python -m benchmarks.planted --detail full --misses

Two tables. "Classed": every message of the hand-written conversations, by the kind the engine gives it. "Shown":
weekly windows of whole channels, chatter included; recall counts a planted message as soon as any item cites it, right
kind the ones that do so under their own. The labels are those of samples/planted.yaml; a decision taken back in the
same window counts as shown when the item that replaces it names it.

The rules were written with this sample at hand, so these are no held-out figures: they guard against getting worse.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from core.directory import Person
from core.embedding import Embedder
from gateway.importers.report import Report
from gateway.importers.slack.archive import Export, open_export
from gateway.importers.slack.files import draw
from gateway.importers.slack.listings import Catalogue, read_catalogue
from gateway.importers.slack.messages import Setting
from gpu.embedder import MiniLmEmbedder
from samples.corpus import build
from samples.generate import DEFAULT_END, DEFAULT_SEED, generate
from samples.planted import Planted, planted_in
from summarize.extractive import MAY_ASK, Extractive, kind_of
from summarize.ground import Grounding
from summarize.material import Entry, Material, Reading, prepare
from summarize.models import Detail, ItemKind, Message, Window
from summarize.names import Names

LABELS: Mapping[str, tuple[ItemKind, ...]] = {
    "decision": (ItemKind.DECISION,),
    "reversal": (ItemKind.DECISION,),
    "action": (ItemKind.ACTION,),
    "question": (ItemKind.QUESTION,),
    "cause": (ItemKind.INCIDENT, ItemKind.UPDATE),
}
OWN = {ItemKind.DECISION: "decision", ItemKind.ACTION: "action", ItemKind.QUESTION: "question"}
WEEK = timedelta(days=7)


class Sample(NamedTuple):
    """The sample workspace as messages by channel, and its labels by message time."""

    people: Sequence[Person]
    channels: Mapping[str, Sequence[Message]]
    facts: Sequence[Planted]


def sample() -> Sample:
    """Return the sample workspace, read as an import reads it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sample.zip")
        generate(file)
        with open_export(file) as export:
            catalogue = read_catalogue(export, Report(source="sample"))
            channels = dict(_channels(export, catalogue))
    corpus = build(seed=DEFAULT_SEED, end=DEFAULT_END)
    return Sample(people=catalogue.people, channels=channels, facts=planted_in(corpus))


def _channels(export: Export, catalogue: Catalogue) -> Iterator[tuple[str, list[Message]]]:
    for folder in export.folders:
        if (found := catalogue.conversations.of_folder(folder.path)) is not None:
            setting = Setting(
                workspace=catalogue.workspace,
                channel=found.channel.id,
                names={
                    str(one.channel.id): one.channel.name for one in catalogue.conversations.by_id.values()
                },
                bots=catalogue.bots,
                people=frozenset(one.id for one in catalogue.people if not one.is_bot),
            )
            days = draw(folder.files, setting, Report(source="sample"))
            yield found.channel.name, [one.message for _, day in days for one in day]


class Scale:
    """Counts of what was found, wanted and right, by label."""

    def __init__(self) -> None:
        self.wanted: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.true: Counter[str] = Counter()

    def show(self, title: str) -> None:
        """Print a row a label."""
        print(f"\n{title:<16} {'planted':>8} {'recall':>8} {'right kind':>11} {'items':>8} {'precision':>10}")
        for label in LABELS:
            wanted, told = self.wanted[label], self.told[label]
            precision = f"{self.true[label] / told:10.2f}" if told else f"{'':>10}"
            print(
                f"{label:<16} {wanted:>8} {self.seen[label] / wanted:8.2f} {self.right[label] / wanted:11.2f}"
                f" {told or '':>8} {precision}"
            )


class Labels:
    """What is planted where: labels by channel and time of a message."""

    def __init__(self, facts: Sequence[Planted]) -> None:
        self.of: dict[tuple[str, datetime], frozenset[str]] = {}
        for fact in facts:
            for number, stamp in enumerate(fact.stamps, start=1):
                marks = frozenset(mark for mark, numbers in fact.key.items() if number in numbers)
                self.of[fact.channel, _moment(stamp)] = marks

    def __call__(self, channel: str, message: Message) -> frozenset[str] | None:
        """Return the labels of a message, None if it is none of a hand-written conversation."""
        return self.of.get((channel, message.at))


def _moment(stamp: str) -> datetime:
    seconds, _, micros = stamp.partition(".")
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(micros))


class Bench:
    """Runs the engine over the sample and keeps both scales."""

    def __init__(self, given: Sample, embedder: Embedder, *, detail: Detail, misses: bool) -> None:
        self._names = Names(given.people, [])
        self._sample = given
        self._labels = Labels(given.facts)
        self._engine = Extractive(embedder)
        self._detail = detail
        self._misses = misses
        self.classed = Scale()
        self.shown = Scale()

    def run(self) -> None:
        """Read every channel week by week."""
        for channel, messages in self._sample.channels.items():
            start = min(message.at for message in messages)
            while week := [m for m in messages if start <= m.at < start + WEEK]:
                self._read(channel, week, Window(since=start, until=start + WEEK))
                start += WEEK

    def _read(self, channel: str, week: Sequence[Message], window: Window) -> None:
        material = prepare(Reading(window=window, found=week), self._names)
        self._class(channel, material)
        grounding = Grounding(material)
        items = [i for i in self._engine.draft(material, self._detail).items if not grounding.fault(i)]
        kinds: dict[str, set[ItemKind]] = {}
        for item in items:
            for id in (*item.citations, *item.superseded):
                kinds.setdefault(id, set()).add(item.kind)
        for message in week:
            self._count(self.shown, self._labels(channel, message), kinds.get(message.id, set()), message)
        by_id = {message.id: message for message in week}
        for item in items:
            self._judge(self.shown, item.kind, self._labels(channel, by_id[item.citations[0]]), item.text)

    def _class(self, channel: str, material: Material) -> None:
        for entry in material.entries:
            labels = self._labels(channel, entry.message)
            if labels is not None:
                kind = _kind(entry)
                self._count(self.classed, labels, {kind}, entry.message, said=False)
                self._judge(self.classed, kind, labels, f"{entry.author}: {entry.text}")

    def _count(
        self,
        scale: Scale,
        labels: frozenset[str] | None,
        kinds: set[ItemKind],
        message: Message,
        *,
        said: bool = True,
    ) -> None:
        for label in (labels or frozenset()) & LABELS.keys():
            scale.wanted[label] += 1
            scale.seen[label] += bool(kinds)
            scale.right[label] += bool(kinds & set(LABELS[label]))
            if self._misses and said and not kinds & set(LABELS[label]):
                print(f"missed {label:<9} as {', '.join(kinds) or 'nothing':<10} {message.text[:220]!r}")

    def _judge(self, scale: Scale, kind: ItemKind, labels: frozenset[str] | None, text: str) -> None:
        label = OWN.get(kind)
        if label is None:
            return
        right = bool(labels) and any(kind in LABELS[one] for one in labels or () if one in LABELS)
        scale.told[label] += 1
        scale.true[label] += right
        if self._misses and not right:
            print(
                f"wrong  {label:<9} {'chatter' if labels is None else 'planted ' + str(set(labels))} {text[:220]!r}"
            )


def _kind(entry: Entry) -> ItemKind:
    """Return a message's kind, every question taken for an open one."""
    kind = kind_of(entry)
    return ItemKind.QUESTION if kind in MAY_ASK and entry.cues.question >= 0.9 else kind


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--detail", type=Detail, default=Detail.STANDARD, choices=list(Detail))
    parser.add_argument("--misses", action="store_true", help="print what was missed and what was wrong")
    given = parser.parse_args()
    bench = Bench(sample(), MiniLmEmbedder(), detail=given.detail, misses=given.misses)
    bench.run()
    bench.classed.show("classed")
    bench.shown.show(f"shown, {given.detail}")


if __name__ == "__main__":
    main()
