"""Who calls: scopes, tokens, and the caller that a verified key makes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.errors import InvalidInput, NotAuthenticated, NotPermitted
from core.ids import WorkspaceId

_TOKEN = re.compile(r"ck_([0-9a-zA-Z]{1,64})_([0-9a-zA-Z_-]{32,128})", re.ASCII)
_REMEDY = "Send `Authorization: Bearer ck_…`; make a key with `catchup keys create`."


class Scope(StrEnum):
    """What a key may be used for."""

    SUMMARIES = "summaries"
    RECOMMENDATIONS = "recommendations"
    EVENTS = "events"
    MESSAGES = "messages"
    PROMPTS_READ = "prompts:read"
    PROMPTS_WRITE = "prompts:write"
    EVALS = "evals"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A verified key: the one workspace it opens, what for, and whom it acts for (id or @handle), if said."""

    workspace: WorkspaceId
    key: str
    scopes: frozenset[Scope]
    user: str | None = None

    def require(self, scope: Scope) -> None:
        """Raise NotPermitted unless the key has the scope; `admin` has all of them."""
        if scope not in self.scopes and Scope.ADMIN not in self.scopes:
            raise NotPermitted(
                f"key {self.key} lacks the scope {scope}.",
                remedy=f"Use a key made with `--scope {scope}`.",
            )

    def acting(self, named: str | None = None) -> str:
        """Return whom the call is for: the field `user`, or the header X-Catchup-User.

        Raises InvalidInput if neither says, or the two say different things.
        """
        if named and self.user and named != self.user:
            raise InvalidInput("user", named, "is not who X-Catchup-User says", remedy="Send one of the two.")
        user = named or self.user
        if not user:
            raise InvalidInput(
                "user",
                None,
                "is missing",
                remedy="Say whom you ask for: `user`, or the header X-Catchup-User.",
            )
        return user


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token taken apart; `repr` does not show the secret's hash."""

    id: str
    hash: str

    def __repr__(self) -> str:
        """Name the key alone."""
        return f"Token({self.id})"


def parse_bearer(header: str | None) -> Token:
    """Return the token of an `Authorization` header; raises NotAuthenticated."""
    scheme, _, value = (header or "").strip().partition(" ")
    if not header or scheme.lower() != "bearer":
        raise NotAuthenticated("no API key was sent.", remedy=_REMEDY)
    match = _TOKEN.fullmatch(value.strip())
    if match is None:
        raise not_ours()
    return Token(id=match[1], hash=hash_secret(match[2]))


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a secret in hex: enough for 256 random bits, which nobody can search."""
    return hashlib.sha256(secret.encode()).hexdigest()


def not_ours() -> NotAuthenticated:
    """Return the one answer to every wrong key: unknown, wrong secret, revoked."""
    return NotAuthenticated("the API key is not one of ours, or was revoked.", remedy=_REMEDY)


def parse_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Return scopes by name; raises InvalidInput."""
    known = {str(scope): scope for scope in Scope}
    wanted = list(names)
    for name in wanted:
        if name not in known:
            raise InvalidInput("scope", name, "is not a scope", remedy=f"Use one of: {', '.join(known)}.")
    return frozenset(known[name] for name in wanted)
