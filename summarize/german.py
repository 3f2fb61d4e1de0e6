"""What a German sentence does, by its cue words; the counterpart of `cues` for channels that mix both languages."""

from __future__ import annotations

import re

_SPOKEN = re.compile(
    r"\b(?:ich|wir|nicht|und|ist|wer|ab|dann|doch|bitte|jemand|morgen|heute|noch|bis|das|der|den|kümmere|keine)\b"
)
_DECIDED = re.compile(
    r"\b(?:beschlossen|entschieden|beschluss|entscheidung:|abgemacht|ab (?:jetzt|sofort|heute|morgen)"
    r"|es bleibt (?:bei|dabei)|bleibt es (?:bei|dabei)|(?:das )?machen wir (?:so|jetzt)|wir einigen uns|einigung:)\b"
)
_DECIDED_WEAKLY = re.compile(
    r"\b(?:wir (?:machen|nehmen|gehen|fahren)|dann|nur noch|niemand|immer|fix)\b|^lass(?:t)? uns\b"
)
_UNDECIDED = re.compile(
    r"\b(?:nicht|nichts|nie|niemand|keine?|noch)\b.{0,20}\b(?:entsch\w+|beschl\w+)|\b(?:wenn|ob|bevor|falls|sobald)\b"
    r".{0,40}\b(?:entsch\w+|beschl\w+)"
)
_DO = (
    r"(?:übernehm|kümmer|mach|hol|häng|bring|schreib|schick|prüf|ruf|besorg|bestell|geb|schau|frag|buch|reparier"
    r"|stell|test|reservier|organisier|kauf|melde?|leg|räum|änder|bau|lad|sag|klär|plan|veröffentlich|erledig)e?"
)
_COMMITTED = re.compile(
    rf"(?:^|[.,;:!–-] ?|\b(?:und|dann|ok) )ich {_DO}\b|\b{_DO} ich\b|\bich kümmere? mich\b"
    r"|\bkümmere? mich (?:darum|drum|um)\b"
    rf"|\bich (?:werde|kann)\b.{{0,60}}en\b|[:=] ?ich\b"
)
_IDLE = re.compile(
    r"\b(?:wenn|falls|ob) ich\b|\bich \w+(?: \w+)? (?:nicht|nie)\b|\bich mach(?:e)? (?:mir|das nie)\b"
)
_REQUESTED = re.compile(
    r"\b(?:kannst|könntest|würdest|könnt|könntet) (?:du|ihr)\b|\b(?:kann|könnte) (?:mal )?(?:jemand|einer|wer)\b"
    r"|\bbitte\b(?: \w+){0,6} \w+en\b"
)
_OPEN = re.compile(
    r"\b(?:weiß|hat|kennt|kann) (?:das |hier )?jemand\b|\boffene frage\b|^\W*frage\s*[:–-]"
    r"|\bwer (?:kümmert|übernimmt)\b"
)
_REVERSED = re.compile(
    r"\b(?:doch (?:nicht|lieber|erst|kein\w*)|dann doch|kommando zurück|planänderung|zurückgenommen|stattdessen"
    r"|(?:ist |wird |wurde )?(?:verschoben|abgesagt|gestrichen)|gilt nicht mehr|nehme? (?:ich|das) zurück)\b"
)
_INCIDENT = re.compile(r"\b(?:störung|ausfall|ausgefallen|totalausfall|notfall)\b")
_CAUSE = re.compile(r"\b(?:ursache|grund (?:ist|war)|lag (?:daran|am))\b")
_RESOLVED = re.compile(r"\b(?:behoben|läuft wieder|geht wieder|gelöst|entstört)\b")
_NEWS = re.compile(r"\b(?:erledigt|fertig|veröffentlicht|ausgeliefert|zur info)\b|\bist (?:da|online)\b")
_UNANSWERED = re.compile(
    r"\bkeine ahnung\b|\bweiß (?:ich |das )*(?:noch )?(?:nicht|keiner)\b|\b(?:noch|weiterhin) (?:offen|unklar)\b"
)


def speaks(text: str) -> bool:
    """Tell whether a lower-case text may be German."""
    return bool(_SPOKEN.search(text))


def strengths(text: str, *, asks: bool) -> dict[str, float]:
    """Return the cues of a lower-case German sentence by name, from 0 to 1."""
    found = {
        "decision": _decision(text),
        "action": 0.9 * bool(_COMMITTED.search(text) and not _IDLE.search(text)),
        "reversal": float(bool(_REVERSED.search(text))),
        "cause": float(bool(_CAUSE.search(text))),
        "resolved": float(bool(_RESOLVED.search(text))),
        "news": float(bool(_NEWS.search(text))),
    }
    told = {} if asks else found
    return told | {
        "request": float(bool(_REQUESTED.search(text))),
        "question": 0.7 * bool(_OPEN.search(text)),
        "incident": float(bool(_INCIDENT.search(text))),
        "unanswered": float(bool(_UNANSWERED.search(text))),
    }


def _decision(text: str) -> float:
    if _UNDECIDED.search(text):
        return 0.0
    if _DECIDED.search(text):
        return 1.0
    return 0.4 if _DECIDED_WEAKLY.search(text) else 0.0
