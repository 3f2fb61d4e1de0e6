"""A sentence of a chat as a report of it: "Ann asks Ben whether …", "Ben suggests waiting", "Ann will restart it".

Reports keep every word that carries the claim: negations, numbers, names, code. What does not fit a known pattern is
not reported (None): the caller shows the words themselves.
"""

from __future__ import annotations

import re

from summarize import german
from summarize.extract.verbs import BASE, gerund, past, third
from summarize.extract.voice import Voice, is_personal, turned
from summarize.words import wordset

_OPENERS = re.compile(
    r"^(?:(?:ok(?:ay)?|so|well|right|alright|anyway|btw|fyi|and|but|oh|ah|hey|hi|hello|yeah|yes|yep|yup|no|nope|hmm+|um+|uh+"
    r"|thanks|great|cool|good|now|look|listen|wow|really|sure|of course|i see|you know|i mean|you see|you mean"
    r"|excuse me|sorry|i'm sorry|i am sorry|by the way|sir|madam|certainly|actually|please tell me|may i ask)\b"
    r"(?:\s*[,.!:;—–-]+\s*|\s+(?=(?:i|you|we|what|how|where|when|why|who|do|are|is|can|could|the|it|that|this|but|and"
    r"|so|then)\b)))+(?=\S+\s+\S+)",
    re.IGNORECASE,
)
_ASIDE = re.compile(r", (?:you know|you see|i mean|i guess|sir|madam)(?=,)", re.IGNORECASE)
_THANKS = re.compile(
    r"^(?:many )?(?:thanks|thank you)(?: (?:so|very) much| a lot)?( for .*)?$", re.IGNORECASE
)
_TAG = re.compile(
    r",? (?:right|you know|okay|ok|isn't it|don't you|aren't you|please|sir|madam|then|too|though)(?=[?.!]*$)",
    re.I,
)
_PRONOUN = (
    r"(?:i|you|we|they|he|she|it|this|that|there|these|those|someone|somebody|anyone|anybody|everyone"
    r"|everybody)"
)
_AUX = (
    r"(?:is|are|was|were|am|have|has|had|can|could|will|would|should|shall|may|might|must"
    r"|isn't|aren't|can't|won't|couldn't|shouldn't|wouldn't|haven't|hasn't)"
)
_WH = r"(?:what|which|who|whom|whose|when|where|why|how)"
_TURNED_ROUND = re.compile(
    rf"^(?:{_WH} (?:{_AUX}|do|does|did|don't|doesn't)|{_AUX}|do|does|did|don't|doesn't) {_PRONOUN}\b", re.I
)
_YES_NO = re.compile(rf"^({_AUX}) ({_PRONOUN})\b ?(.*)$", re.IGNORECASE)
_DID = (
    rf"(?P<do>do|does|did) (?P<who>{_PRONOUN})\b (?:(?P<adverb>really|still|also|ever|already|usually|often|always) )?"
    r"(?P<verb>[a-z]+)\b(?P<rest>.*)$"
)
_DO = re.compile(rf"^{_DID}", re.IGNORECASE)
_FRONT = rf"(?P<front>{_WH}(?: [\w'-]+){{0,4}}?)"
_WH_AUX = re.compile(rf"^{_FRONT} ({_AUX}) ({_PRONOUN})\b ?(.*)$", re.IGNORECASE)
_WH_DO = re.compile(rf"^{_FRONT} {_DID}", re.IGNORECASE)
_WH_SUBJECT = re.compile(rf"^{_WH}\b(?!.*\b(?:{_AUX}|do|does|did|'s|'re)\b)(?!\w*'s).*$", re.IGNORECASE)
_ASKED_TO = re.compile(
    r"^(?:can|could|will|would) you(?: please| just| kindly)* ([a-z]+)\b(.*)$", re.IGNORECASE
)
_LIKE_TO = re.compile(r"^(?:would|do) you (?:like|want) (?:to\b|me\b|some|a\b|an\b|the\b)", re.I)
_MIND = re.compile(r"^(?:would|do) you mind (\w+ing\b.*)$", re.IGNORECASE)
_WHY_NOT = re.compile(r"^why (?:don't|not) (?:we |you )?([a-z]+)\b(.*)$", re.IGNORECASE)
_HOW_ABOUT = re.compile(
    r"^how about (\w+ing\b.*|(?:a|an|the|some|next|this|tomorrow|my|your|our)\b.*)$", re.IGNORECASE
)
_WHAT_ABOUT = re.compile(r"^(?:what|how) about (.*)$", re.IGNORECASE)
_LETS = re.compile(r"^(?:let's|lets|let us) (not )?([a-z]+)\b(.*)$", re.IGNORECASE)
_SHALL = re.compile(r"^shall we ([a-z]+)\b(.*)$", re.IGNORECASE)
_ORDER = re.compile(r"^(?:please )?(don't |do not |never )?([a-z]+) (([\w']+)\b.*)$", re.IGNORECASE)
_ABLE = wordset(
    "afford be believe feel get guess hear have imagine like mean mind remember see smell speak think understand want"
)
"""What "can you …" asks about, not for."""
_COMMANDS = wordset(
    """
    add ask attach bring buy call check choose clean close come confirm consider delete deploy enable explain fill find
    finish fix follow forget forward get give go hold imagine include join keep leave make mute open pass pay pick
    prepare pull push remember remove rename replace restart revert rotate run save send show skip start stay stop
    submit take tell try turn update upload use wait watch write
    """
)
_AFTER_COMMAND = wordset(
    """
    a an the it this that these those my your our their his her me us them him all any some both each every one up off
    back
    """
)
_SMALL = wordset(
    """
    a about after all also although an and another any are as at because before both but by every everyone everything
    for from he here his how however i if in is it it's its just many maybe most my no nobody not nothing now of on once
    one only or our people perhaps she since so some someone something sometimes still than that that's the their then
    there there's these they they're this those to unless until usually we we'll we're we've what whatever when where
    which while who why with you you'll you're you've your
    """
)
_OPENS = re.compile(
    rf"(?:{'|'.join(map(re.escape, sorted(_SMALL, key=len, reverse=True)))})\b", re.IGNORECASE
)


