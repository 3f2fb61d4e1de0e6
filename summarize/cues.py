"""What a sentence does in a conversation: decide, commit, ask, report, take back; rules with negation.

Strengths run from 0 to 1: 1 is said in so many words ("Decision: …"), 0.5 needs support (agreement, a date, a reply).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from summarize import german
from summarize.due import BARE, DATE, due_in


def _any(*patterns: str) -> re.Pattern[str]:
    """Compile alternatives for lower-case text: matching without regard to case costs twice the time."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_VERB = (
    r"(?:add|adjust|announce|ask|arrange|attach|book|build|bring|call|change|check|clean|close"
    r"|collect|confirm|contact|convert|coordinate|cover|create|cut|delete|deploy|design|disable|do"
    r"|document|draft|draw|enable|expense|figure|file|finish|fix|fly|follow|forward|get|give"
    r"|handle|implement|inform|investigate|invite|join|keep|kick|launch|look|make|measure|meet"
    r"|merge|message|migrate|move|mute|archive|bump|cover|detect|tell|track|watch|open|order"
    r"|organi[sz]e|own|patch|pick|ping|post|prepare|propose|publish|pull|push|put|raise|record"
    r"|redo|redraw|release|remind|remove|rename|reorder|replace|reply|report|research|reset"
    r"|restart|restore|review|revert|rewrite|roll|rotate|run|schedule|send|set|share|ship|sign"
    r"|sketch|sort|speak|start|submit|summari[sz]e|switch|take|talk|tear|test|time|try|turn|update"
    r"|upgrade|upload|verify|wipe|work|write)"
)
_LEAD = (
    r"^\W*(?:(?:ok(?:ay)?|so|great|right|alright|then|and|good|well|thanks|team|all|update)\b[\s,.:!-]*){0,3}"
)
_DECIDED = _any(
    rf"{_LEAD}(?:decision|decided|decisions|agreed|approved|settled|reversed|resolution|verdict"
    r"|outcome|new (?:rule|policy|plan|process)|final(?: answer| call)?)\b(?:\s*[:,–—-]|(?: (?:for"
    r"|on|with|by|from|is|of) [^:.,]{1,40})\s*[:–—])",
    rf"{_LEAD}(?:decided|(?:agreed|approved) (?:to|that|on|for))\b",
    r"\b(?:we|i|they|the team|everyone|(?:s?he))(?:'ve| have| all| has|'s)?(?: just| finally| now"
    r"| all)* (?:decided|agreed|settled on|chosen|chose|picked|opted)\b",
    r"\b(?:we're|we are|we'll|we will|let's|lets) (?:go(?:ing)?|stick(?:ing)?|stay(?:ing)?"
    r"|proceed(?:ing)?|mov(?:e|ing)) (?:with|ahead|for|on|to)\b",
    r"\bfrom now on\b|\bsigned off on\b|\bdecided, starting\b|\bhas been (?:decided|approved|agreed)\b",
    r"^\W*(?:ok,? |then )?[\w .'-]{1,30} it is(?=[!.,]|$)|\beffective (?:now|immediately|today|tomorrow|next|from)\b"
    r"|\bthen it's (?:a |an )?(?:go|no-go|settled|decided)\b"
    r"|\bnew (?:launch |release |due |start )?(?:date|deadline)(?: is|:)? \d",
    r"\b(?:is|are) (?:now )?(?:approved|decided|final|settled|off the table|a (?:go|no-go))\b",
    r"(?<!before )(?<!until )(?<!when )(?<!if )\bi(?:'ve| have)? (?:approved?|decided|sign(?:ed)? off)\b"
    r"|\bapproved for\b",
)
_DECIDED_WEAKLY = _any(
    r"\b(?:let's|lets|we(?:'ll| will)|we do|do it|ship it|go for it|offer that|option \w|then)\b",
    r"\b(?:only|must|always|never|no longer|stays?|remains?|instead|until then|first|everyone"
    r"|starting|out|effective|minimum|fixed)\b"
    r"|\b(?:launch|release|beta|meeting|go-live)(?:es)?(?: date)? (?:is|stays|on)\b"
    rf"|\blaunch(?:es)? {DATE}|\(?\w\) now\b",
    rf"^\W*(?:{_VERB}|void|wait|stop|drop|use|hold|skip|scrap|freeze|pause|reprint|keep)\b",
    r"\b\w+ it is\b|^\W*(?:yes|no)\b|^\W*[a-z]\.\s|\bgoes to\b|\bowns?\b"
    r"|\b(?:i )?lean(?:ing)? (?:to|towards)?\b",
)
_UNDECIDED = _any(
    r"\b(?:not|never|haven't|hasn't|hadn't|don't|didn't|isn't|aren't|wasn't|yet to|cannot|can't"
    r"|nobody|no one|nothing)(?: \w+){0,3} (?:decid\w+|agree\w*|settl\w+|chos\w+|choos\w+|final"
    r"|approv\w+|pick\w*)",
    r"\b(?:decision|verdict)\b.{0,40}\b(?:open|pending|due|later|tomorrow|next)\b",
    r"\bno (?:decision|agreement|verdict|final)\b|\bundecided\b|\btbd\b|\bto be decided\b",
    r"\b(?:before|until|once|when|if|whether|should|must|need to|have to|who|let me|how|can"
    r"|could) (?:we |i |you |they |it )?(?:\w+ )?(?:decid|agree|settle|approve|choose)\w*",
    r"\b(?:pending|awaiting|wait(?:ing)? for|need|want|asked for|ask) (?:a |the |your |an |his "
    r"|her |final )*(?:decision|approval|verdict|sign-?off)",
)
_HABIT = (
    r"(?:ask nicely|do|get|give|keep|live|look|meet|propose|push|put|read|see|set|cut|let|think|time"
    r"|turn|work)\b"
)
_STATES = (
    r"(?:i|you|it|he|she|they|we|who|what|is|are|was|were|be|been|had|has|have|did|does|ago|last|not|see|back|out|off"
    r"|away|happy|meeting|standup|stand-up|interview|lunch|since|from|every|enjoy|until|between|propose|no|yes|that|there"
    r"|third|fourth|fifth|again|starts?|begins?|follows|"
    r"\w+'(?:s|t|ve|re|d)|\w+s (?:its|his|her|their))"
)
_COMMITTED = _any(
    r"\b(?:i(?:'ll| will|'m going to| am going to|'m gonna| shall| plan to|'m about to)"
    r"|(?<!don't )(?<!not )(?<!never )let me(?! put))(?: (?:also|then|just|now|try to|have to|go"
    r"|personally|gladly|happily"
    rf"|quickly))* {_VERB}\b",
    rf"(?:^|[.,;:!–-] ?|\b(?:and|then|fine|ok) )i (?:(?:also|now|just|then|still) )*(?!{_HABIT}){_VERB}\b",
    rf"\bi can {_VERB} (?:it|that|this|the|a|an|one|my)\b",
    rf"(?:^|[,.:] )(?!.*\b{_STATES}\b)[^,.?]{{8,80}} by {DATE}",
    rf"^(?!.*\b{_STATES}\b)(?!\W*(?:good|nice|great|thanks?|welcome|next|this)\b)[^?]{{6,80}} {BARE}\W*$",
    r"\b(?:i|we) (?:can |could |will |'ll )?(?:take|own|handle|pick up|draft|cover) (?:it|that"
    r"|this|care of|the \w+)\b|\b(?:i|we)(?:'ll| will| can) do (?:it|that|this|the \w+)\b"
    r"|^\W*(?:ok |i'm |am |already )?on it\b|\bleave (?:it|that) (?:to|with) me\b|\bi'm (?:taking"
    r"|doing|writing|adding|muting|sending|fixing|preparing|joining|putting|building|calling"
    r"|moving|asking|rewriting|drafting|booking|testing|checking) \w+",
    r"\b(?:action items?|todo|to-do|next steps?|ai)\s*[:–-]|\bowners?\s*[:=]",
    rf"^\W*will (?:also )?{_VERB}\b",
    r"^\W*(?:me|mine)\s*:|:\s*me\b|^\W*i take (?:it|that)\s*:",
    r"^\W*(?:writing|rewriting|muting|adding|fixing|preparing|drafting|booking|testing|sending|moving|updating)\b"
    r".{4,80}\b(?:now|today|tomorrow|before|by)\b",
)
_OWN = _any(
    r"\b(?:i|i'll|i'm|mine|ich|mach ich|kümmere? mich|let me)\b|^\W*(?:ok |already )?on it\b"
    r"|^\W*me\s*:|:\s*me\b|^\W*will\b|^\W*\w+ing\b"
)
_IDLE = _any(
    r"\bi(?:'ll| will) (?:be|say|believe|admit|miss|wait|never|take (?:it|that) as|see|think"
    r"|let you|live|survive|bet|have|need|want|ask nicely|try not)\b",
    r"\bi(?:'d| would|'ve| have| had) (?:never|already)?\b.*\bif\b",
    r"\b(?:if|unless) i\b|\bi (?:take no|take it(?! ?(?:[:,.;!]|$|over\b|on\b|and\b))|take that as|do not|don't|won't"
    r"|will not|can't|cannot)\b",
)
_REQUESTED = _any(
    rf"\b(?:can|could|would|will) (?:you|your team|someone|somebody|anyone|anybody)(?: \w+){{0,2}} {_VERB}\b",
    rf"\bplease(?: \w+){{0,2}} {_VERB}\b|\b(?:need|want|like) (?:you|someone) to {_VERB}\b"
    rf"|\byou (?:need|have) to {_VERB}\b",
    rf"^\W*(?:don't forget|remember) to {_VERB}\b",
)
_ASSIGNED = (
    rf"(?:,? (?:will|to|can you|could you|should|you)(?: \w+)? \w+|,? (?:please|bitte)\b|,? {_VERB}(?:e?s)?\b"
    r"|:? (?:kannst|könntest) du\b|,? übernimmt\b)"
)
_REVERSED = _any(
    r"\bnvm\b|\bnever ?mind\b|\b(?:scratch|strike|forget|ignore) that\b|\bon second thou?ghts?\b"
    r"|\bchange of plans?\b",
    r"\b(?:changed|changing) (?:my|our) minds?\b|\bcorrection\s*[:,]|\bi take (?:it|that) back\b"
    r"|\bturns out we (?:can't|don't)\b",
    r"\b(?:re)?vert(?:ing|ed)? (?:the|that|our|my|this|last)\b.{0,40}\b(?:decision|plan|call"
    r"|choice|rule|freeze)|\brevers(?:ing|ed|al|e)\b.{0,30}\b(?:decision|plan|call|freeze|rule"
    r"|that|it)\b",
    r"\breplac(?:es|ing) (?:the|my|our) (?:one|decision|plan)\b|\bsupersed\w+\b|\b(?:is"
    r"|are) off the table\b|\boverrul\w+",
    r"\bactually,? (?:let's|lets|we should|no\b|make (?:it|that)|can we)|\b(?:let's"
    r"|lets) not\b.{0,60}\b(?:after all|anymore)\b",
    r"\b(?:no longer|not) (?:going (?:with|to)|doing|using|shipping)\b|\b(?:plan|decision|launch"
    r"|release|meeting) (?:is|was|has been) (?:dropped|cancel+ed|postponed|moved)\b",
    r"\b(?:we're|we are|i'm|let's|lets) (?:drop(?:ping)?|scrap(?:ping)?|cancel+(?:ing)?"
    r"|postpon(?:e|ing)|mov(?:e|ing) (?:it|that|this) (?:to|from))\b",
    r"\b(?:moved|pushed|postponed|shifted|bumped) (?:it |that |this )?(?:to|from|until|by)\b"
    r"|[,–-] (?:\w+ ){1,3}instead\b|^\W*(?:flipped|reversed)\b|\bnew (?:launch |release |due "
    r"|target |start )?(?:date|deadline)\b",
)
_INCIDENT = _any(
    r"\[?\b(?:p[0-2]|sev-?[0-3])\b\]?|\boutage\b|(?<!'s )\bincident\b|\bpost-?mortem\b|\broot cause\b"
    r"|\bfalse alarm\b|\bdata (?:loss|leak)\b|\bbreach(?:ed)?\b",
    r"\b(?:is|are|was|were|went|goes|still|seems?|service|site|api) (?:down|offline|unreachable"
    r"|degraded|on fire)\b|\bnot (?:responding|loading)\b",
    r"\b(?:rolled|rolling|roll) (?:it |that |this )?back\b|\brollback\b|\bhotfix\b"
    r"|\b5\d\ds?\b(?= (?:errors?|on|from|for))|\berror rate\b|\bcrash(?:ed|es|ing)\b|\bpaged\b"
    r"|\bon-?call\b.{0,20}\bpage",
    r"\bmitigated\b|\ball clear\b|\bback to normal\b|\brecovered\b|\bfailing over\b|\bfailover\b"
    r"|\bfiring\b|^\W*alert\b|\balert(?:ed|ing| fired| is firing)\b|\bdegraded\b|\b(?:timing|timed) out\b|\b(?:double"
    r"|duplicate)d? (?:charg|invoic|bill)\w*",
)
_NO_INCIDENT = _any(
    r"\bblockers?\b|\bincident commander\b",
    r"\bno (?:\w+ )?(?:incidents?|outages?|alerts?|pages?|data loss|breach)\b"
    r"|\bwithout (?:an? )?(?:incident|outage)\b",
)
_CAUSE_STATED = _any(
    r"\broot cause\b(?! (?:is |was )?(?:unknown|unclear|open|analysis))|^\W*cause\b(?: in one line)?\s*[:=–-]"
    r"|\bthe cause (?:is|was)\b(?! (?:not |still )?(?:found|known|unknown|unclear|open|fixed))"
    r"|\bcaused by\b|\bculprit\b"
)
_CAUSE = _any(
    r"\broot cause\b|^\W*cause\b|\bcaused by\b|\bculprit\b|\bturned out\b|\bbecause\b|\bthe (?:bug"
    r"|problem|issue|reason) (?:is|was)\b|\bfound it\b|\btraced\b|\bdue to\b"
)
_RESOLVED = _any(
    r"\bresolved\b|\bfixed\b|\ball (?:\d+ )?\w*\s?(?:is |are )?(?:green|clear|good)\b"
    r"|\bback (?:to normal|up|online)\b|\bmitigated\b|\brecovered\b|\bclos(?:ing|ed)\b"
    r"|\bcalling it\b|\bfalse alarm\b|\bplans? published\b|\bhealthy again\b|\brestored\b"
)
_NEWS = _any(
    r"\b(?:shipped|deployed|released|launched|merged|published|rolled out|went (?:out|live)"
    r"|is (?:live|out|up|done|merged|ready|back)|completed|finished|signed|hired|renewed|won"
    r"|upgraded|migrated|fixed)\b",
    r"\b(?:fyi|heads[- ]up|reminder|announcement|good news|bad news|update|status|summary|recap"
    r"|tl;?dr|results?|note)\b\s*[:,!–-]|\bwelcome\b.{0,40}\b(?:team|aboard|joins?|joined)\b"
    r"|\b(?:in|to) production\b|\bnow (?:available|supports?|runs?|live)\b",
)
_AGREED = _any(
    r"^\W*(?:yes|yep|yeah|yup|agreed|\+1|same|exactly|right|sure|ok(?:ay)?|sounds good|lgtm"
    r"|works for me|deal|done|perfect|noted|will do)\b"
)
_UNANSWERED = _any(
    r"\b(?:no|without) (?:answer|reply|response|idea|clue)\b|\bstill (?:nothing|open|waiting"
    r"|no(?:thing)?|unclear|unanswered|unknown)\b|\b(?:don't|do not|doesn't) (?:know"
    r"|have an answer)\b|\bgood question\b|\bnot sure\b|\bno idea\b|\banyone\?|\bbump(?:ing)?\b"
    r"|\bwho knows\b"
    r"|\b(?:leaving|parking) (?:it|this|that)\b.{0,12}\bopen\b|\bstays open\b|\blet's hope\b"
    r"|\blet me (?:check|ask|find out)\b|\bask me again\b"
)
_OPEN = _any(
    r"\bopen question\b|\bquestion (?:for|to|from)\b|^\W*question\s*[:–-]|\b(?:does|do|has"
    r"|is) any(?:one|body)\b|\banyone (?:know|tried|seen|have)\b"
)
_RHETORICAL = _any(
    r"^\W*(?:right|really|seriously|huh|eh|what|why not|who knew|you know what|guess what|see"
    r"|ready|no|yes|ok|oh|and|so|what could go wrong|how hard can it be)\W*\?",
    r"\b(?:isn't it|aren't we|don't you think|is this a coincidence|who doesn't|why am i|what is life)\?\s*$",
)
_GREETING = _any(
    r"^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening|night)|morning|welcome"
    r"|thanks?(?: you)?|thank you|ty|thx|cheers|congrat\w*|bye|goodbye|see you|nice|great|cool"
    r"|awesome|lol|haha+|lmao|wow|happy \w+)\b(?:[\s,!.]+(?:\w+[\s,!.]*){0,4})?$"
)

