"""What a detector must promise, and that each broken promise is told."""

import itertools
import json
import sys
from dataclasses import dataclass, field

import pytest

import processor.detect
from crampwatch.events import FindingKind
from crampwatch.units import Level
from processor.detector_checks import problems, trial_seconds
from processor.state import packed
from tests.processor.metronome import Metronome, Seconds, proving, spoiled


def test_a_detector_that_keeps_its_promises_has_no_problems():
    assert problems(Metronome) == []


@dataclass
class Bare:
    count: int


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (spoiled(name="Drum Kit"), "its name"),
        (spoiled(state_type=dict), "must be a dataclass"),
        (spoiled(state_type=Bare), "needs a default"),
        (spoiled(snapshot=lambda self: self._state), "must return a copy"),
        (spoiled(snapshot=lambda _: Seconds()), "does not go on"),
        (spoiled(snapshot=lambda _: None), "must return Seconds"),
        (spoiled(observe=lambda *_: ["ouch"]), "must return Proof"),
        (spoiled(observe=lambda *_: 1 / 0), "ZeroDivisionError"),
        (proving(kind=FindingKind.PATTERN), "kind other"),
        (proving(level=Level.WARNING), "ok or watch"),
        (proving(at_ms=0), "of the second"),
        (proving(because=()), "say why"),
        (proving(because=("no full stop",)), "full stop"),
        (proving(evidence={"x": float("nan")}), "finite"),
        (proving(tag="a/b"), "a tag"),
        (proving(tag=None), "a tag"),
        (proving(tag="t" * 40), "with the detector's name"),
        (proving(evidence=None), "finite numbers by name"),
        (proving(evidence={7: 1.0}), "finite numbers by name"),
        (proving(because="one sentence."), "in a tuple"),
        (proving(level="ok"), "ok or watch"),
        (spoiled(observe=lambda *_: sys.exit(1)), "SystemExit"),
        (spoiled(observe=lambda self, view: [self.proof(view)]), "more than 60 things"),
        (spoiled(observe=lambda self, view: itertools.repeat(self.proof(view))), "more than 60 things"),
    ],
)
def test_a_detector_that_breaks_a_promise_is_told_which(kind, words):
    assert any(words in one for one in problems(kind)), problems(kind)


@dataclass
class Endless:
    seen: list = field(default_factory=list)


def test_a_state_that_grows_with_the_run_is_a_problem():
    class Hoarder(Metronome):
        state_type = Endless

        def __init__(self, settings=None, state=None):
            self._state = state or Endless()

        def observe(self, view):
            self._state.seen.append(view.at_ms)
            return ()

        def snapshot(self):
            return Endless(list(self._state.seen))

    assert any("bytes of JSON" in one for one in problems(Hoarder))


def test_the_trial_holds_what_happens_on_a_run():
    seconds = trial_seconds()
    assert {second.motion for second in seconds} >= {"run", "walk", "stop", "unknown"}
    assert any(second.broken for second in seconds)
    for missing in ("spm", "bpm", "mps", "base"):
        values = [getattr(second, missing) for second in seconds]
        assert None in values
        assert any(value is not None for value in values)


@pytest.mark.parametrize("name", processor.detect.__all__)
def test_our_own_detectors_have_the_shape_that_we_ask_of_others(name):
    kind = getattr(processor.detect, name)
    allowed = ("a proof must be of kind other", "a proof may be ok or watch", "reasons are", "a tag is")
    assert [one for one in problems(kind) if not one.startswith(allowed)] == []
    assert len(json.dumps(packed(kind().snapshot()))) < 4_000
