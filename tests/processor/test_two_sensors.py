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
TAKEN_S, LEARN_S = 1_500 + 45, 180


def told(samples):
    machine = Athlete("r7", "s1")
    outcome = machine.observe(samples)
    return [*outcome.findings, *machine.flush().findings], outcome.assessments


def beside(samples, device=POD, lower_spm=4.0, smooth_s=1):
    """The same cadence by another device as well, a little lower, smoothed, and a moment later in each second."""
    mean = None
    for one in samples:
        yield one
        if isinstance(one, CadenceMeasured) and one.spm is not None:
            mean = one.spm if mean is None else mean + (one.spm - mean) / smooth_s
            update = {"device": device, "at_ms": one.at_ms + 300, "spm": max(0.0, mean - lower_spm)}
            yield one.model_copy(update=update)


def legs(seconds, seed, at_s, device, smooth_s):
    """Even running: the noise of steps, as a device that smooths over so many seconds tells it."""
    random, wearing, mean = Random(seed), Wearing("strap-1", device), 0.0
    for second in range(at_s, at_s + seconds):
        noise = random.gauss(0.0, 2.5)
        mean += (noise - mean) / smooth_s
        at_ms = START_MS + second * 1_000
        yield from wearing.second(at_ms, bpm=150, spm=round(170.0 + (mean if smooth_s > 1 else noise)), mps=3.0)


def sequel(first, second):
    """Heart rate goes on counting where another device brings the rest."""
    last = max((one.seq for one in first if one.device == "strap-1"), default=0)
    return [*first, *(replace_seq(one, last) if one.device == "strap-1" else one for one in second)]


def replace_seq(sample, by):
    return sample.model_copy(update={"seq": sample.seq + by})


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
@pytest.mark.parametrize(("before_s", "after_s"), [(8, 1), (1, 8)])
def test_another_sensor_that_takes_over_is_no_sign_of_anything(seed, before_s, after_s):
    first = list(legs(1_500, seed, 0, WATCH, before_s))
    findings, assessments = told(sequel(first, legs(1_500, seed + 100, 1_500, POD, after_s)))
    assert [one for one in findings if one.kind is FindingKind.PATTERN] == []
    assert {one.level for one in assessments} == {Level.OK}
    (signal,) = [one for one in findings if one.kind is FindingKind.SIGNAL and "sensor" in one.id]
    assert (signal.at_ms - START_MS) / 1_000 == pytest.approx(TAKEN_S, abs=1)


def test_with_another_sensor_the_usual_is_learned_anew():
    first = list(legs(1_500, 3, 0, WATCH, 8))
    _, assessments = told(sequel(first, legs(600, 4, 1_500, POD, 1)))
    unsettled = [(one.at_ms - START_MS) / 1_000 for one in assessments if not one.settled]
    again = [at_s for at_s in unsettled if at_s > 1_490]
    assert max(again) == pytest.approx(TAKEN_S + LEARN_S, abs=10)


@pytest.mark.parametrize("smooth_s", [1, 4, 8])
def test_a_stop_is_asked_about_when_the_foot_pod_falls_asleep_and_the_watch_says_so(smooth_s):
    story = Story().running(600).hitching(5, every_s=25)
    stop_ms = story.now_ms
    both = list(beside(story.standing(40).samples, device=WATCH, smooth_s=smooth_s))
    findings, _ = told([one for one in both if one.device != POD or one.at_ms < stop_ms])
    (stop,) = [one for one in findings if one.kind is FindingKind.CRAMP_STOP]
    assert stop.at_ms - stop_ms <= 12_000


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
    assert lost_ms + 45_000 <= ended.at_ms <= lost_ms + 47_000
    assert assessments[-1].level is Level.OK


def test_a_build_up_after_another_sensor_took_over_is_still_seen():
    first = list(legs(1_500, 3, 0, WATCH, 8))
    quiet = list(legs(400, 4, 1_500, POD, 1))
    story = Story(9)
    story.second = 1_900
    for _ in range(8):
        story.hitching(1, every_s=20, spm=158).running(4, 174, sway=4.0).running(6, 152).running(4, 174)
    last = max(one.seq for one in quiet if one.device == POD)
    rest = [replace_seq(one, last) if one.device == POD else one for one in story.samples]
    findings, _ = told(sequel(sequel(first, quiet), rest))
    pattern = [one for one in findings if one.kind is FindingKind.PATTERN]
    assert max(one.level.rank for one in pattern) >= Level.WARNING.rank
