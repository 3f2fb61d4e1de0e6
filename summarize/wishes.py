"""What a reader may wish of an answer besides its window: a question of their own, a language."""

from __future__ import annotations

import re

from core.errors import InvalidInput

LONGEST_QUESTION = 500
LONGEST_LANGUAGE = 35
"""Characters; a tag of language, script, region and variant fits (RFC 5646, 4.4.1)."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TAG = re.compile(
    r"[a-z]{2,3}(-[a-z]{3}){0,3}"  # language, extended language
    r"(-[a-z]{4})?(-([a-z]{2}|\d{3}))?"  # script, region
    r"(-([a-z\d]{5,8}|\d[a-z\d]{3}))*"  # variants
    r"(-[a-wy-z\d](-[a-z\d]{2,8})+)*",  # extensions
    re.IGNORECASE | re.ASCII,
)


def question_of(text: str | None, field: str = "question") -> str:
    """Return a question on one line, empty for none; raises InvalidInput, which never quotes it."""
    given = (text or "").strip()
    if len(given) > LONGEST_QUESTION:
        raise InvalidInput(
            field,
            f"text of {len(given)} characters",
            f"is longer than {LONGEST_QUESTION} characters",
            remedy="Ask one short question, e.g. What was decided about the release?",
        )
    if _CONTROL.search(given):
        raise InvalidInput(
            field, f"text of {len(given)} characters", "has control characters", remedy="Send plain text."
        )
    return " ".join(given.split())


def language_of(tag: str | None, field: str = "language") -> str:
    """Return a well-formed BCP 47 tag (RFC 5646, 2.1; no grandfathered or private ones), empty for none.

    Raises InvalidInput.
    """
    given = (tag or "").strip()
    if given and not (len(given) <= LONGEST_LANGUAGE and _TAG.fullmatch(given)):
        raise InvalidInput(
            field, given, "is not a BCP 47 language tag", remedy="Write de, en-GB, pt-BR or zh-Hant."
        )
    return given
