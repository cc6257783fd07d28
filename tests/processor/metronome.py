"""A detector from elsewhere that says something every hundredth second, and all that can be wrong with one."""

from dataclasses import dataclass

from crampwatch.events import FindingKind
from crampwatch.units import Level
from processor.athlete import Athlete
from processor.backtest import backtest
from processor.detect.detector import Proof
from processor.guard import guarded


@dataclass
class Seconds:
    count: int = 0


class Metronome:
    """Says something every hundredth second; the others below are this one, spoiled."""

    name = "metronome"
    state_type = Seconds

    def __init__(self, settings=None, state=None):
        self._state = state or Seconds()

    def observe(self, view):
        self._state.count += 1
        return [self.proof(view)] if self._state.count % 100 == 0 else []

    def proof(self, view):
        return Proof(FindingKind.OTHER, view.at_ms, Level.OK, ("A hundred seconds.",), {"count": self._state.count})

    def snapshot(self):
        return Seconds(self._state.count)


def spoiled(**parts):
    return type("Spoiled", (Metronome,), parts)


def raising(kind):
    def observe(self, view):
        raise kind

    return observe


def proving(**changes):
    return spoiled(proof=lambda self, view: Metronome.proof(self, view)._replace(**changes))


def with_extra(*kinds):
    return type("WithExtra", (Athlete,), {"extra": tuple(guarded(kind) for kind in kinds)})


def told(machines, samples):
    return [one for outcome in backtest("r1", "s1", samples, machines=machines) for one in outcome.findings]
