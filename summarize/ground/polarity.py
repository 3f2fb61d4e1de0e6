"""Whether a claim says "not" where the messages do not, or the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from summarize.ground.lexicon import FUNCTION, content, stem

_PLAIN = re.compile(r"\b(?:not|never|cannot|no longer|nobody|nicht|kein\w*|nie)\b|n't\b", re.IGNORECASE)
_HARMLESS = re.compile(
    r"\b(?:not only|don't forget|do not forget|can't wait|cannot wait|why not|whether or not|or not|if not"
    r"|not sure|not bad|no problem|not yet|don't worry|didn't know|isn't it|aren't we|don't you|doesn't it"
    r"|nicht nur|not until|not before|not just|not mind|don't mind|don't think|do not think|don't see why)\b",
    re.IGNORECASE,
)
_WIDE = re.compile(
    r"\b(?:not?|non|never|cannot|none|nobody|nothing|neither|nor|without|against|instead|rather|unless|only|until"
    r"|before|drop\w*|declin\w*|refus\w*|reject\w*|cancel\w*|fail\w*|unable|avoid\w*|stop\w*|skip\w*|halt\w*|ban\w*"
    r"|prevent\w*|block\w*|postpon\w*|delay\w*|pause\w*|off|out of|away|lack\w*|miss\w*|remov\w*|disabl\w*|forbid\w*"
    r"|scrap\w*|abandon\w*|hold\w*|freez\w*|froz\w*|reverse\w*|revert\w*|roll\w* back|too|oppos\w*|disagre\w*|wrong"
    r"|still|yet|open|unclear|un\w{4,}|im\w{4,}|in(?:complete|correct|valid|sufficient)\w*|hardly|barely|few|less"
    r"|exclud\w*|leav\w*|left|keep\w*|kept|stay\w*|remain\w*|except|ohne|weder|statt|zero|den\w+ed|den(?:y|ies)"
    r"|didn|doesn|won|impossible|false|instead)\b|n't\b|\bkein|\bnicht\b|\bnie\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?;…])\s+|\n|:\s+|,\s+(?=(?:but|and|so|while|because)\b)")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_REACH = 4  # words between a negation and the word that it negates


def contradicts(claim: str, sentences: Sequence[str]) -> bool:
    """Tell whether a claim negates what its sources affirm, or affirms what they negate."""
    source = "\n".join(sentences).replace("’", "'")
    said = [part for part in _SENTENCE.split(source) if part.strip()]
    for part in _SENTENCE.split(claim.replace("’", "'")):
        if _denies(part, said) or any(
            _denies(sentence, [part]) for sentence in said if _alone(sentence, said)
        ):
            return True
        shared = content(part) & content(source)
        if _negations(part) and len(shared) >= 2 and not _WIDE.search(source) and "?" not in source:
            return True
    return False


def _denies(part: str, sentences: Iterable[str]) -> bool:
    """Tell whether one sentence negates a word that others affirm, while they are about the same."""
    about = content(part)
    for head in _negations(part):
        using = [sentence for sentence in sentences if head in content(sentence)]
        same = [s for s in using if len(about & content(s)) >= min(2, len(about), len(content(s)))]
        if same and all(_affirms(sentence, head) for sentence in using):
            return True
    return False


def _alone(sentence: str, said: Sequence[str]) -> bool:
    """Tell whether no other sentence affirms what this one negates."""
    heads = _negations(sentence)
    return not any(_affirms(other, head) for other in said if other is not sentence for head in heads)


def _negations(sentence: str) -> frozenset[str]:
    """Return the words that a sentence negates: the first of weight after each "not"."""
    if not _PLAIN.search(sentence):
        return frozenset()
    text = _HARMLESS.sub(" ", sentence)
    found: set[str] = set()
    for match in _PLAIN.finditer(text):
        after = [word.lower() for word in _WORD.findall(text[match.end() :])[:_REACH]]
        head = next((word for word in after if word not in FUNCTION), None)
        if head is not None:
            found.add(stem(head))
    return frozenset(found)


def _affirms(sentence: str, head: str) -> bool:
    """Tell whether a sentence uses a word without anything before it that may negate it; a question affirms nothing."""
    if sentence.rstrip().endswith("?"):
        return False
    for match in _WORD.finditer(sentence):
        if stem(match[0].lower()) == head:
            return not _WIDE.search(sentence[: match.start()])
    return False
