"""The embedded engine: summaries in the messages' own words, no language model.

Conversations are told apart, each message is weighed (`salience`) and read for what it does (`cues`, `discourse`);
every conversation of weight gets its say, then the strongest items (`extract.choice`), and `extract.items` words them.
With a question, only what bears on it is told (`extract.asked`).
"""

from __future__ import annotations

from core.embedding import Embedder
from summarize.engine import Draft
from summarize.extract.asked import Asked
from summarize.extract.candidates import MAY_ASK, Candidate, candidates, kind_of
from summarize.extract.choice import choose, ordered
from summarize.extract.items import Writer
from summarize.extract.scene import Scene
from summarize.extract.short import gist, is_short
from summarize.material import Material
from summarize.models import Detail
from summarize.salience import meaning
from summarize.segment import conversations

NAME = "extractive/1"

__all__ = ["MAY_ASK", "NAME", "Extractive", "compose_draft", "kind_of"]


class Extractive:
    """Picks what matters from a window, in the window's own words."""

    name = NAME

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def model(self) -> str:
        """The name of the embedder."""
        return self._embedder.name

    def draft(self, material: Material, detail: Detail, question: str = "") -> Draft:
        """Return the items of a window; the same material gives the same items. Synchronous and vectorized."""
        return compose_draft(material, detail, self._embedder, question)


def compose_draft(material: Material, detail: Detail, embedder: Embedder, question: str = "") -> Draft:
    """Return the items of a window, or with a question those that bear on it: none is an answer too.

    The same material, detail, question and embedder give the same items. Synchronous and vectorized.
    """
    entries = material.entries
    asked = Asked.of(question, entries)
    found = meaning(entries, embedder, first=asked.sharing)
    groups = conversations(entries, found.messages)
    scene = Scene(entries=entries, found=found, groups=groups)
    chosen = _chosen(scene, material.used, detail, asked, embedder)
    writer = Writer(scene, material.names, detail)
    shown = len({one.conversation for one in chosen})
    return Draft(items=tuple(writer.item(one) for one in chosen), conversations=len(groups), shown=shown)


def _chosen(scene: Scene, used: int, detail: Detail, asked: Asked, embedder: Embedder) -> list[Candidate]:
    made = candidates(scene)
    if asked.specific:
        return asked.answers(made, scene, embedder, detail)
    if detail is Detail.BRIEF and is_short(scene.entries):
        return list(ordered(gist(made, scene), scene.groups))
    return list(ordered(choose(made, scene, used, detail), scene.groups))
