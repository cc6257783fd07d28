"""A detector from elsewhere that fails is off; the runner is watched on."""

import asyncio
import itertools
import json
import signal
import sys
from copy import deepcopy
from dataclasses import dataclass, fields

import pytest

from crampwatch.events import FindingKind
from crampwatch.units import Gate, Level, Quality
from processor.athlete import Athlete
from processor.backtest import backtest
from processor.features.view import View
from processor.guard import GuardState, guarded
from processor.state import unrowed
from tests.processor.metronome import Metronome, proving, raising, spoiled, told, with_extra
from tests.support.clocks import START_MS
from tests.support.stories import Story


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (spoiled(observe=lambda *_: 1 / 0), "ZeroDivisionError was raised"),
        (proving(level=Level.NOW), "may be ok or watch"),
        (proving(level=[]), "may be ok or watch"),
        (proving(evidence={"x": float("inf")}), "finite"),
        (proving(evidence={"x": 10**400}), "OverflowError was raised"),
        (proving(evidence={"x": "1"}), "finite"),
        (proving(evidence={7: 1.0}), "finite numbers by name"),
        (proving(evidence=None), "finite numbers by name"),
        (proving(tag=None), "a tag"),
        (proving(tag=7), "a tag"),
        (proving(because=None), "say why"),
        (proving(because="one sentence."), "in a tuple"),
        (proving(because=("a" * 401,)), "up to 400"),
        (proving(because=("\ud800",)), "UnicodeEncodeError was raised"),
        (proving(at_ms=None), "of the second"),
        (spoiled(observe=lambda *_: None), "TypeError was raised"),
        (spoiled(__init__=lambda *_: 1 / 0), "ZeroDivisionError was raised"),
        (spoiled(observe=lambda *_: sys.exit(1)), "SystemExit was raised"),
        (spoiled(observe=raising(asyncio.CancelledError)), "CancelledError was raised"),
        (spoiled(observe=raising(type("Own", (BaseException,), {}))), "Own was raised"),
        (spoiled(__init__=lambda *_: sys.exit(1)), "SystemExit was raised when it was made"),
        (spoiled(observe=lambda self, view: [self.proof(view)] * 61), "more than 60 things within an hour"),
        (spoiled(observe=lambda self, view: itertools.repeat(self.proof(view))), "more than 60 things within an hour"),
    ],
)
def test_a_detector_that_fails_on_a_run_is_off_and_the_runner_is_watched_on(kind, words):
    samples = Story().running(600).hitching(8, every_s=20).standing(60).samples
    findings = told(with_extra(kind), samples)
    (off,) = [one for one in findings if one.kind is FindingKind.OTHER]
    assert words in off.because[0]
    assert "metronome is off" in off.because[0]
    assert [one for one in findings if one is not off] == told(Athlete, samples)


def each_second(self, view):
    return [self.proof(view)]


def test_a_detector_that_talks_all_the_time_is_off_and_says_so_once():
    samples = Story().running(600).samples
    machine, plain = with_extra(spoiled(observe=each_second))("r1", "s1"), told(Athlete, samples)
    before = list(machine.observe(samples[:90]).findings)
    machine = with_extra(spoiled(observe=each_second)).restore(machine.snapshot())
    findings = [*before, *machine.observe(samples[90:]).findings, *machine.flush().findings]
    *said, off = [one for one in findings if one.kind is FindingKind.OTHER]
    assert len(said) == 60
    assert off.because == (
        "The added detector metronome is off for this run: it said more than 60 things within an hour.",
    )
    assert [one for one in findings if one.kind is not FindingKind.OTHER] == plain


def test_a_detector_may_say_as_much_again_in_the_next_hour():
    detector, view = guarded(spoiled(observe=each_second))(), View(START_MS, 1.0)
    for hour in range(3):
        for second in range(60):
            view.at_ms = START_MS + hour * 3_600_000 + second * 1_000
            (proof,) = detector.observe(view)
            assert proof.tag == "metronome"


def test_an_interrupt_that_a_detector_raises_in_a_service_is_its_failure(monkeypatch):
    monkeypatch.setattr(signal, "getsignal", lambda _: lambda *_: None)
    samples = Story().running(100).samples
    (off,) = [one for one in told(with_extra(spoiled(observe=raising(KeyboardInterrupt))), samples) if "off" in one.id]
    assert "KeyboardInterrupt was raised" in off.because[0]


def test_an_interrupt_of_who_waits_for_a_command_ends_the_command(monkeypatch):
    # A process that was started in the background does not hear interrupts.
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        told(with_extra(spoiled(observe=raising(KeyboardInterrupt))), Story().running(100).samples)


def test_a_detector_that_is_off_stays_off_when_its_machine_is_restored():
    samples = Story().running(300).samples
    machines = with_extra(spoiled(observe=lambda *_: 1 / 0))
    first = machines("r1", "s1")
    assert [one.kind for one in first.observe(samples[:300]).findings].count(FindingKind.OTHER) == 1
    second = machines.restore(first.snapshot())
    assert FindingKind.OTHER not in [one.kind for one in second.observe(samples[300:]).findings]


