"""What any summarizer must beat: LEAD-3 and LONGEST-3 (Chen et al. 2021, DialogSum)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.ids import VersionId
from core.releases import digest
from prompt_eval.models import Case, CaseMessage, Outcome, OutcomeItem

Select = Callable[[Sequence[CaseMessage]], list[CaseMessage]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A task that repeats some of the messages, each citing itself."""

    name: str
    select: Select
    model: str = ""

    @property
    def version(self) -> VersionId:
        """A hash of its name and of the version of its rule."""
        return VersionId(digest([self.name, 1])[:16])

    async def run(self, case: Case) -> Outcome:
        """Return the chosen messages, in the order they were said."""
        return self.outcome(case)

    def outcome(self, case: Case) -> Outcome:
        """Return the chosen messages, in the order they were said."""
        chosen = self.select(case.messages)
        return Outcome(items=tuple(OutcomeItem(text=m.line, citations=(m.id,)) for m in chosen))


def lead(messages: Sequence[CaseMessage], count: int = 3) -> list[CaseMessage]:
    """Return the first messages."""
    return list(messages[:count])


def longest(messages: Sequence[CaseMessage], count: int = 3) -> list[CaseMessage]:
    """Return the messages of the most words, the earlier of equals, in the order they were said."""
    order = sorted(range(len(messages)), key=lambda index: -len(messages[index].line.split()))
    return [messages[index] for index in sorted(order[:count])]


LEAD_3 = Baseline(name="lead-3", select=lead)
LONGEST_3 = Baseline(name="longest-3", select=longest)
BASELINES: Mapping[str, Baseline] = {baseline.name: baseline for baseline in (LEAD_3, LONGEST_3)}