_RECAP = _any(
    r"^\W*(?:in )?(?:summary|recap|tl;?dr|short version|in short|in one line|status|kurzfassung|fazit)\b"
)
_ROUTINE = _any(r"\byesterday\s*:|\bblockers?\s*:|^\W*today\s*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """What a sentence does, each from 0 to 1; `routine` is a stand-up, `recap` a summary by its author."""

    decision: float = 0.0
    action: float = 0.0
    request: float = 0.0
    question: float = 0.0
    incident: float = 0.0
    news: float = 0.0
    reversal: float = 0.0
    cause: float = 0.0
    resolved: float = 0.0
    greeting: float = 0.0
    unanswered: float = 0.0
    routine: float = 0.0
    recap: float = 0.0

    def joined(self, other: Cues) -> Cues:
        """Return the stronger of each."""
        return Cues(**{name: max(getattr(self, name), getattr(other, name)) for name in self.__slots__})


def cues(sentence: str) -> Cues:
    """Return what a sentence does."""
    text = sentence.replace("’", "'").lower()
    asks = _question(text)
    found = _english(text, asks)
    if not german.speaks(text):
        return found
    return found.joined(Cues(**german.strengths(text, asks=asks >= 0.9)))


def _english(text: str, asks: float) -> Cues:
    incident = bool(_INCIDENT.search(text)) and not _NO_INCIDENT.search(text)
    return Cues(
        decision=0.0 if asks else _decision(text),
        action=0.0 if asks or _IDLE.search(text) else _action(text),
        request=1.0 if _REQUESTED.search(text) else 0.0,
        question=asks,
        incident=float(incident),
        news=0.0 if asks else float(bool(_NEWS.search(text))),
        reversal=0.0 if asks else float(bool(_REVERSED.search(text))),
        cause=0.0 if asks else _cause(text),
        resolved=0.0 if asks else float(bool(_RESOLVED.search(text))),
        greeting=float(bool(_GREETING.search(text))),
        unanswered=float(bool(_UNANSWERED.search(text))),
        routine=float(bool(_ROUTINE.search(text))),
        recap=float(bool(_RECAP.search(text))),
    )


def speaks_for_oneself(sentence: str) -> bool:
    """Tell whether a commitment is the speaker's own ("I'll …", "Me: …", "on it"), not a task for whoever."""
    return bool(_OWN.search(sentence.replace("’", "'").lower()))


def assigns(text: str, name: str) -> bool:
    """Tell whether a text gives a named person something to do ("Ann will replay …", "Ann, please check …")."""
    return bool(re.search(rf"(?:^|\W){re.escape(name)}{_ASSIGNED}", text, re.IGNORECASE))


def agrees(text: str) -> bool:
    """Tell whether a message is mainly an assent."""
    return bool(_AGREED.search(text.lower()))


def _decision(text: str) -> float:
    if _UNDECIDED.search(text):
        return 0.0
    if _DECIDED.search(text):
        return 1.0
    return 0.4 if _DECIDED_WEAKLY.search(text) else 0.0


def _action(text: str) -> float:
    if not _COMMITTED.search(text):
        return 0.0
    return 1.0 if due_in(text) else 0.8


def _cause(text: str) -> float:
    """Return 1 where a cause is named as one, 0.6 for a reason given in passing."""
    if _CAUSE_STATED.search(text):
        return 1.0
    return 0.6 if _CAUSE.search(text) else 0.0


def _question(text: str) -> float:
    asks = text.rstrip("\"')]”’* ").endswith("?")
    if not asks:
        return 0.7 if _OPEN.search(text) else 0.0
    if _RHETORICAL.search(text) or len(text.split()) < 3:
        return 0.3
    return 1.0 if _OPEN.search(text) else 0.9