def reported(sentence: str, voice: Voice) -> str | None:
    """Return a sentence as a report of what its speaker says, asks, suggests or is doing, or None."""
    text = stripped(sentence)
    ends = text.rstrip("\"')* ")
    bare = ends.rstrip(".!?… ")
    if not bare or german.speaks(bare.lower()) or bare.count('"') % 2 or ":" in bare.replace("://", ""):
        return None
    if voice.other and (called := re.match(rf"^{re.escape(voice.other.split()[0])}[,:] (?=\w)", bare, re.I)):
        bare = bare[called.end() :]
    asking = ends.endswith("?") or _TURNED_ROUND.match(bare)
    found = _asked(bare, voice) if asking else _stated(bare, voice)
    return None if found is None else f"{' '.join(found.split())}."


def stripped(sentence: str) -> str:
    """Return a sentence without what only opens or closes it ("Well, …", "…, right?")."""
    text = _OPENERS.sub("", " ".join(sentence.replace("’", "'").split()))
    return _TAG.sub("", _ASIDE.sub("", text))


def _asked(bare: str, voice: Voice) -> str | None:
    """Return a question as a report, by the first pattern that fits."""
    asks = f"{voice.speaker} asks {voice.other}".rstrip()
    for attempt in (_asked_to, _proposed, _whether, _what):
        if (found := attempt(bare, voice, asks)) is not None:
            return found
    return None


def _asked_to(bare: str, voice: Voice, asks: str) -> str | None:
    if not voice.other:
        return None
    if match := _MIND.match(bare):
        rest = turned(match[1], voice)
        return rest and f"{asks} whether {voice.other} minds {rest}"
    match = _ASKED_TO.match(bare)
    if match is None or match[1].lower() not in BASE or match[1].lower() in _ABLE:
        return None
    rest = turned(match[2], voice)
    return None if rest is None else f"{asks} to {match[1].lower()}{rest}"


