"""Numbers however they are written: "1,000", "1k", "1 000", "a thousand"; with the unit they count in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

_SCALES = {
    **dict.fromkeys(("k", "thousand", "tsd"), 3),
    **dict.fromkeys(("m", "mio", "mn", "million", "millionen"), 6),
    **dict.fromkeys(("b", "bn", "billion", "mrd"), 9),
}
_SYMBOLS = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₹": "inr"}
_DIMENSIONS: Mapping[str, Mapping[str, str]] = {
    "percent": {"1": "% percent prozent pct"},
    "usd": {"1": "usd dollar dollars"},
    "eur": {"1": "eur euro euros"},
    "gbp": {"1": "gbp pound pounds"},
    "seconds": {
        "0.001": "ms millisecond milliseconds",
        "1": "s sec secs second seconds sekunde sekunden",
        "60": "min mins minute minutes minuten",
        "3600": "h hr hrs hour hours stunde stunden",
        "86400": "d day days tag tage tagen",
        "604800": "w week weeks woche wochen",
    },
    "months": {"1": "month months monat monate monaten", "12": "year years yr yrs jahr jahre jahren"},
    "bytes": {"1000": "kb", "1000000": "mb mib", "1000000000": "gb gib", "1000000000000": "tb tib"},
    "watts": {"1000": "kw", "1000000": "mw"},
    "watthours": {"1000": "kwh", "1000000": "mwh"},
    "metres": {"1": "metre metres meter meters", "1000": "km kilometres kilometers"},
    "grams": {"1": "grams", "1000": "kg"},
}
_UNITS = {
    name: (dimension, Decimal(factor))
    for dimension, rows in _DIMENSIONS.items()
    for factor, names in rows.items()
    for name in names.split()
}
_COUNTING = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_GERMAN = "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"
_WORDS = {
    **{word: value for value, word in enumerate(_COUNTING.split())},
    **{word: 10 * value for value, word in enumerate(_TENS.split(), 2)},
    **{word: value for value, word in enumerate(_GERMAN.split(), 2)},
    **{"hundred": 100, "thousand": 1000, "dozen": 12, "twice": 2, "both": 2, "couple": 2},
}
_TELLING = frozenset(_WORDS) - {
    "zero",
    "one",
    "hundred",
    "thousand",
    "acht",
    "elf",
    "twice",
    "both",
    "couple",
}

_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?P<symbol>[$€£¥₹])?\s?(?<![\d.,])(?P<digits>\d+(?:[.,']\d+)*)"
    rf"(?:\s?(?P<scale>{_SCALE})(?![\w]))?(?:\s?-?(?P<unit>{_UNIT})(?![\w])|\s?(?P<after>[$€£¥₹]))?",
    re.IGNORECASE,
)
_SPELLED = re.compile(
    rf"\b(?P<tens>{_TENS.replace(' ', '|')})-(?P<ones>one|two|three|four|five|six|seven|eight|nine)\b"
    rf"|\b(?P<word>{'|'.join(_WORDS)})\b(?:[ -](?P<unit>{_UNIT})\b)?",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"\d{1,3}(?:[,.']\d{3})+")
_AMOUNT = re.compile(r"(\d{1,3}(?:[,']\d{3})+)\.(\d+)|(\d{1,3}(?:\.\d{3})+),(\d+)")


class Quantity(NamedTuple):
    """A number as it may be meant: its values, the dimension it counts in (empty: none is said) and its size in that.

    `telling`: a claim may use it only if a message does; "one" and "both" are of any sentence.
    """

    values: frozenset[str]
    unit: str = ""
    base: frozenset[str] = frozenset()
    telling: bool = True


def quantities(text: str) -> Iterator[Quantity]:
    """Yield the numbers of a text, those in words too, left to right in each of the two kinds."""
    for match in _NUMBER.finditer(text):
        unit = (match["unit"] or "").lower()
        symbol = _SYMBOLS.get(match["symbol"] or match["after"] or "", "")
        digits = match["digits"]
        if digits.count(".") > 1 and not _GROUPED.fullmatch(digits):
            yield Quantity(frozenset({digits}))  # a version
        else:
            yield _quantity(_readings(digits, (match["scale"] or "").lower()), unit, symbol)
    for match in _SPELLED.finditer(text):
        word = (match["word"] or "").lower()
        value = _WORDS[word or match["tens"].lower()] + (
            _WORDS[match["ones"].lower()] if match["ones"] else 0
        )
        found = _quantity([Decimal(value)], (match["unit"] or "").lower(), "")
        yield found._replace(telling=not word or word in _TELLING)


class Known:
    """The numbers that messages state; made once, it does not change (see `known`)."""

    def __init__(self, text: str) -> None:
        self._units: dict[str, set[str]] = {}
        self._base: set[tuple[str, str]] = set()
        for one in quantities(text):
            for value in one.values:
                self._units.setdefault(value, set()).add(one.unit)
            self._base |= {(one.unit, value) for value in one.base}

    def has(self, one: Quantity) -> bool:
        """Tell whether a number is stated, in the same unit if both name one."""
        if one.unit and any((one.unit, value) in self._base for value in one.base):
            return True
        units = [self._units[value] for value in one.values if value in self._units]
        return any(not one.unit or "" in found for found in units)


@lru_cache(4096)
def known(text: str) -> Known:
    """Return the numbers that a text states."""
    return Known(text)


def _quantity(values: list[Decimal], unit: str, symbol: str) -> Quantity:
    dimension, factor = _UNITS.get(unit, (symbol, Decimal(1)))
    plain = frozenset(_shown(value) for value in values)
    base = frozenset(_shown(value * factor) for value in values) if dimension else frozenset[str]()
    return Quantity(plain, dimension, base)


def _readings(digits: str, scale: str) -> list[Decimal]:
    """Return what digits may mean: "1.000" is one thousand to some and one to others; "5m" may be minutes."""
    forms: set[str] = set()
    if amount := _AMOUNT.fullmatch(digits):
        whole, rest = amount[1] or amount[3], amount[2] or amount[4]
        forms.add(f"{_bare(whole)}.{rest}")
    if _GROUPED.fullmatch(digits):
        forms.add(_bare(digits))
    if len(re.findall(r"\D", digits)) <= 1 and not (forms and "," in digits):
        forms.add(digits.replace(",", "."))
    forms = forms or set(re.split(r"[,']", digits))  # an enumeration: 1,2,3
    powers = {_SCALES.get(scale, 0)} | ({0} if scale in {"m", "b"} else {_SCALES.get(scale, 0)})
    found = [value for form in forms if (value := _decimal(form)) is not None]
    return [value * Decimal(10) ** power for value in found for power in powers]


def _bare(digits: str) -> str:
    return re.sub(r"\D", "", digits)


def _decimal(form: str) -> Decimal | None:
    try:
        return Decimal(form)
    except InvalidOperation:
        return None


def _shown(value: Decimal) -> str:
    return format(value.normalize() + 0, "f")
