"""When something is due, in the words that say so: after a cue ("by Friday"), or a day in somebody's commitment."""

from __future__ import annotations

import re

_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_TAG = r"(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag)"
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_DATED = (
    rf"\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?"
)
_NEXT = r"(?:next|this) (?:week|month|sprint|quarter|morning|afternoon|evening)"
_END = r"(?:the )?end of (?:the |this |next )?(?:day|week|month|quarter|sprint)|eod|eow|cob"
_SOON = (
    rf"(?:next |this |coming )?{_DAY}|{_TAG}|tomorrow|tonight|today|morgen|übermorgen|heute(?: abend)?"
    r"|ende (?:der woche|des monats)"
)
_CLOCK = r"\d{1,2}(?::\d{2})? ?(?:am|pm)|\d{1,2}(?::\d{2})? uhr|\d{1,2}:\d{2}|noon|lunch|midnight"
_PART = (
    r"(?: (?:at |um )?(?:noon|morning|afternoon|evening|night|eod|früh|mittag|nachmittag|abend"
    r"|\d{1,2}:\d{2}|\d{1,2} ?[ap]m|\d{1,2} uhr))?"
)
DATE = (
    rf"(?:{_DATED}|\d{{1,2}}\.\d{{1,2}}\.(?:\d{{2,4}})?|{_SOON}|(?:the )?\d{{1,2}}(?:st|nd|rd|th)"
    rf"|{_END}|{_NEXT}|{_CLOCK})"
)
"""A day or a time of day."""

BARE = rf"(?:(?:on |am )?(?:{_DATED}|{_SOON}|{_END}|{_NEXT}){_PART})"
"""A day that needs no cue where somebody commits themselves."""

_CUE = (
    r"by|before|until|till|due(?: on| by)?|no later than|deadline(?: is|:)?"
    r"|bis(?: spätestens)?(?: zum| am)?|spätestens(?: am| bis)?"
)
_CUED = re.compile(rf"\b(?:{_CUE}) ({DATE}{_PART})(?![\w-])", re.IGNORECASE)
_NOT_DUE = (
    r"(?<!my )(?<!last )(?<!since )(?<!from )(?<!every )(?<!after )(?<!to )"
    r"(?<!letzten )(?<!seit )(?<!jeden )(?<!ab )"
)
_PLAIN = re.compile(rf"{_NOT_DUE}\b({BARE})(?!['’]s?\b|[\w-])", re.IGNORECASE)
_PAST = re.compile(
    r"\b(?:was|were|been|had|did|since|ago|yesterday|started|died|failed|ended|went|fired|paged|seit|gestern"
    r"|(?:down|out|away|off|valid|good|closed|broken|from [\w:.]+)(?= (?:until|till)))\b",
    re.IGNORECASE,
)


def due_in(sentence: str) -> str | None:
    """Return the date or time that a sentence sets, in its own words, or None; what is past is not due.

    A time of day counts only behind a cue ("by 10:00"); a day also without ("ready Wednesday").
    """
    for pattern in (_CUED, _PLAIN):
        match = pattern.search(sentence)
        if match is not None and not _PAST.search(sentence, 0, match.start(1)):
            return match[1]
    return None
