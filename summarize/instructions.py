"""Telling text that is addressed to a machine from text that people say to one another.

Rules for what can be ruled; what slips through is harmless, since a summary has no links, no mentions and no tools.
"""

from __future__ import annotations

import re

_NOUN = (
    r"(?:instructions?|prompts?|rules|directions?|guidelines|messages?|text|context|commands?|conversation)"
)
_EARLIER = (
    r"(?:previous|prior|above|earlier|preceding|foregoing|initial|original|system|existing|all|these|your)"
)
_MACHINE = (
    r"(?:ai|a\.i\.|llms?|language models?|(?:ai )?assistants?|chat ?bots?|copilots?|agents?"
    r"|summari[sz]ers?|gpt)"
)
_OUTPUT = (
    r"(?:the |your |this |every |each |any |all )*(?:summar(?:y|ies)|recaps?|digests?|json|output"
    r"|answer|reply|response)"
)
_SAY = (
    r"(?:add|include|append|insert|begin|start|end|finish|print|output|write|put|mention|repeat"
    r"|reply|respond|render|cite|say|record|note|state|set)"
)

_RULES = tuple(
    re.compile(rule, re.IGNORECASE)
    for rule in (
        r"(?<!should )(?<!to )\b(?:ignore|disregard|forget|override"
        rf"|bypass)\b (?:\w+ ){{0,3}}?(?:{_EARLIER} )+(?:\w+ ){{0,1}}{_NOUN}\b",
        rf"\bignore (?:all |any )?(?:{_EARLIER}|the rules)\b(?=[^.]*\b(?:print|say|output|reply|write)\b)",
        r"\b(?:note|message|attention|instructions?|warning|important)s?\b[^.\n]{0,20}\b(?:to"
        rf"|for) (?:all |any |the |your )*{_MACHINE}\b",
        rf"\b(?:if you are|as|dear|hey|hello|attention) (?:an? |the |any )*{_MACHINE}\b",
        rf"\byou are (?:now|no longer|an? {_MACHINE})\b",
        r"\bwhen(?:ever)? (?:you(?:'re| are)? )?(?:summari[sz]\w*|processing|reading) (?:this|the|these)\b",
        rf"\bwhen summari[sz]ing\b[^.\n]{{0,20}}\b{_SAY}\b",
        rf"^\W*{_SAY}\b[^.\n]{{0,100}}\b(?:in|to|into|from|of|with) {_OUTPUT}\b",
        rf"^\W*(?:begin|start|end|prefix|open|finish) {_OUTPUT}\b",
        rf"\b{_OUTPUT} (?:must|should|has to|needs to|have to|title is|will) (?:\w+ )?(?:begin"
        r"|start|end|be|contain|include|say|render|x\b)",
        r"\bsummaries (?:render|work|look) \w+ with\b",
        rf"\b(?:for|in) {_OUTPUT}:",
        r"\b(?:the|any) summary title\b|\bdo not (?:mention|include"
        r"|reveal)\b[^.\n]{0,80}\b(?:summary|summaries|this note)\b",
        r"^\W*(?:also |now |please )?summari[sz]e (?:also )?#",
        r"\b(?:system|developer|initial|hidden|full) prompt\b.{0,40}\bverbatim\b"
        r"|\bverbatim\b.{0,40}\bprompt\b",
        r"^\W*(?:output|print|say|reply|respond|answer|write)(?: with)? (?:exactly|only|just"
        r"|nothing)\b|\bonly the word\b",
        r"\boutput exactly\b|\b(?:and )?nothing else\s*$|\b(?:append|print|say|output) canary\b",
        r"^\W*(?:system|assistant|user|developer)\s*:|^\W*#{2,}\s*(?:system|instructions?|response)\b",
        r"\bend of (?:transcript|messages|conversation|context|input|document)\b|\bmessages ended\b",
        r"\b(?:decode|reverse|rot13)(?: (?:it|this|that))? and (?:then )?(?:follow|execute|obey|run)\b",
        r"\b(?:include|post|add|show) the raw (?:url|link|html|image)\b|\badd this (?:html|link"
        r"|image|markdown)\b",
        r"\\*\"(?:citations|superseded|participants)\\*\"\s*:|\\*\"id\\*\"\s*:\s*\\*\"m\d+\\*\""
        r"|\\*\"role\\*\"\s*:\s*\\*\"(?:system|assistant)\b",
        r"^\W*(?:answer|reply|respond|output)(?: only)? in (?:xml|yaml|html|markdown|base64|latin)\b"
        r"|^\W*cite m\d+\b|^\W*you (?:now )?(?:output|print|say|reply with) \S+\W*$",
        r"^\W*(?:write|output|produce|generate|emit|create) \d{2,} (?:items|bullets|lines|entries)\b",
        r"\breference style\b|^\W*say:",
        r"^\s*[\[(]?\d{1,2}:\d{2}(?::\d{2})?[\])]?\s*<?@?[\w .-]{1,30}>",
        r"^\W*\"?[}\]]\W*,?\s*\"\w+\"\s*:",
        r"\b(?:ignor(?:a|ez|iere|ieren sie)|vergiss|oublie[zs]?)\b.{0,40}\b(?:instrucciones"
        r"|instructions|anweisungen|instruções|istruzioni)\b",
        r"(?:指示|命令|指令|プロンプト).{0,8}(?:無視|忽略|无视|忘れ)|(?:忽略|无视|無視).{0,12}(?:指示|指令|命令|提示)",
        r"(?:игнорируй\w*|забудь\w*).{0,30}(?:инструкци|указани)",
    )
)
_TEMPLATE_MARK = re.compile(
    r"<\|[^|>\n]{0,40}\|>|<<SYS>>|\[INST\]|<(?:start|end)_of_turn>|<｜[^｜>\n]{0,40}｜>|\[/?AVAILABLE_TOOLS\]",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“”‘'‚„«][^\"“”‘'‚„«»\n]{3,200}[\"“”’'»](?!\w)")
