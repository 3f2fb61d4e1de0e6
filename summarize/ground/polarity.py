"""Whether a claim says "not" where the messages do not, or the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from summarize.ground.lexicon import FUNCTION, content, stem, words

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
    r"|didn|doesn|won|impossible|doubt\w*|false|instead)\b|n't\b|\bkein|\bnicht\b|\bnie\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?;…])\s+|\n|:\s+")
_REACH = 5  # content words after a negation that it bears on


def contradicts(claim: str, sentences: Sequence[str]) -> bool:
    """Tell whether a claim negates what its sources affirm, or affirms what the nearest of them negates."""
    source = "\n".join(sentences).replace("’", "'")
    for part in _parts(claim.replace("’", "'")):
        own = _plainly(part)
        if own and not _WIDE.search(source) and len(content(part) & content(source)) >= 2:
            return True
        if not _WIDE.search(part) and _negated(part, _parts(source)):
            return True
    return False


def _parts(text: str) -> list[str]:
    return [part for part in _SENTENCE.split(text) if len(part.split()) >= 2]


def _plainly(part: str) -> bool:
    return bool(_PLAIN.search(_HARMLESS.sub(" ", part)))


def _negated(claim: str, sentences: Iterable[str]) -> bool:
    """Tell whether the sentence nearest to a claim negates the words that they share, and no other affirms them."""
    wanted = content(claim)
    shares = [(len(wanted & content(sentence)), sentence) for sentence in sentences]
    most = max((share for share, _ in shares), default=0)
    if most < 2 or most * 2 < len(wanted):
        return False
    near = [sentence for share, sentence in shares if share >= max(2, most - 1)]
    return all(_bears_on(sentence, wanted) for sentence in near)


def _bears_on(sentence: str, wanted: frozenset[str]) -> bool:
    text = _HARMLESS.sub(" ", sentence)
    for match in _PLAIN.finditer(text):
        after = [stem(word) for word in words(text[match.end() :]) if word not in FUNCTION][:_REACH]
        if wanted & set(after):
            return True
    return False
