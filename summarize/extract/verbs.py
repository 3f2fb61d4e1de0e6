"""Enough English inflection to put "I go" into "Ann goes", over a closed list: no noun is ever conjugated."""

from __future__ import annotations

from summarize.words import wordset

MODALS = wordset(
    "can could may might must shall should will would cannot can't couldn't mustn't shouldn't won't wouldn't"
)
"""Verbs that no person changes."""

BASE = wordset(
    """
    accept add adjust admit afford agree allow announce answer apologize apply appreciate approve argue arrange arrive
    ask assume attach attend avoid be become begin believe belong block book borrow bother bring build buy call cancel
    care carry cause celebrate change charge check choose clean close collect come compare complain confirm connect
    consider contact continue convert cook copy cost count cover create cut dance decide delete deliver depend deploy
    deserve design disagree discuss dislike do doubt draft draw dream drink drive drop earn eat enable end enjoy
    envy exercise expect explain fail fall fear feel figure file fill find finish fix fly follow forget forward
    get give go graduate grow guess handle happen hate have hear help hire hold hope hunt imagine improve include
    insist intend introduce invite join jog judge keep kick know last laugh lead learn leave lend let like listen live
    look lose love maintain make manage matter mean measure meet mention merge migrate mind miss monitor move mute
    need notice offer open order owe own park participate pass patch pay pick plan play point post practice
    practise prefer prepare promise propose provide publish pull push put quit raise reach read realize receive
    recommend recall record regret reject relax release rely remember remind remove rename rent repair repeat replace
    reply report request require reserve reset rest restart restore return revert review revisit rewrite ride roll
    rotate run save say schedule see seem sell send serve set share ship show sign sing sit skip sleep smell smoke
    sort sound speak spend stand start stay stick stop store stretch study submit suffer suggest suppose suspect
    swim switch take talk taste teach tell tend test thank think track trade travel treat trust try turn understand
    update upgrade upload urge use vacuum verify visit vote wait wake walk want warn wash watch wear win wipe wish
    wonder work worry write
    """
)
"""Verbs as they stand in "I …"; a present form of any other word is not attempted."""

_IRREGULAR: dict[str, str] = dict(
    (base, form)
    for base, _, form in (
        pair.partition("/")
        for pair in wordset("""
    be/was become/became begin/began bring/brought build/built buy/bought choose/chose come/came cost/cost cut/cut
    do/did draw/drew drink/drank drive/drove eat/ate fall/fell feel/felt find/found fly/flew forget/forgot get/got
    give/gave go/went grow/grew have/had hear/heard hold/held keep/kept know/knew lead/led learn/learned leave/left
    lend/lent let/let lose/lost make/made mean/meant meet/met pay/paid put/put quit/quit read/read ride/rode run/ran
    say/said see/saw sell/sold send/sent set/set show/showed sing/sang sit/sat sleep/slept speak/spoke spend/spent
    stand/stood stick/stuck swim/swam take/took teach/taught tell/told think/thought understand/understood wake/woke
    wear/wore win/won write/wrote
    """)
    )
)
_PAST = frozenset(_IRREGULAR.values()) | wordset(
    "used had was were did broke drew hit hurt caught bought fought"
)
_SAME = wordset("cost cut hit hurt let put quit read set")
_ODD = {"be": "is", "am": "is", "are": "is", "do": "does", "go": "goes", "have": "has"} | {
    "don't": "doesn't",
    "haven't": "hasn't",
    "aren't": "isn't",
    "weren't": "wasn't",
    "were": "was",
}
_DOUBLED = wordset(
    "cut drop get hit let plan put quit run set sit ship skip stop swim win begin forget chat jog submit"
)


def third(verb: str) -> str | None:
    """Return a finite form as it stands after a singular name, or None where it cannot be known."""
    word = verb.lower()
    if word in _ODD:
        return _ODD[word]
    if word in MODALS or word in {
        "is",
        "was",
        "has",
        "does",
        "didn't",
        "hadn't",
        "wasn't",
        "doesn't",
        "hasn't",
        "isn't",
    }:
        return word
    if word in _SAME:  # today, or yesterday?
        return None
    if word in _PAST or (word.endswith("ed") and len(word) > 4 and word not in BASE):
        return word
    return _with_s(word) if word in BASE else None


def past(verb: str) -> str | None:
    """Return the past of a verb in its base form, or None if the verb is not known."""
    word = verb.lower()
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word not in BASE:
        return None
    if word.endswith("e"):
        return f"{word}d"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ied"
    return f"{word}{word[-1]}ed" if word in _DOUBLED else f"{word}ed"


def gerund(verb: str) -> str | None:
    """Return the -ing form of a verb in its base form, or None if the verb is not known."""
    word = verb.lower()
    if word not in BASE:
        return None
    if word.endswith("e") and not word.endswith(("ee", "be")):
        return f"{word[:-1]}ing"
    return f"{word}{word[-1]}ing" if word in _DOUBLED else f"{word}ing"


def _with_s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh", "o")):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2] not in "aeiou" else f"{word}s"
