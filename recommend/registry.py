"""Where sources and features are found by name: a function and a decorator each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from core.errors import InvalidInput
from core.events.models import Corpus

_T = TypeVar("_T", bound=Callable[..., object])


class Registry(Generic[_T]):
    """Functions by corpus and name; a name is given once."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._known: dict[tuple[Corpus, str], _T] = {}

    def add(self, corpus: Corpus, name: str) -> Callable[[_T], _T]:
        """Return the decorator that enters a function; raises ValueError for a name that is taken."""

        def enter(function: _T) -> _T:
            if (corpus, name) in self._known:
                raise ValueError(f"{self._what} {name} exists already for {corpus}")
            self._known[(corpus, name)] = function
            return function

        return enter

    def get(self, corpus: Corpus, name: str) -> _T:
        """Return a function; raises InvalidInput that lists what there is."""
        found = self._known.get((corpus, name))
        if found is None:
            raise InvalidInput(
                self._what,
                name,
                f"is not known for {corpus}s",
                remedy=f"Use one of: {', '.join(self.names(corpus))}.",
            )
        return found

    def names(self, corpus: Corpus) -> list[str]:
        """Return the names for a corpus, in the order in which they were entered."""
        return [name for of, name in self._known if of is corpus]
