"""A runner with a watch and a foot pod: a second sensor adds no signs, and one that takes over is no build-up."""

from random import Random

import pytest

from crampwatch.events import CadenceMeasured, FindingKind
from crampwatch.units import Level
from processor.athlete import Athlete
from tests.support.clocks import START_MS
from tests.support.runs import Wearing
from tests.support.stories import Story

WATCH, POD = "watch-1", "pod-1"
#: Where the first device is lost at 1500 s, and what follows.
TAKEN_S, LEARN_S = 1_500 + 16, 180


def told(samples):
    machine = Athlete("r7", "s1")
    outcome = machine.observe(samples)
    return [*outcome.findings, *machine.flush().findings], outcome.assessments


def seen(samples):
    """By second what the detectors saw."""
    return {(one.at_ms - START_MS) // 1_000: one for one in Athlete("r7", "s1").observe(samples).views}


def said(findings):
    """When it was said that another sensor measures, in seconds."""
    return [(one.at_ms - START_MS) // 1_000 for one in findings if one.id.split("/")[2] == "signal-sensor"]


def in_turns(*parts, smooth_s=1):
    """Even running, measured by one device after the other: (device, seconds)."""
    samples, at_s, seqs = [], 0, {}
    for number, (device, seconds) in enumerate(parts):
        for one in legs(seconds, number, at_s, device, smooth_s):
            seqs[one.device] = seqs.get(one.device, 0) + 1
            samples.append(one.model_copy(update={"seq": seqs[one.device]}))
        at_s += seconds
    return samples


def beside(samples, device=POD, lower_spm=4.0, smooth_s=1, late_s=0):
    """The same cadence by another device as well, a little lower, smoothed, and a moment or some seconds later."""
    means = []
    for one in samples:
        yield one
        if isinstance(one, CadenceMeasured) and one.spm is not None:
            mean = means[-1] if means else one.spm
            means.append(mean + (one.spm - mean) / smooth_s)
            told_spm = means[max(0, len(means) - 1 - late_s)] - lower_spm
            yield one.model_copy(update={"device": device, "at_ms": one.at_ms + 300, "spm": max(0.0, told_spm)})


def legs(seconds, seed, at_s, device, smooth_s):
    """Even running: the noise of steps, as a device that smooths over so many seconds tells it."""
    random, wearing, mean = Random(seed), Wearing("strap-1", device), 0.0
    for second in range(at_s, at_s + seconds):
        noise = random.gauss(0.0, 2.5)
        mean += (noise - mean) / smooth_s
        at_ms = START_MS + second * 1_000
        yield from wearing.second(at_ms, bpm=150, spm=round(170.0 + (mean if smooth_s > 1 else noise)), mps=3.0)


@pytest.mark.parametrize(("device", "lower_spm"), [(POD, 4.0), ("another", -6.0)])
def test_a_second_sensor_beside_the_first_changes_nothing(device, lower_spm):
    story = Story().running(600).hitching(5, every_s=25).standing(30).running(200, 162.0)
    alone = [replace_device(one) for one in story.samples]
    findings, assessments = told(alone)
    both_findings, both_assessments = told(beside(alone, device, lower_spm))
    assert findings
    assert both_findings == findings
    assert both_assessments == assessments


def replace_device(sample):
    return sample.model_copy(update={"device": WATCH}) if sample.device == POD else sample


@pytest.mark.parametrize("seed", range(6))
def test_a_finer_sensor_that_takes_over_is_no_sign_of_anything(seed):
    fine = [replace_seq(one, 5_000) for one in legs(1_500, seed + 100, 1_500, POD, 1)]
    findings, assessments = told([*legs(1_500, seed, 0, WATCH, 8), *fine])
    assert [one for one in findings if one.kind is FindingKind.PATTERN] == []
    assert {one.level for one in assessments} == {Level.OK}
    assert said(findings) == [TAKEN_S]


def test_with_another_sensor_the_usual_is_learned_anew_and_recent_running_counts_anew():
    views = seen(in_turns((WATCH, 1_500), (POD, 600)))
    assert views[1_499].base is not None
    unknown = [at_s for at_s, one in views.items() if at_s > 480 and one.base is None]
    assert (min(unknown), max(unknown)) == pytest.approx((TAKEN_S, TAKEN_S + LEARN_S), abs=5)
    assert [one.settled for at_s, one in views.items() if TAKEN_S <= at_s < TAKEN_S + 15] == [False] * 15
    assert views[TAKEN_S + 16].settled


@pytest.mark.parametrize(("taken_s", "known_s"), [(115, 480), (415, 595)])
def test_while_the_usual_is_learned_another_sensor_delays_it_and_is_not_told(taken_s, known_s):
    samples = in_turns((WATCH, taken_s - 15), (POD, 900))
    known = [at_s for at_s, one in seen(samples).items() if one.base is not None]
    assert min(known) == pytest.approx(known_s, abs=6)
    assert said(told(samples)[0]) == []


def test_sensors_that_are_lost_in_turns_are_told_of_every_five_minutes_at_most():
    parts = [(WATCH, 800), (POD, 250), (WATCH, 250), (POD, 250), (WATCH, 250)]
    assert said(told(in_turns(*parts))[0]) == [816, 1_316]


def test_what_was_wrong_with_the_unit_of_one_sensor_is_not_laid_to_another():
    story = Story().running(400, 85.0)
    strides = [replace_device(one) for one in story.samples]
    ran = len(story.samples)
    views = seen([*strides, *story.running(100, 170.0).samples[ran:]])
    assert views[399].spm == pytest.approx(170, abs=4)
    assert [views[at_s].spm for at_s in range(418, 499)] == pytest.approx([170.0] * 81, abs=4)


@pytest.mark.parametrize(
    ("smooth_s", "late_s"), [(1, 0), (1, 4), (1, 6), (4, 0), (4, 3), (4, 8), (8, 0), (8, 2), (8, 4)]
)
def test_a_stop_is_asked_about_when_the_foot_pod_falls_asleep_and_the_watch_says_so(smooth_s, late_s):
    story = Story().running(600).hitching(5, every_s=25)
    stop_ms = story.now_ms
    both = list(beside(story.standing(40).samples, device=WATCH, smooth_s=smooth_s, late_s=late_s))
    findings, _ = told([one for one in both if one.device != POD or one.at_ms < stop_ms])
    (stop,) = [one for one in findings if one.kind is FindingKind.CRAMP_STOP]
    assert stop.at_ms - stop_ms <= 18_000


def test_a_level_that_stands_when_another_sensor_takes_over_ends_without_a_word_of_easing():
    story = Story().running(600)
    for _ in range(10):
        story.hitching(1, every_s=20, spm=158).running(4, 174, sway=4.0).running(6, 152).running(4, 174)
    lost_ms = START_MS + 850_000
    on_watch = [replace_device(one) if one.at_ms < lost_ms else one for one in story.samples]
    findings, assessments = told(on_watch)
    pattern = [one for one in findings if one.kind is FindingKind.PATTERN]
    raised, ended = pattern[-2:]
    assert raised.level.rank >= Level.WARNING.rank
    assert (ended.level, ended.because[0].startswith("Another sensor")) == (Level.OK, True)
    assert lost_ms + 15_000 <= ended.at_ms <= lost_ms + 17_000
    assert assessments[-1].level is Level.OK


def test_a_build_up_after_another_sensor_took_over_is_still_seen():
    even = in_turns((WATCH, 1_500), (POD, 400))
    story = Story(9)
    story.second = 1_900
    for _ in range(8):
        story.hitching(1, every_s=20, spm=158).running(4, 174, sway=4.0).running(6, 152).running(4, 174)
    findings, _ = told([*even, *(replace_seq(one, 5_000) for one in story.samples)])
    pattern = [one for one in findings if one.kind is FindingKind.PATTERN]
    assert max(one.level.rank for one in pattern) >= Level.WARNING.rank


def test_a_pod_that_sleeps_through_a_stop_has_its_cadence_again():
    story = Story().running(600)
    stop_ms = story.now_ms
    story.standing(90)
    again_ms = story.now_ms + 4_000
    samples = beside(story.running(300).samples, device=WATCH, smooth_s=4)
    heard = [one for one in samples if one.device != POD or not stop_ms <= one.at_ms < again_ms]
    findings, assessments = told(heard)
    assert said(findings) == []
    assert assessments[-1].settled


def replace_seq(sample, by):
    return sample.model_copy(update={"seq": sample.seq + by})