def _proposed(bare: str, voice: Voice, asks: str) -> str | None:
    if match := _WHY_NOT.match(bare) or _SHALL.match(bare):
        return _suggested(match[1], match[2], voice)
    if match := _HOW_ABOUT.match(bare):
        rest = turned(match[1], voice)
        return rest and f"{voice.speaker} suggests {rest}"
    if match := _WHAT_ABOUT.match(bare):
        rest = turned(match[1], voice)
        return rest and f"{asks} about {rest}"
    return None


def _suggested(verb: str, rest: str, voice: Voice, *, word: str = "suggests") -> str | None:
    doing, end = gerund(verb), turned(rest, voice)
    return None if doing is None or end is None else f"{voice.speaker} {word} {doing}{end}"


def _whether(bare: str, voice: Voice, asks: str) -> str | None:
    clause = None
    if match := _YES_NO.match(bare):
        clause = turned(f"{match[2]} {match[1].lower()} {match[3]}", voice)
    elif match := _DO.match(bare):
        clause = _did(match, voice)
    return None if clause is None else f"{asks} whether {_small(clause)}"


def _what(bare: str, voice: Voice, asks: str) -> str | None:
    front: str | None = ""
    clause = None
    if match := _WH_AUX.match(bare):
        front = turned(match["front"], voice)
        clause = turned(f"{match[3]} {match[2].lower()} {match[4]}", voice)
    elif match := _WH_DO.match(bare):
        front, clause = turned(match["front"], voice), _did(match, voice)
    elif _WH_SUBJECT.match(bare) and len(bare.split()) > 2:
        clause = turned(bare, voice)
    if front is None or clause is None:
        return None
    return " ".join(part for part in (asks, _small(front), _small(clause)) if part)


def _did(match: re.Match[str], voice: Voice) -> str | None:
    """Return "do you like it" as "Ben likes it", "did we ship" as "we shipped"."""
    who, verb = match["who"].lower(), match["verb"].lower()
    name = {"i": voice.speaker, "you": voice.other}.get(who, who)
    end = turned(match["rest"], voice)
    form = _finite(match["do"].lower(), who, verb) if verb in BASE else None
    if not name or end is None or form is None:
        return None
    return " ".join(part for part in (name, match["adverb"], f"{form}{end}") if part)


def _finite(aux: str, who: str, verb: str) -> str | None:
    if aux == "did":
        return past(verb)
    return verb if who in {"we", "they", "these", "those"} else third(verb)


def _stated(bare: str, voice: Voice) -> str | None:
    """Return a statement as a report, by the first pattern that fits."""
    if match := _LETS.match(bare):
        return _suggested(match[2], match[3], voice, word="suggests not" if match[1] else "suggests")
    for attempt in (_thanked, _ordered, _said):
        if (found := attempt(bare, voice)) is not None:
            return found
    return None


def _thanked(bare: str, voice: Voice) -> str | None:
    match = _THANKS.match(bare) if voice.other else None
    rest = match and turned(match[1] or "", voice)
    return None if rest is None else f"{voice.speaker} thanks {voice.other}{rest}"


def _said(bare: str, voice: Voice) -> str | None:
    clause = turned(bare, voice) if is_personal(bare) else None
    if clause is None or re.match(r"(?:i|i'\w+)\b", bare, re.IGNORECASE):
        return clause
    if not _OPENS.match(bare):  # a fragment ("Small, I'd …") or an order: no clause that "says" could govern
        return None
    return f"{voice.speaker} says {_small(clause)}"


def _ordered(bare: str, voice: Voice) -> str | None:
    match = _ORDER.match(bare)
    if match is None or match[2].lower() not in _COMMANDS or match[4].lower() not in _AFTER_COMMAND:
        return None
    rest = turned(match[3], voice)
    if rest is None:
        return None
    start = f"{voice.speaker} asks {voice.other}" if voice.other else f"{voice.speaker} says"
    return f"{start} {'not to' if match[1] else 'to'} {match[2].lower()} {rest}"


def _small(clause: str) -> str:
    """Return a clause as it stands within a sentence: names and acronyms keep their capital."""
    first = clause.split(" ", 1)[0]
    return clause[:1].lower() + clause[1:] if first.lower() in _SMALL and first != "I" else clause
