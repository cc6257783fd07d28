"""One quantity that the detectors are held to: whether a value is enough, and in how many digits it says so."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

REACHED, MET, MISSED, UNMEASURED = "reached", "met", "not met", "not measured"

Result = Mapping[str, Any]
Read = Callable[[Result], Any]
_Test = Callable[[Any], bool]

#: A value that takes more digits than this to say on which side of a bound it lies is told as if it lay on it.
_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Both:
    """Two numbers of which one is worth nothing without the other, and how they are written with so many digits."""

    first: float
    second: float
    words: Callable[[int], str]

    def rounded(self, digits: int) -> "Both":
        """What somebody reads of it."""
        return replace(self, first=round(self.first, digits), second=round(self.second, digits))


@dataclass(frozen=True, slots=True)
class Tuned:
    """A sensitivity, or a share of another, at the threshold that keeps 0.2 false alarms an hour on tune seeds; how
    many there were an hour, and whether no more than luck adds to the budget.
    """

    value: float
    false_per_h: float
    keeps: bool

    def words(self, digits: int) -> str:
        """The value, and what it is worth."""
        return f"{self.value:.{digits}f}" + ("" if self.keeps else ", with more false alarms than the budget")

    def rounded(self, digits: int) -> "Tuned":
        """What somebody reads of it."""
        return replace(self, value=round(self.value, digits))


@dataclass(frozen=True, slots=True)
class Target:
    """One row.

    Attributes:
        quantity: what is measured; ``{how}`` in it is where its threshold comes from.
        must, reach: in words; ``-``: nothing is asked for.
        value: reads it from a result: a number, a :class:`Both`, a :class:`Tuned` or words; None: not measured.
        musts, reaches: whether a value is enough; None: nothing is asked for.
        digits: how many are shown behind the point; more where with so many it would read as on the other side.
        how: says where the threshold comes from.
    """

    quantity: str
    must: str
    reach: str
    value: Read
    musts: _Test | None
    reaches: _Test | None
    digits: int = 2
    how: Callable[[Result], str] = lambda _: ""

    def row(self, result: Result) -> dict[str, str]:
        """``quantity``, ``must``, ``reach``, ``value`` in words, and ``verdict``: one of the four above."""
        value = self.value(result)
        return {
            "quantity": self.quantity.format(how=self.how(result)),
            "must": self.must,
            "reach": self.reach,
            "value": "-" if value is None else self._words(value),
            "verdict": UNMEASURED if value is None else self._verdict(value),
        }

    def _words(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        digits = self.digits
        while digits < _MOST_DIGITS and self._verdict(_rounded(value, digits)) != self._verdict(value):
            digits += 1
        return value.words(digits) if isinstance(value, Both | Tuned) else f"{value:.{digits}f}"

    def _verdict(self, value: Any) -> str:
        if self.musts is not None and not self.musts(value):
            return MISSED
        return REACHED if self.reaches is not None and self.reaches(value) else MET


def at_least(quantity: str, read: Read, must: float, reach: float | None = None, digits: int = 2) -> Target:
    """More is better."""
    return Target(
        quantity,
        f">= {must:.{digits}f}",
        "-" if reach is None else f"{reach:.{digits}f}",
        read,
        lambda one: number(one) >= must,
        None if reach is None else lambda one: number(one) >= reach,
        digits,
    )


def at_most(quantity: str, read: Read, must: float, reach: float | None = None) -> Target:
    """Less is better."""
    return Target(
        quantity,
        f"<= {must}",
        "-" if reach is None else f"<= {reach}",
        read,
        lambda one: number(one) <= must,
        None if reach is None else lambda one: number(one) <= reach,
    )


def number(value: Any) -> float:
    """What is held against a bound; nothing is enough that does not keep its budget."""
    if isinstance(value, Tuned):
        return value.value if value.keeps else -math.inf
    return value.first if isinstance(value, Both) else float(value)


def at(*keys: str) -> Read:
    """Reads what lies under such keys; None where there is nothing."""

    def read(result: Result) -> Any:
        found: Any = result
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    return read


def _rounded(value: Any, digits: int) -> Any:
    return value.rounded(digits) if isinstance(value, Both | Tuned) else round(value, digits)
