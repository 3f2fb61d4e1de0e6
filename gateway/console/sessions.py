"""Who is signed in: a cookie that names the key and is signed; the key itself is in no cookie.

The signing secret lies in HOME (mode 600), so that a restart signs nobody out. A session dies with its key: every
request looks the key up. `nonce` makes the CSRF token of a session.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from core.clock import from_micros, to_micros
from core.errors import NotAuthenticated, NotPermitted
from core.ids import UserId, WorkspaceId

COOKIE = "catchup_session"
LIFETIME = timedelta(days=7)
_FILE = "console.secret"
_REMEDY = "Sign in again with an API key."


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser: the key it came with, and as whom it looks at the workspace (None: not chosen yet)."""

    workspace: WorkspaceId
    key: str
    nonce: str
    ends: datetime
    actor: UserId | None = None

    def acting_as(self, actor: UserId) -> Session:
        """Return the session of the same browser looking through somebody else's eyes."""
        return replace(self, actor=actor)


class Seal:
    """Signs and opens sessions with one secret (HMAC-SHA-256)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def kept_in(cls, home: Path) -> Seal:
        """Return the seal of this installation; the first call makes its secret."""
        path = home / _FILE
        home.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
        except FileExistsError:
            pass
        return cls(path.read_bytes())

    def start(self, workspace: WorkspaceId, key: str, now: datetime) -> Session:
        """Return a new session."""
        return Session(workspace=workspace, key=key, nonce=secrets.token_hex(16), ends=now + LIFETIME)

    def write(self, session: Session) -> str:
        """Return the value of the cookie."""
        data = _encoded(orjson.dumps({**asdict(session), "ends": to_micros(session.ends)}))
        return f"{data}.{self._sign('session', data)}"

    def read(self, cookie: str, now: datetime) -> Session:
        """Return the session of a cookie; raises NotAuthenticated for one that is forged, damaged or over."""
        data, _, signature = cookie.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("session", data).encode()):
            raise NotAuthenticated("you are not signed in.", remedy=_REMEDY)
        session = _decoded(data)
        if now >= session.ends:
            raise NotAuthenticated("the session is over.", remedy=_REMEDY)
        return session

    def csrf(self, session: Session) -> str:
        """Return the token that every form of this session carries."""
        return self._sign("csrf", session.nonce)

    def check_csrf(self, session: Session, token: str) -> None:
        """Raise NotPermitted unless a form carries the token of this session."""
        if not hmac.compare_digest(token.encode(), self.csrf(session).encode()):
            raise NotPermitted("the form is not from this session.", remedy="Load the page again and repeat.")

    def _sign(self, purpose: str, data: str) -> str:
        return hmac.new(self._secret, f"{purpose}\0{data}".encode(), hashlib.sha256).hexdigest()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(data: str) -> Session:
    try:
        values: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)))
        values["ends"] = from_micros(values["ends"])
        return Session(**values)
    except (binascii.Error, orjson.JSONDecodeError, TypeError, KeyError) as error:
        raise NotAuthenticated("the session is of another version.", remedy=_REMEDY) from error