@dataclass
class Anything:
    count: int = 0
    what: object = None


def keeping(what):
    """A detector whose state is fine for two minutes, as in a short trial, and holds this from then on."""
    return spoiled(state_type=Anything, snapshot=lambda self: Anything(0, what if self._state.count > 120 else None))


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (spoiled(snapshot=lambda _: 1 / 0), "ZeroDivisionError"),
        (keeping(float("nan")), "ValueError"),
        (keeping([float("inf")]), "ValueError"),
        (keeping({1, 2}), "TypeError"),
        (spoiled(snapshot=lambda _: sys.exit(1)), "SystemExit"),
    ],
)
def test_a_detector_whose_state_cannot_be_kept_is_off_and_the_runner_is_watched_on(kind, error):
    samples = Story().running(600).hitching(8, every_s=20).standing(60).samples
    machine, plain = with_extra(kind)("r1", "s1"), Athlete("r1", "s1")
    expected = [*plain.observe(samples[:600]).findings, *plain.observe(samples[600:]).findings]
    before = [one for one in machine.observe(samples[:600]).findings if one.kind is not FindingKind.OTHER]
    kept = machine.snapshot()
    assert machine.snapshot() == kept
    after = list(machine.observe(samples[600:]).findings)
    (off,) = [one for one in after if one.kind is FindingKind.OTHER]
    assert f"metronome is off for this run: its state cannot be kept, {error} was raised" in off.because[0]
    assert before + [one for one in after if one is not off] == expected
    assert list(with_extra(kind).restore(kept).observe(samples[600:]).findings) == after


def test_a_detector_whose_state_has_grown_too_large_is_off_and_the_runner_is_watched_on():
    samples = Story().running(600).samples
    kind = keeping("x" * 4_000)
    machine = with_extra(kind)("r1", "s1")
    machine.observe(samples[:600])
    kept = machine.snapshot()
    assert len(kept) < 8_000
    (off,) = [one for one in machine.observe(samples[600:]).findings if one.kind is FindingKind.OTHER]
    assert "its state has grown to 4024 bytes, 4000 is the most" in off.because[0]
    assert FindingKind.OTHER in [one.kind for one in with_extra(kind).restore(kept).observe(samples[600:]).findings]


def test_a_detector_that_cannot_be_made_from_its_state_is_off_and_the_runner_is_watched_on():
    class Fussy(Metronome):
        def __init__(self, settings=None, state=None):
            assert state is None
            super().__init__(settings, state)

    samples = Story().running(300).samples
    first, plain = with_extra(Fussy)("r1", "s1"), Athlete("r1", "s1")
    first.observe(samples[:300]), plain.observe(samples[:300])
    found = list(with_extra(Fussy).restore(first.snapshot()).observe(samples[300:]).findings)
    (off,) = [one for one in found if one.kind is FindingKind.OTHER]
    assert "AssertionError was raised when it was made" in off.because[0]
    assert [one for one in found if one is not off] == list(plain.observe(samples[300:]).findings)


def test_the_longest_names_of_all_still_make_a_finding():
    kind = proving(tag="t" * 4)
    kind.name = "n" * 40
    machine = with_extra(kind)("a" * 64, "s" * 64)
    assert any("/other-nnn" in one.id for one in machine.observe(Story().running(250).samples).findings)


def test_what_a_detector_writes_into_a_second_reaches_nobody_else():
    def meddle(self, view):
        view.hitch_load, view.unsteadiness, view.level, view.labels = 9.0, 9.0, Level.NOW, ()
        view.gates.append(Gate.HILL)
        view.quality["cadence"] = Quality.UNDEFINED
        view.parts["hitch"] = view.fatigue_parts["wobble"] = 9.0
        return ()

    samples = Story().running(700).hitching(8, every_s=20).samples
    plain = [one for outcome in backtest("r1", "s1", samples) for one in outcome.assessments]
    machines = with_extra(spoiled(observe=meddle))
    assert [one for outcome in backtest("r1", "s1", samples, machines=machines) for one in outcome.assessments] == plain


def test_a_second_shown_to_a_detector_shares_nothing_that_can_be_written_to():
    def meddle(self, view):
        for one in fields(view):
            if hasattr(value := getattr(view, one.name), "clear"):
                value.clear()
        return ()

    view = View(at_ms=1, dt_s=1.0, quality={"cadence": Quality.GOOD}, gates=[Gate.HILL])
    view.parts, view.fatigue_parts = {"hitch": 1.0}, {"wobble": 1.0}
    before = deepcopy(view)
    guarded(spoiled(observe=meddle))().observe(view)
    assert view == before


def test_the_state_of_a_detector_is_a_part_of_its_machines():
    machine = with_extra(Metronome)("r1", "s1")
    machine.observe(Story().running(100).samples)
    kept = json.loads(machine.snapshot())["detectors"]["metronome"]
    assert unrowed(GuardState, kept, machine.last_ms) == GuardState(
        inner={"count": 100}, hour_ms=machine.last_ms, said=1
    )
