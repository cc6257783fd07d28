"""The minutes around an alarm as one drawing: heart rate, cadence, speed, altitude, the score and what explains it."""

from collections.abc import Mapping, Sequence
from typing import Any

from crampwatch.units import Gate
from crampwatch.wording import GATE_NAMES

from .recorded import AFTER_S, BEFORE_S
from .report_svg import WIDTH, Drawing, Scale, round_ticks, y_axis

_LEFT, _RIGHT = 52.0, WIDTH - 14.0
_PANEL, _GAP, _STRIP = 62.0, 24.0, 27.0
#: After so long without a value the line is broken, s.
_BROKEN_S = 10.0
#: What is drawn, where it is there: its series, its name, its look, and the least span of its axis.
_PANELS = (
    ("bpm", "heart rate, bpm", "heart", 20.0),
    ("spm", "cadence, steps/min", "cadence", 20.0),
    ("mps", "speed, m/s", "speed", 1.0),
    ("altitude_m", "altitude, m", "ground", 10.0),
)
#: What the marks of the score are called.
_MARKS = {"watch": "watch", "warning": "high", "imminent": "strong"}
_Values = Sequence[float | None]


def window(one: Mapping[str, Any], thresholds: Mapping[str, float]) -> str:
    """One alarm, with ten minutes before it and three after it."""
    return _Window(one).drawn(thresholds)


class _Window:
    def __init__(self, one: Mapping[str, Any]) -> None:
        self._at_s: float = one["at_s"]
        self._series: Mapping[str, _Values] = one["series"]
        self._gates: Mapping[str, Sequence[Sequence[float]]] = one["gates"]
        self._shown = [row for row in _PANELS if any(value is not None for value in self._series.get(row[0], ()))]
        panels = (len(self._shown) + 1) * (_PANEL + _GAP)
        self._bottom = panels + _STRIP * len(self._gates) + 8
        self._on = Drawing(self._bottom + 26, f"Ten minutes before the alarm at {self._at_s:.0f} s and three after")
        self._x = Scale(self._at_s - BEFORE_S, self._at_s + AFTER_S, _LEFT, _RIGHT)

    def drawn(self, thresholds: Mapping[str, float]) -> str:
        self._minutes()
        top = _GAP - 4
        for name, title, look, least in self._shown:
            self._panel(top, self._series[name], least, look)
            self._on.words(_LEFT + 4, top - 5, title, f"name {look}")
            top += _PANEL + _GAP
        self._score(top, thresholds)
        top += _PANEL + 10
        for gate in self._gates:
            self._strip(top, gate)
            top += _STRIP
        self._on.line(self._x(self._at_s), 4, self._x(self._at_s), self._bottom, "alarm")
        return self._on.svg()

    def _minutes(self) -> None:
        for minute in (-10, -8, -6, -4, -2, 0, 2):
            place = self._x(self._at_s + 60 * minute)
            self._on.line(place, 4, place, self._bottom)
            name = "alarm" if minute == 0 else f"{minute:+d} min"
            self._on.words(place, self._bottom + 16, name, "faint", "middle")

    def _panel(self, top: float, values: _Values, least: float, look: str) -> None:
        known = [value for value in values if value is not None]
        low, high = min(known), max(known)
        if high - low < least:
            low, high = (low + high - least) / 2, (low + high + least) / 2
        y = Scale(low, high, top + _PANEL, top)
        y_axis(self._on, y, round_ticks(low, high, 2), "{:g}".format, left=_LEFT, right=_RIGHT)
        self._on.path(_places(self._x, y, self._series["at_s"], values), f"line {look}")

    def _score(self, top: float, thresholds: Mapping[str, float]) -> None:
        on, values = self._on, self._series["score"]
        high = max([0.1, *thresholds.values(), *(value for value in values if value is not None)]) * 1.1
        y = Scale(0, high, top + _PANEL, top)
        on.line(_LEFT, y(0), _RIGHT, y(0))
        for name, mark in thresholds.items():
            on.line(_LEFT, y(mark), _RIGHT, y(mark), f"mark {name}")
            on.words(_LEFT - 6, y(mark) + 4, _MARKS.get(name, name), "small", "end")
        on.path(_places(self._x, y, self._series["at_s"], values), "line score")
        on.words(_LEFT + 4, top - 5, "pattern score and its marks", "name score")

    def _strip(self, top: float, gate: str) -> None:
        name = GATE_NAMES[Gate(gate)] if gate in set(Gate) else gate
        for from_s, to_s in self._gates[gate]:
            self._on.rect(self._x(from_s), top + 15, max(2.0, self._x(to_s) - self._x(from_s)), 8, "gate")
        self._on.words(_LEFT + 4, top + 11, f"taken for: {name}", "small name")


def _places(x: Scale, y: Scale, at_s: _Values, values: _Values) -> list[tuple[float, float] | None]:
    places: list[tuple[float, float] | None] = []
    last_s: float | None = None
    for moment, value in zip(at_s, values, strict=True):
        if moment is None or value is None:
            continue
        if last_s is not None and moment - last_s > _BROKEN_S:
            places.append(None)
        places.append((x(moment), y(value)))
        last_s = moment
    return places