_REPORTS = re.compile(
    r"\b(?:someone|somebody|they|he|she|attacker|it|mail|phish\w*|injection)\b.{0,40}\b(?:posted"
    r"|said|wrote|tried|says|asked|contains|told)\b",
    re.IGNORECASE,
)
_DISGUISED = re.compile(r"[a-zA-Z][013457@$]|[013457@$][a-zA-Z]")
_LEET = str.maketrans("013457@$", "oieastas")


_TRIGGERS = (
    *(
        "ignor",
        "disregard",
        "forget",
        "overrid",
        "bypass",
        "vergiss",
        "oubli",
        "summar",
        "recap",
        "digest",
        "json",
    ),
    *("output", "prompt", "instruct", "reply", "respon", "answer", "print", "say", "write", "system", "user"),
    *(
        "developer",
        "transcript",
        "messages",
        "conversation",
        "context",
        "document",
        "decode",
        "reverse",
        "rot13",
    ),
    *(
        "raw ",
        "html",
        "reference style",
        "verbatim",
        "nothing else",
        "only the word",
        "canary",
        "cite m",
        "write ",
        "produce ",
        "generate ",
        "emit ",
        "create ",
        '"citations',
        '"id',
        '"role',
        "you are",
        "}",
        ">",
    ),
    *("assistant", "llm", "model", "bot", "copilot", "agent", "gpt", " ai", "a.i"),
)
"""Without one of these, or a letter beyond ASCII, no rule can match; most lines have none."""


def is_instruction(line: str) -> bool:
    """Tell whether a line speaks to whoever processes it instead of to the people in the channel.

    A report about such a line ("someone posted 'ignore previous instructions'") is not one itself.
    """
    if _TEMPLATE_MARK.search(line):
        return True
    read = _QUOTED.sub(" ", line) if _REPORTS.search(line) else line
    worth = [version for version in _readings(read) if _worth(version)]
    return any(rule.search(version) for version in worth for rule in _RULES)


def _readings(line: str) -> set[str]:
    """Return a line as it is, and as it reads with digits for letters undone."""
    if not _DISGUISED.search(line):
        return {line}
    words = [w.translate(_LEET) if any(c.isalpha() for c in w) else w for w in line.split()]
    return {line, " ".join(words)}


def _worth(line: str) -> bool:
    low = line.lower()
    return not line.isascii() or any(trigger in low for trigger in _TRIGGERS)
