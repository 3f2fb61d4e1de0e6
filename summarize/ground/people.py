"""Who a claim says did or said what, by the names that people have in its window."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from core.ids import UserId
from summarize.ground.evidence import Evidence
from summarize.ground.lexicon import flat, listed, stems
from summarize.material import Entry, Material

_ACTS = (
    r"(?:said|says|asked|asks|approve[sd]?|agree[sd]?|decide[sd]?|confirm(?:s|ed)?|propose[sd]?|promise[sd]?"
    r"|suggest(?:s|ed)?|announce[sd]?|report(?:s|ed)?|admit(?:s|ted)?|accept(?:s|ed)?|reject(?:s|ed)?|refuse[sd]?"
    r"|cancel(?:s|led|ed)?|commit(?:s|ted)?|volunteer(?:s|ed)?|order(?:s|ed)|request(?:s|ed)?|sign(?:s|ed) off"
    r"|insist(?:s|ed)?|argue[sd]?|warn(?:s|ed)?|wrote|writes|posted|told|thinks|believes|wants|wanted|authori[sz]e[sd]?)"
)
_ACTING = re.compile(
    rf"^(?:,? (?:who|and \w+))?(?: (?:has|have|had|also|then|later|now|finally|just|formally))* {_ACTS}\b",
    re.I,
)
_ORDINARY = listed(
    """
    will mark may rose hope grace art bill frank guy dean drew pat rob chase grant sky summer april june august
    jack sun ray max page price young long short brown green white black king north west beacon someone
    """
)
_ELSEWHERE = UserId("")  # a member who neither speaks nor is spoken of in the window
_CLAUSE = re.compile(r"[;:.!?…]\s|,\s|\s(?:and|but|because|since|so|while|which|that)\s")
_FIRST = re.compile(r"(?:^|[.!?] )\W*$")


class Named:
    """The people of a window by what they may be called in a sentence."""

    def __init__(self, material: Material, handles: Mapping[str, UserId]) -> None:
        names = material.names
        people = {user for entry in material.entries for user in (entry.message.author, *entry.mentions)}
        self._of: dict[str, set[UserId]] = {}
        for user in people:
            for alias in _aliases(names.person(user)):
                self._of.setdefault(alias, set()).add(user)
        for name in names.every:
            for alias in _aliases(name):
                self._of.setdefault(alias, {_ELSEWHERE})
        self._handles = {handle.casefold().lstrip("@"): user for handle, user in handles.items()}
        self._shown = {part for user in people for part in names.person(user).split()}
        self._names = {user: names.person(user) for user in (*people, *self._handles.values())}
        every = sorted(self._of, key=len, reverse=True)
        self._pattern = re.compile(rf"(?<![\w@.-])(?:{'|'.join(map(re.escape, every))})(?![\w-])", re.I)
        self._any = bool(every)

    def resolved(self, text: str) -> str:
        """Return text with known @handles as names."""
        if not self._handles or "@" not in text:
            return text
        return re.sub(r"(?<![\w.+-])@([\w.-]*\w)", self._by_handle, text)

    def actors(self, text: str) -> list[tuple[frozenset[UserId], str, bool]]:
        """Return who a claim names: the people so called, the name as written, and whether they are said to act."""
        if not self._any:
            return []
        found: list[tuple[frozenset[UserId], str, bool]] = []
        for match in self._pattern.finditer(text):
            if not (_is_name(match, text) or self._is_shown(match, text)):
                continue
            acts = bool(_ACTING.match(text[match.end() : match.end() + 60]))
            found.append((frozenset(self._of[match[0].casefold()]), match[0], acts))
        return found

    def without(self, text: str) -> str:
        """Return text without the names of people."""
        return self._pattern.sub(" ", text) if self._any else text

    def _is_shown(self, match: re.Match[str], text: str) -> bool:
        """Tell whether a name in small letters is one that is shown so, as in "jonas: …"."""
        return match[0] in self._shown and (
            match[0].casefold() not in _ORDINARY or text[match.end() :][:1] == ":"
        )

    def _by_handle(self, match: re.Match[str]) -> str:
        user = self._handles.get(match[1].casefold())
        return match[0] if user is None else self._names[user]


def unborne(named: Named, text: str, evidence: Evidence) -> frozenset[UserId]:
    """Return who, of those a claim names, neither wrote, nor is mentioned in, what it cites.

    Somebody whom a message names without a mention may be spoken of; what they said or decided has to be theirs.
    """
    reporter = False
    for people, name, acts in named.actors(text):
        if people & evidence.people:
            reporter = True
        elif not re.search(rf"(?<!\w){re.escape(flat(name))}(?!\w)", evidence.flat) or (
            acts and not reporter
        ):
            return people
    return frozenset()


def misattributed(named: Named, text: str, evidence: Evidence) -> bool:
    """Tell whether a clause gives to one author what only another of the cited messages says."""
    everyone = {user for people, _, _ in named.actors(text) for user in people}
    others = [entry for entry in evidence.entries if entry.message.author not in everyone]
    return bool(others) and any(
        _is_anothers(named, clause, evidence, others) for clause in _CLAUSE.split(text)
    )


def _is_anothers(named: Named, clause: str, evidence: Evidence, others: Sequence[Entry]) -> bool:
    acting = [people for people, _, acts in named.actors(clause) if acts]
    if len(acting) != 1:
        return False
    said = stems(named.without(clause))
    own = _cover(said, (e.text for e in evidence.entries if {e.message.author, *e.mentions} & acting[0]))
    return any(_cover(said, [entry.text]) >= max(2, 2 * own + 1) for entry in others)


def _cover(said: frozenset[str], texts: Iterable[str]) -> int:
    return len(said & stems("\n".join(texts)))


def _aliases(name: str) -> set[str]:
    """Return a full name, and its first and last word where it has several."""
    parts = re.sub(r"\(.*\)", " ", name).split()
    short = {part.casefold() for part in (parts[:1] + parts[-1:]) if len(part) >= 3 and part.isalpha()}
    return {name.casefold(), *(short if len(parts) >= 1 else ())} - {"someone", ""}


def _is_name(match: re.Match[str], text: str) -> bool:
    """Tell whether a word is meant as a name: with a capital, and not an ordinary word that begins a sentence."""
    word = match[0]
    if not word[0].isupper() and word.isalpha() and word.isascii():
        return bool(_ACTING.match(text[match.end() : match.end() + 60])) and word.casefold() not in _ORDINARY
    if word.casefold() in _ORDINARY:
        return not _FIRST.search(text[: match.start()]) or bool(_ACTING.match(text[match.end() :]))
    return True
