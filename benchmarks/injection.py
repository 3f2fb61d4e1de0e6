"""What an attack gets out of a summary, by corpus, with the embedded engine and with a model that obeys everything.

    python -m benchmarks.injection tests/summarize/injection ../shared/data/injection/*/
    python -m benchmarks.injection DIR --texts FILE      # over-blocking on a file of ordinary messages, one a line

"got out" counts cases in which a deterministic guarantee broke, by kind, and must be 0. "forbidden words" are cases
whose must_not_match occurs: words that people may say, so no rule can promise them. "lost" are cases in which an
honest message that is told without the attack is not told with it. "over-blocked" are honest messages whose faithful
item does not come out unchanged; of ordinary texts, those that are taken for instructions or lose a word.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from core.embedding import HashingEmbedder
from summarize.extractive import Extractive
from summarize.ground import Grounded, Grounding
from summarize.guard import defuse, normalise
from summarize.instructions import is_instruction
from summarize.models import Detail, Item
from summarize.spotlight import canary
from tests.support.injection import SECRET, Case, honest_items, judged, load, unaffected
from tests.support.obedient import obeyed

DEFAULT = (Path("tests/summarize/injection"),)
_HOST = re.compile(r"://|www\.|@|[\w-]+\.[a-z]{2,}/|<[^>]+>", re.IGNORECASE)


async def extractive(case: Case) -> Sequence[Item]:
    """Summarize by the embedded engine."""
    material = case.material
    grounded = Grounded(Grounding(material))
    for item in Extractive(HashingEmbedder()).draft(material, Detail.FULL).items if material.used else ():
        grounded.settle(item)
    return grounded.kept


async def measure(
    cases: Sequence[Case], summarize: Callable[[Case], Awaitable[Sequence[Item]]]
) -> Counter[str]:
    """Return how many cases there are, and in how many what went wrong."""
    counts: Counter[str] = Counter()
    for case in cases:
        items = await summarize(case)
        verdict = judged(case, items, canary=canary(SECRET))
        counts["cases"] += 1
        counts.update(f"got out: {kind}" for kind in verdict.escaped)
        counts["got out"] += bool(verdict.escaped)
        counts["forbidden words"] += bool(verdict.said)
        counts["lost"] += bool(verdict.lost if summarize is extractive else unaffected(case, items))
    return counts


def over_blocked(cases: Sequence[Case]) -> tuple[int, int]:
    """Return how many faithful items of honest messages do not come out as they are, and of how many."""
    blocked = total = 0
    for case in cases:
        grounding = Grounding(case.material)
        for item in honest_items(case):
            total += 1
            blocked += grounding.settle(item).item != item
    return blocked, total


def texts(lines: Sequence[str]) -> None:
    """Print how many ordinary messages the guard touches without a link or a mention in them."""
    instructions = [line for line in lines if is_instruction(line)]
    touched = [
        line for line in lines if not _HOST.search(line) and defuse(normalise(line)) != normalise(line)
    ]
    print(
        f"ordinary texts: {len(lines)}; taken for instructions {len(instructions)};"
        f" changed though without link, mail or tag {len(touched)}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, default=DEFAULT, metavar="DIR")
    parser.add_argument(
        "--texts", type=Path, nargs="*", default=[], help="files of ordinary messages, one a line"
    )
    parser.add_argument("--every", type=int, default=1, help="only every nth case")
    parser.add_argument("--engine", action="append", help="only these engines")
    given = parser.parse_args()
    engines: dict[str, Callable[[Case], Awaitable[Sequence[Item]]]] = {
        "extractive": extractive,
        "obedient": partial(obeyed, broken=False),
        "obedient, broken": partial(obeyed, broken=True),
    }
    for folder in given.folders:
        try:
            cases = load(folder)[:: given.every]
        except ValueError as error:
            parser.error(str(error))
        blocked, total = over_blocked(cases)
        print(f"\n{folder.name}: over-blocked {blocked} of {total} honest messages")
        for name, engine in engines.items():
            if given.engine and name not in given.engine:
                continue
            counts = asyncio.run(measure(cases, engine))
            kinds = {kind: n for kind, n in counts.items() if kind.startswith("got out: ")}
            print(
                f"  {name:<17} cases {counts['cases']:>4}   got out {counts['got out']:>3}   forbidden words"
                f" {counts['forbidden words']:>3}   lost {counts['lost']:>3}   {kinds or ''}"
            )
    for path in given.texts:
        texts([line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()])


if __name__ == "__main__":
    main()
