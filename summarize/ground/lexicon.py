"""Words of a claim and of what it cites, made comparable: stems, without the words that any sentence has."""

from __future__ import annotations

import re
from functools import lru_cache

from summarize.plain import KEPT


def listed(text: str) -> frozenset[str]:
    """Return the words of a list."""
    return frozenset(text.split())


_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SPACE = re.compile(r"\s+")
_ENDINGS = (
    *("ations", "ation", "ments", "ment", "ings", "ing", "edly", "ions", "ion", "ies", "ers", "ed"),
    *("er", "es", "ly", "al", "en", "s", "e", "y"),
)
_SHORT = frozenset({"ed", "ing", "s"})
_VOWEL = re.compile(r"[aeiouyäöü]")
_STEM = 6  # letters by which two words are told apart

FUNCTION = listed(
    """
    a about after again against all also am an and another any anyone anything are aren as at away back be became
    because been before being both but by came can cannot could couldn did didn do does doesn doing don done down each
    either else even ever every everyone few first for from further get gets getting give given go goes going gone got
    had hadn has hasn have haven having he her here hers him his how i if in instead into is isn it its itself just
    last least less let lets like ll make makes many may me might mine more most much must my need needs neither next
    no nobody none nor not nothing now of off on once one only onto or other others our out over own per put quite
    rather re really s same shall she should shouldn since so some somebody someone something soon still such t take
    taken takes than that the their them then there these they thing things this those though through till to together
    too took toward towards under until up upon us use used uses using ve very via want wants was wasn way we well went
    were weren what when where whether which while who whom whose why will with within without won would wouldn yes yet
    you your yours
    aber alle als am an auch auf aus bei bis da das dass dem den der des die doch du ein eine einem einen einer er es
    für hat haben ich ihr im in ist ja kann kein keine man mit nach nicht noch nur oder schon sein sich sie sind so
    soll um und uns unser vom von vor war was wenn wer werden wie wir wird wo zu zum zur
    """
)
"""Words that say nothing of what a sentence is about."""

REPORTING = listed(
    """
    accept add address admit agree announce answer appear approve argue ask ask assign attribute avail base believe
    bring call cause chang check clarif clear comment commit complet concern conclud confirm consider contact continu
    current decid decision describ detail discuss emphas end ensur explain express feel final follow found happen help
    hold includ inform instruct intend involv issue keep know late lead look mean member mention messag move note offer
    open outlin own particip people person pin plan point post prefer present propos provid question rais reach read
    reason receiv recommend regard relat remain remind repl report request requir resolv respond respons result review
    said say see send set share show stat start status statement suggest summar support team tell thank think thought
    told topic understand updat user wait warn work write wrote
    """
)
"""Stems (or words) with which summaries tell who said what: they need not stand in a message."""


def flat(text: str) -> str:
    """Return text in small letters with single blanks and straight quotes."""
    text = text.replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"').replace("„", '"')
    return _SPACE.sub(" ", text).strip().casefold()


def words(text: str) -> list[str]:
    """Return the words of a text, in small letters, without possessive endings."""
    return [word.split("'")[0] for word in _WORD.findall(text.replace("’", "'").lower())]


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return the head of a word by which its forms are the same: "deploys", "deployed", "deployment"."""
    for ending in _ENDINGS:
        rest = word[: -len(ending)]
        if word.endswith(ending) and len(rest) >= (3 if ending in _SHORT else 4) and _VOWEL.search(rest):
            word = rest
            break
    return word[:_STEM]


@lru_cache(KEPT)
def stems(text: str) -> frozenset[str]:
    """Return the stems of the words of a text that say what it is about."""
    return frozenset(stem(word) for word in words(text) if word not in FUNCTION and len(word) > 1)


@lru_cache(KEPT)
def content(text: str) -> frozenset[str]:
    """Return the stems that a claim adds of its own: without the words of reporting."""
    return frozenset(one for one in stems(text) if one not in _REPORTING_STEMS)


@lru_cache(KEPT)
def language(text: str) -> str:
    """Return the language that a text's small words are of, or an empty text where too few tell."""
    found = words(text)
    counts = {name: sum(word in marks for word in found) for name, marks in _MARKS.items()}
    best = max(counts, key=lambda name: counts[name])
    rest = max(count for name, count in counts.items() if name != best)
    if counts[best] > rest:
        return best
    letters = [char for char in text if char.isalpha()]
    return "other" if sum(char > "\u0370" for char in letters) * 2 > len(letters) else ""


_REPORTING_STEMS = frozenset(stem(word) for word in REPORTING) | REPORTING
_MARKS = {
    "en": listed("the is are of to and was will by for that on has with be it they not this from"),
    "de": listed("der die das ist und wird mit auf für den ein eine nicht von zu im am sind wir"),
    "fr": listed("le la les est et des un une pour dans que sera sur du avec pas nous sont au"),
    "es": listed("el los las es y del un una para en que será con por se no su al como"),
    "pt": listed("o os as é e do da um uma para em que será com por não se no na ao"),
    "it": listed("il lo gli è e del della un una per in che sarà con non si nel al sono di"),
}
