"""Conditioning within a machine: what bad input leads to, from the sample to the finding."""

import itertools

import pytest

from crampwatch.events import FindingKind
from crampwatch.units import Level, Mode, Motion, Quality
from processor.athlete import Athlete
from processor.features.baseline import BaselineSettings, BaselineState, SessionBaseline
from tests.processor.beating import wander
from tests.support.clocks import START_MS
from tests.support.runs import Wearing
from tests.support.stories import Story


def told(seconds, *, bpm=150, spm=170.0, mps=3.0):
    """A run told by functions of the second, or by one value; None is a channel that says nothing."""
    wearing, samples = Wearing(), []
    for at_s in range(seconds):
        now = [value(at_s) if callable(value) else value for value in (bpm, spm, mps)]
        samples += wearing.second(START_MS + at_s * 1_000, bpm=now[0], spm=now[1], mps=now[2])
    return samples


def observed(samples):
    machine = Athlete("r7", "s1")
    first, last = machine.observe(samples), machine.flush()
    return [*first.findings, *last.findings], [*first.views, *last.views], [*first.assessments, *last.assessments]


def beating(at_s):
    return 150 + (at_s // 5) % 3


def stepping(at_s):
    return 170.0 + (at_s // 4) % 3


def test_every_assessment_says_how_far_each_channel_can_be_trusted():
    _, _, assessments = observed(told(30, bpm=beating, mps=None))
    assert assessments[-1].quality == {
        "heart_rate": Quality.GOOD,
        "cadence": Quality.GOOD,
        "speed": Quality.UNDEFINED,
    }


def test_beats_have_a_quality_once_there_were_any():
    wearing, machine = Wearing(), Athlete("r7", "s1")
    beats, told_ms, said = wander(3, 1_200), 10_000, []
    for at_s in range(300):
        rr_ms = []
        while told_ms < at_s * 1_000:
            rr_ms.append(beats.pop())
            told_ms += rr_ms[-1]
        samples = wearing.second(START_MS + at_s * 1_000, bpm=beating(at_s), spm=stepping(at_s), rr_ms=tuple(rr_ms))
        said += [one.quality.get("beats") for one in machine.observe(samples).assessments]
    assert said[:9] == [None] * 9
    assert set(said[20:100]) == {Quality.UNDEFINED}
    assert said[-1] is Quality.GOOD


def test_a_run_recorded_in_strides_is_followed_as_a_run():
    findings, views, assessments = observed(told(1_200, bpm=beating, spm=lambda at_s: stepping(at_s) / 2))
    assert views[-1].motion is Motion.RUN
    assert views[-1].base.spm == pytest.approx(171, abs=0.5)
    assert assessments[-1].settled
    assert {one.kind for one in findings} <= {FindingKind.SIGNAL, FindingKind.CONTEXT}


def test_a_lock_found_late_is_unlearned_from_the_baseline():
    locked = observed(told(700, bpm=lambda at_s: beating(at_s) if at_s < 400 else round(stepping(at_s)), spm=stepping))
    free = observed(told(700, bpm=beating, spm=stepping))
    assert any(view.locked for view in locked[1])
    assert locked[1][-1].base.bpm == free[1][-1].base.bpm


def test_what_is_taken_back_is_what_was_counted_and_no_more():
    baseline = SessionBaseline(BaselineSettings(), BaselineState(bpm={"150": 90.0, "170": 20.0}))
    baseline.take_back([(170, 12), (170, 12), (169, 3), (150, 30)])
    assert baseline.state.bpm == {"150": 60.0}


def test_a_lock_is_told_and_cadence_alone_is_judged_while_it_lasts():
    findings, views, _ = observed(
        told(900, bpm=lambda at_s: beating(at_s) if at_s < 600 else round(stepping(at_s)), spm=stepping)
    )
    assert views[-1].mode is Mode.HEART_SUSPECT
    words = [word for one in findings if one.kind is FindingKind.SIGNAL for word in one.because]
    assert words == ["The heart rate looks like the cadence: tighten the strap."]


def test_a_drop_of_the_cadence_to_zero_at_speed_breaks_nothing():
    findings, _, _ = observed(told(1_200, bpm=beating, spm=lambda at_s: 0.0 if at_s % 97 < 2 else stepping(at_s)))
    assert {one.kind for one in findings} <= {FindingKind.SIGNAL, FindingKind.CONTEXT}


def test_samples_that_come_twice_are_counted_and_change_nothing():
    samples = told(700, bpm=beating, spm=stepping)
    twice = list(itertools.chain.from_iterable((one, one) for one in samples))
    once, again = Athlete("r7", "s1"), Athlete("r7", "s1")
    expected, seen = once.observe(samples), again.observe(twice)
    assert seen.ignored == {"duplicate": len(samples)}
    assert seen.assessments == expected.assessments
    assert again.snapshot() == once.snapshot()


def test_a_loose_cadence_sensor_does_not_nag():
    findings, _, _ = observed(told(3_600, bpm=beating, spm=lambda at_s: None if at_s % 100 >= 20 else stepping(at_s)))
    signals = [one for one in findings if one.kind is FindingKind.SIGNAL]
    assert signals
    assert len(signals) <= 2 * 3_600 / 300
    assert {one.level for one in signals} == {Level.OK}


def test_steady_running_keeps_its_words_to_itself():
    assert observed(Story().running(1_500).samples)[0] == []
