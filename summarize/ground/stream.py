"""A whole summary's items, settled as they come."""

from __future__ import annotations

from collections import Counter

from summarize.ground.grounding import Grounding, Settled
from summarize.models import Item

REPEATED = "repeated"


class Grounded:
    """Settles items in the order in which they are drafted; what was said before is dropped as "repeated"."""

    def __init__(self, grounding: Grounding) -> None:
        self._grounding = grounding
        self.kept: list[Item] = []
        self.faults: Counter[str] = Counter()
        self.repaired = 0

    def settle(self, item: Item) -> Settled:
        """Return what becomes of the next item, and count it."""
        found = self._grounding.settle(item)
        if found.item is not None and self._grounding.repeats(found.item, self.kept):
            found = Settled(item=None, fault=REPEATED)
        if found.item is None:
            self.faults[found.fault] += 1
        else:
            self.kept.append(found.item)
            self.repaired += found.repaired
        return found

    @property
    def dropped(self) -> int:
        """Return how many items did not hold."""
        return self.faults.total()
