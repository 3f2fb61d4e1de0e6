"""First and second person into names: "I'd drop it if you agree" becomes "Ann would drop it if Ben agrees".

Word by word, with the verb that follows. Where a form is not known for certain the whole is refused: a reported
sentence is true and grammatical, or the speaker's own words are shown instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from summarize.extract.verbs import BASE, MODALS, third
from summarize.words import wordset

_WORDS = re.compile(r"`[^`]*`|[\"“„][^\"“”„]*[\"”“]|\(code\)|\w[\w'-]*|\W")
_PERSONAL = re.compile(
    r"\b(?:i|i'm|i've|i'd|i'll|me|my|mine|myself|you|you're|you've|you'd|you'll|your|yours|yourself)\b", re.I
)
_ADVERBS = wordset(
    "also always never just still really already only now then often usually both even actually probably"
)
_INVERTED = wordset("do does did am are is was were have has had don't didn't haven't aren't") | MODALS
_BARE = wordset("let make makes made help helps helped see hear watch")
_OBJECT = wordset(
    """
    to for with of at by about from on after before behind without around near like against between into over than
    thank thanks ask asked tell told give gave show showed send sent see saw call called remind reminded want wanted
    need help bring brought meet met love miss hate wish bother teach offer get got and or
    """
)
_REFUSED = wordset("myself yourself yourselves y'all u ur im ive ill lemme gonna wanna ya")


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Whose sentence it is, and to whom it is said; `other` is empty where that is not certain."""

    speaker: str
    other: str = ""


class _Refused(Exception):
    """A form whose inflection is not known."""


def is_personal(text: str) -> bool:
    """Tell whether a text speaks as, or to, a person."""
    return bool(_PERSONAL.search(text.replace("’", "'")))


def turned(text: str, voice: Voice, *, governed: bool = False) -> str | None:
    """Return a text in the third person, or None where that is not certain.

    `governed`: the first verb hangs on what comes before the text ("asks Ben to …"), and is left as it is.
    """
    words = _WORDS.findall(text.replace("’", "'"))
    try:
        return "".join(_Turn(words, voice, governed=governed).run())
    except _Refused:
        return None


class _Turn:
    """One pass over the words of a sentence."""

    def __init__(self, words: list[str], voice: Voice, *, governed: bool) -> None:
        self._words = words
        self._voice = voice
        self._governed = governed

    def run(self) -> list[str]:
        """Return the words in the third person."""
        for at, word in enumerate(self._words):
            low = word.lower()
            if low in _REFUSED:
                raise _Refused
            head, _, tail = low.partition("'")
            if head == "i" or low in {"me", "my", "mine"}:
                self._person(at, low, tail, self._voice.speaker)
            elif head in {"you", "your", "yours"}:
                self._person(at, low, tail, self._voice.other)
        return self._words

    def _person(self, at: int, low: str, tail: str, name: str) -> None:
        if not name:
            raise _Refused
        if low in {"my", "mine", "your", "yours"}:
            self._words[at] = f"{name}'s"
        elif tail:
            self._words[at] = f"{name} {self._contracted(at, tail)}"
        else:
            self._words[at] = name
            if low != "me" and not (low == "you" and self._is_object(at)):
                self._agree(at)

    def _contracted(self, at: int, tail: str) -> str:
        nearby = self._near(at, +1)
        had = nearby is not None and self._words[nearby].lower() in {"better", "been"}
        found = {"m": "is", "re": "is", "ve": "has", "ll": "will", "d": "had" if had else "would"}.get(tail)
        if found is None:
            raise _Refused
        return found

    def _is_object(self, at: int) -> bool:
        before, after = self._near(at, -1), self._verb_after(at)
        if after is None or third(self._words[after]) is None:
            return True
        low = "" if before is None else self._words[before].lower()
        return low in _OBJECT and self._words[after].lower() in BASE

    def _agree(self, at: int) -> None:
        """Make the verb of a subject agree with a name: the one before it in a question, else the one after."""
        before, after = self._near(at, -1), self._verb_after(at)
        low = "" if before is None else self._words[before].lower()
        if before is not None and low in _INVERTED:
            self._words[before] = self._like(self._words[before], third(low) or low)
            return
        if low in _BARE or low in {"and", "or"}:
            return
        if after is None:
            raise _Refused
        form = third(self._words[after])
        if form is None:
            raise _Refused
        self._words[after] = form

    def _like(self, word: str, form: str) -> str:
        return form.capitalize() if word[:1].isupper() else form

    def _verb_after(self, at: int) -> int | None:
        found = self._near(at, +1)
        while found is not None and self._is_adverb(self._words[found].lower()):
            found = self._near(found, +1)
        return found

    def _is_adverb(self, word: str) -> bool:
        return word in _ADVERBS or (word.endswith("ly") and word not in BASE)

    def _near(self, at: int, step: int) -> int | None:
        """Return the position of the next word on one side, None at an end or behind a mark."""
        at += step
        while 0 <= at < len(self._words) and self._words[at].isspace():
            at += step
        return at if 0 <= at < len(self._words) and self._words[at][0].isalpha() else None
