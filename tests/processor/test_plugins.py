"""Detectors of other makers: found by their entry points, checked, loaded only when named, and kept within bounds."""

import asyncio
import itertools
import json
import shutil
import signal
import subprocess
import sys
import tomllib
from copy import deepcopy
from dataclasses import dataclass, field, fields

import pytest

import processor.detect
from crampwatch.cli.offline import findings_of
from crampwatch.errors import Misconfigured
from crampwatch.events import FindingKind
from crampwatch.settings import Settings
from crampwatch.units import Gate, Level, Quality
from processor.athlete import Athlete
from processor.backtest import backtest
from processor.detect.detector import Proof
from processor.detector_checks import problems, trial_seconds
from processor.features.view import View
from processor.guard import GuardState, guarded
from processor.plugins import athlete_with, available, offered, own_names
from processor.state import packed, unrowed
from tests.cli.rig import csv_of
from tests.suites.test_detectors import TestEveryDetector as Promises
from tests.support.clocks import START_MS
from tests.support.needs import ROOT
from tests.support.stories import Story

EXAMPLE = ROOT / "docs" / "examples" / "steady-cadence"


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


def leave(folder, dist, entries):
    """What pip leaves of a distribution beside its modules."""
    info = folder / f"{dist.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"{name} = {where}" for name, where in entries.items()]
    (info / "entry_points.txt").write_text("\n".join(["[crampwatch.detectors]", *lines]) + "\n", encoding="utf-8")


@pytest.fixture
def offer(tmp_path, monkeypatch):
    """Put a distribution of one module on the path."""

    def offering(dist, name, source=""):
        module = dist.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        leave(tmp_path, dist, {name: f"{module}:{name.title()}"})
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, module, raising=False)

    return offering


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The example of the docs in a folder, as its own pyproject.toml has it installed."""
    folder = tmp_path_factory.mktemp("site")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    (package,) = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    shutil.copytree(EXAMPLE / package, folder / package)
    leave(folder, project["project"]["name"], project["project"]["entry-points"]["crampwatch.detectors"])
    return folder


@pytest.fixture
def example(installed, monkeypatch):
    monkeypatch.syspath_prepend(installed)


def test_an_installed_detector_goes_through_the_suite_of_all_detectors(example):
    (kind,) = offered()
    assert kind.name == "steady_cadence"
    promises = [name for name in vars(Promises) if name.startswith("test_")]
    assert len(promises) >= 4
    for promise in promises:
        getattr(Promises(), promise)(detector=kind)


def test_nothing_is_loaded_unless_it_is_named(example):
    assert "steady_cadence" in available()
    assert athlete_with(()) is Athlete
    assert Settings().processor.detectors == ()


def test_a_real_distribution_is_loaded_and_its_findings_carry_its_name(example):
    findings = told(athlete_with(("steady_cadence",)), Story().running(300, spm=158.0).samples)
    (one,) = [finding for finding in findings if finding.kind is FindingKind.OTHER]
    assert "/other-steady_cadence/" in one.id
    assert one.because == ("Your cadence was below 165 for 60 s.",)


def test_our_own_findings_are_the_same_with_and_without_it(example):
    samples = Story().running(600).hitching(8, every_s=20).standing(60).samples
    findings = told(athlete_with(("steady_cadence",)), samples)
    assert [one for one in findings if one.kind is not FindingKind.OTHER] == told(Athlete, samples)


def test_the_tests_of_the_example_pass_where_it_is_installed(installed):
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", EXAMPLE, EXAMPLE / "tests"],
        env={"PYTHONPATH": f"{installed}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_a_recording_is_read_with_it_as_well(example, tmp_path):
    recording = csv_of(Story().running(300, spm=158.0), tmp_path / "slow.csv")
    kinds = [row["kind"] for row in findings_of(recording, athlete_with(("steady_cadence",)))]
    assert "other" in kinds


def test_a_machine_with_it_is_restored_to_where_it_was(example):
    machines, samples = athlete_with(("steady_cadence",)), Story().running(400, spm=158.0).samples
    whole, first = machines("r1", "s1"), machines("r1", "s1")
    expected = list(whole.observe(samples).findings)
    before = list(first.observe(samples[:500]).findings)
    second = machines.restore(first.snapshot())
    assert before + list(second.observe(samples[500:]).findings) == expected
    assert second.snapshot() == whole.snapshot()


def test_a_snapshot_is_read_with_or_without_it():
    machine = with_extra(Metronome)("r1", "s1")
    machine.observe(Story().running(250).samples)
    plain = Athlete.restore(machine.snapshot())
    assert "metronome" not in json.loads(plain.snapshot())["detectors"]
    again = with_extra(Metronome).restore(plain.snapshot())
    assert "metronome" in json.loads(again.snapshot())["detectors"]


def test_a_name_that_nobody_offers_is_refused_with_those_that_are_offered(offer):
    offer("drummer", "drum")
    with pytest.raises(Misconfigured, match=r"processor\.detectors: .*'flute'.*drum"):
        athlete_with(("flute",))


def test_a_name_that_two_distributions_offer_is_refused_with_both(offer):
    offer("drummer-a", "drum")
    offer("drummer-b", "drum")
    with pytest.raises(Misconfigured, match="drummer-a and drummer-b"):
        athlete_with(("drum",))


def test_a_name_given_twice_is_refused(example):
    with pytest.raises(Misconfigured, match="twice"):
        athlete_with(("steady_cadence", "steady_cadence"))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise RuntimeError('no licence')", "no licence"),
        ("raise SystemExit(1)", "cannot be imported: SystemExit"),
        ("", "cannot be imported"),
        ("Drum = 7", "it is no class"),
        ("class Drum:\n    name = 'drum'", "it has no observe"),
    ],
)
def test_a_distribution_that_is_broken_is_named(offer, source, words):
    offer("drummer", "drum", source)
    with pytest.raises(Misconfigured, match=words) as refused:
        athlete_with(("drum",))
    assert "'drum' of drummer" in str(refused.value)


def test_a_detector_must_be_called_as_its_entry_point_is(offer):
    offer("drummer", "drum", "from tests.processor.test_plugins import Metronome as Drum")
    with pytest.raises(Misconfigured, match="calls itself 'metronome'"):
        athlete_with(("drum",))


def test_a_detector_may_not_take_the_name_of_one_of_ours(offer):
    source = "from tests.processor.test_plugins import spoiled\nHitch = spoiled(name='hitch')"
    offer("drummer", "hitch", source)
    with pytest.raises(Misconfigured, match="crampwatch's own"):
        athlete_with(("hitch",))
    assert {"hitch", "pattern", "signal"} <= own_names()


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


def test_an_interrupt_of_who_waits_for_a_command_ends_the_command():
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


@pytest.mark.parametrize("name", processor.detect.__all__)
def test_our_own_detectors_have_the_shape_that_we_ask_of_others(name):
    kind = getattr(processor.detect, name)
    allowed = ("a proof must be of kind other", "a proof may be ok or watch", "reasons are", "a tag is")
    assert [one for one in problems(kind) if not one.startswith(allowed)] == []
    assert len(json.dumps(packed(kind().snapshot()))) < 4_000
