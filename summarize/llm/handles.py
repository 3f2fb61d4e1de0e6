"""What people are called in a prompt: one short, stable handle each, safe to print whatever they call themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.directory import Person
from core.ids import UserId
from summarize.names import Names

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}")
_HANDLE = re.compile(r"@([A-Za-z0-9][A-Za-z0-9._-]*)")


class Handles:
    """`@handle` of everyone a window speaks of, there and back; who has no plain handle goes by their id."""

    def __init__(self, people: Mapping[UserId, Person], names: Names) -> None:
        self._people = people
        self._names = names
        self._by_handle: dict[str, UserId] = {}
        self._by_user: dict[UserId, str] = {}

    def of(self, user: UserId) -> str:
        """Return the handle of a person, the same at every call."""
        known = self._by_user.get(user)
        return known if known is not None else self._name(user)

    def user(self, handle: str) -> UserId | None:
        """Return who has a handle, with or without the @; None if nobody in the window does."""
        return self._by_handle.get(handle.strip().lstrip("@").casefold())

    def legend(self, users: tuple[UserId, ...]) -> dict[str, str]:
        """Return the handles of some people with the names that messages call them by."""
        return {self.of(user): self._names.person(user) for user in users}

    def spoken(self, text: str) -> str:
        """Return a text with handles replaced by names: a summary notifies nobody."""
        return _HANDLE.sub(self._said, text)

    def _name(self, user: UserId) -> str:
        person = self._people.get(user)
        plain = person.handle if person and _PLAIN.fullmatch(person.handle) else str(user)
        if plain.casefold() in self._by_handle:
            plain = f"{plain}-{user}"
        self._by_handle[plain.casefold()] = user
        self._by_user[user] = f"@{plain}"
        return self._by_user[user]

    def _said(self, match: re.Match[str]) -> str:
        handle = match[1].rstrip(".-_")
        user = self._by_handle.get(handle.casefold())
        return match[0] if user is None else self._names.person(user) + match[1][len(handle) :]
