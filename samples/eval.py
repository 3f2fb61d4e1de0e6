"""Conversations with the summaries we would write, as a dataset: `python -m samples.eval OUT.jsonl`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from samples.corpus import Corpus, build
from samples.generate import DEFAULT_END, DEFAULT_SEED
from samples.markup import Json, to_plain
from samples.posts import Post
from samples.script import Conversation, summary

_OUTSIDE = frozenset({"deleted", "huddle", "reminder"})


def eval_cases(*, seed: int = DEFAULT_SEED, end: date = DEFAULT_END) -> list[Json]:
    """Return one case per conversation, and one per window in which several run through each other."""
    corpus = build(seed=seed, end=end)
    by_key = {post.key: post for posts in corpus.posts.values() for post in posts}
    alone = [_case(c.id, [c], by_key, corpus) for c in corpus.conversations]
    windows = dict.fromkeys(c.interleave for c in corpus.conversations if c.interleave)
    mixed = [
        _case(w, [c for c in corpus.conversations if c.interleave == w], by_key, corpus) for w in windows
    ]
    return alone + mixed


def write_eval(out: Path, *, seed: int = DEFAULT_SEED, end: date = DEFAULT_END) -> int:
    """Write the cases as JSON lines; return how many."""
    cases = eval_cases(seed=seed, end=end)
    out.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    out.write_text(text, encoding="utf-8")
    return len(cases)


def _case(name: str, parts: Sequence[Conversation], by_key: dict[str, Post], corpus: Corpus) -> Json:
    keys = [f"{c.id}/{i}" for c in parts for i in range(1, len(c.lines) + 1)]
    posts = sorted((by_key[k] for k in keys), key=lambda p: p.at)
    reference = " ".join(summary(c, corpus.world.timeline) for c in parts)
    return {
        "id": name,
        "messages": list(_messages(posts, corpus)),
        "references": [reference],
        "slices": _slices(parts, posts, corpus),
    }


def _messages(posts: Sequence[Post], corpus: Corpus) -> Iterator[Json]:
    workspace = corpus.world.workspace
    kept = [p for p in posts if not _OUTSIDE & p.flags]
    for post in kept:
        text = to_plain(workspace, post.text.replace(" || ", "\n"))
        marker = f" [file: {post.file}]" if post.file else ""
        yield {
            "id": post.key,
            "author": workspace.people[post.author].label,
            "ts": post.at.isoformat(),
            "text": text + marker,
            "thread": post.root or None,
        }


def _slices(parts: Sequence[Conversation], posts: Sequence[Post], corpus: Corpus) -> dict[str, str]:
    channel = parts[0].channel
    kind = corpus.world.workspace.channels[channel].kind
    size = "short" if len(posts) < 9 else "medium" if len(posts) < 18 else "long"
    kinds = {k for c in parts for k in c.kinds}
    main = next(
        (
            k
            for k in ("injection", "incident", "reversal", "unanswered", "decision", "question")
            if k in kinds
        ),
        "banter",
    )
    return {
        "channel": channel if kind in {"channel", "group"} else kind,
        "kind": main,
        "length": size,
        "threaded": "yes" if any(p.root for p in posts) else "no",
        "interleaved": "yes" if len(parts) > 1 else "no",
        "language": "mixed" if channel == "berlin" else "en",
    }


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m samples.eval", description="Write the summary dataset.")
    parser.add_argument("out", type=Path, help="a .jsonl file")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    options = parser.parse_args(arguments)
    print(f"Wrote {write_eval(options.out, seed=options.seed)} cases to {options.out}")


if __name__ == "__main__":
    main()
