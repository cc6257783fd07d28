"""One athlete's machine: the break vocabulary on told runs, and the promises that hold wherever it runs."""

import json
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.events import FindingKind
from crampwatch.units import Level, Motion, Quality
from processor.athlete import Athlete
from processor.backtest import backtest
from tests.support import facts
from tests.support.clocks import START_MS
from tests.support.stories import Story

WARM_S = 600


def proved(samples, athlete=None):
    """What is proved about the athlete; circumstances (test_context.py) are left out."""
    machine = athlete or Athlete("r7", "s1")
    findings = [*machine.observe(samples).findings, *machine.flush().findings]
    return [one for one in findings if one.kind is not FindingKind.CONTEXT]


def kinds(samples):
    return [str(finding.kind) for finding in proved(samples)]


def seconds(finding):
    return (finding.at_ms - START_MS) // 1_000


def test_steady_running_proves_nothing():
    assert proved(Story().running(1_800).samples) == []


def test_a_stop_is_named_after_twenty_seconds_and_the_return_to_running_too():
    findings = proved(Story().running(WARM_S).standing(40).running(60).samples)
    assert [(str(one.kind), one.level) for one in findings] == [("stop", Level.OK), ("resumed", Level.OK)]
    assert 620 <= seconds(findings[0]) <= 622
    assert findings[1].evidence == {"seconds": 40.0, "clean": 1.0}


def test_a_short_standstill_is_a_pause():
    (pause, *_) = proved(Story().running(WARM_S).standing(8).running(60).samples)
    assert pause.kind is FindingKind.PAUSE
    assert pause.evidence["seconds"] == pytest.approx(8, abs=1)


def test_a_walk_in_a_run_is_a_walk_break():
    assert kinds(Story().running(WARM_S).walking(30).running(60).samples) == ["walk_break", "resumed"]


def test_a_walk_alone_is_no_break_of_anything():
    assert kinds(Story().walking(1_200).samples) == []


def test_a_short_dip_that_comes_back_is_a_hitch_and_concerns_nobody():
    (hitch,) = proved(Story().running(WARM_S).hitching(1).running(60).samples)
    assert (hitch.kind, hitch.level) == (FindingKind.HITCH, Level.OK)
    assert hitch.evidence["depth_percent"] == pytest.approx(10, abs=1.5)


def test_one_second_of_low_cadence_is_noise():
    story = Story().running(WARM_S).running(1, 140, sway=0.0).running(60)
    assert kinds(story.samples) == []


def test_a_sensor_that_drops_to_zero_while_the_runner_moves_is_no_stop():
    story = Story().running(WARM_S)
    story.running(30, 0.0, sway=0.0).running(60)
    assert "stop" not in kinds(story.samples)
    assert "pause" not in kinds(story.samples)


def test_a_sensor_that_counts_half_for_a_while_is_repaired():
    assert kinds(Story().running(WARM_S).running(20, 85).running(60).samples) == []


def test_a_clean_traffic_stop_asks_no_question():
    assert "cramp_stop" not in kinds(Story().running(WARM_S).standing(60).running(120).samples)


def test_a_low_cadence_that_breaks_and_wavers_raises_the_level_with_two_reasons():
    story = Story().running(WARM_S)
    for _ in range(8):
        story.hitching(1, every_s=20, spm=162).running(4, 174, sway=4.0).running(6, 154).running(4, 174)
    pattern = [one for one in proved(story.samples) if one.kind is FindingKind.PATTERN]
    assert max(one.level.rank for one in pattern) >= Level.WARNING.rank
    reasons = pattern[-1].because
    assert len(reasons) == 2
    assert any(reason.startswith("Your rhythm wavers") for reason in reasons)


def test_a_sudden_stop_after_signs_asks_whether_it_is_a_cramp():
    story = Story().running(WARM_S).hitching(5, every_s=25).standing(30)
    machine = Athlete("r7", "s1")
    outcome = machine.observe(story.samples)
    (stop,) = [one for one in outcome.findings if one.kind is FindingKind.CRAMP_STOP]
    assert stop.level is Level.NOW
    assert 725 <= seconds(stop) <= 731
    assert outcome.assessments[-1].level is Level.NOW


def test_words_never_claim_a_cramp():
    story = Story().running(WARM_S).hitching(8, every_s=20).standing(60).running(300)
    words = " ".join(word for one in proved(story.samples) for word in one.because).lower()
    assert words
    assert not any(claim in words for claim in ("cramp", "predict", "prevent", "%", "risk"))


def test_silence_is_proved_at_the_moment_it_was_due_and_the_return_says_how_long():
    findings = proved(Story().running(60).silence(90).running(60).samples)
    assert [(str(one.kind), seconds(one)) for one in findings] == [("signal", 79), ("signal", 150)]
    assert len({one.id for one in findings}) == 2


def test_a_finding_is_named_after_its_content():
    stop = proved(Story().running(WARM_S).standing(30).samples)[0]
    assert stop.id == f"r7/s1/stop/{stop.at_ms}"


def test_without_speed_or_heart_rate_the_breaks_are_still_seen():
    story = Story(speed=False, heart=False).running(WARM_S).hitching(1).standing(30).running(60)
    assert [one for one in kinds(story.samples) if one != "signal"] == ["hitch", "stop", "resumed"]


def test_missing_channels_are_missing_and_never_zero():
    (assessed, *_) = Athlete("r7", "s1").observe(Story(heart=False).running(3).samples).assessments
    assert assessed.quality["heart_rate"] is Quality.UNDEFINED
    assert assessed.fatigue is None
    assert assessed.motion in {Motion.UNKNOWN, Motion.RUN}


def eventful(seed):
    return (
        Story(seed)
        .running(500)
        .hitching(4, every_s=25)
        .standing(25)
        .running(60)
        .silence(30)
        .walking(20)
        .running(200, 164.0)
        .hitching(3, every_s=20)
        .samples
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3), st.floats(0, 1))
def test_a_run_cut_anywhere_gives_the_findings_and_the_state_of_the_whole(seed, share):
    samples = eventful(seed)
    cut = round(share * len(samples))
    whole = Athlete("r7", "s1")
    expected = whole.observe(samples)
    first = Athlete("r7", "s1")
    before = first.observe(samples[:cut])
    second = Athlete.restore(first.snapshot())
    after = second.observe(samples[cut:])
    assert [*before.findings, *after.findings] == list(expected.findings)
    assert [*before.assessments, *after.assessments] == list(expected.assessments)
    assert second.snapshot() == whole.snapshot()


@settings(max_examples=60, deadline=None)
@given(st.lists(facts.samples, max_size=50), st.integers(0, 50))
def test_any_stream_at_all_can_be_cut_and_is_never_nan(stream, cut):
    whole, first = Athlete("r7", "s1"), Athlete("r7", "s1")
    expected = whole.observe(stream)
    before = first.observe(stream[:cut])
    second = Athlete.restore(first.snapshot())
    after = second.observe(stream[cut:])
    assert [*before.findings, *after.findings] == list(expected.findings)
    assert second.snapshot() == whole.snapshot()
    assert b"NaN" not in whole.snapshot()
    assert all(math.isfinite(one.score) for one in expected.assessments)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3), st.lists(st.integers(0, 3_200), max_size=12))
def test_being_woken_late_twice_or_never_gives_the_same_findings(seed, wakes):
    samples = eventful(seed)
    expected = Athlete("r7", "s1").observe(samples).findings
    machine, found = Athlete("r7", "s1"), []
    for index, sample in enumerate(samples):
        for _ in range(wakes.count(index)):
            due_ms = machine.wake_at_ms()
            if due_ms is not None and due_ms <= sample.at_ms:
                found += machine.wake(due_ms).findings
                found += machine.wake(sample.at_ms - 1).findings
        found += machine.observe((sample,)).findings
    assert found == list(expected)


def test_every_due_wake_is_kept_and_changes_nothing():
    samples = eventful(1)
    machine, found = Athlete("r7", "s1"), []
    for sample in samples:
        due_ms = machine.wake_at_ms()
        if due_ms is not None and due_ms <= sample.at_ms:
            found += machine.wake(due_ms).findings
            assert machine.wake(due_ms).findings == []
        found += machine.observe((sample,)).findings
    assert found == list(Athlete("r7", "s1").observe(samples).findings)
    assert any(one.kind is FindingKind.SIGNAL for one in found)


def test_messages_of_any_size_and_sent_twice_give_the_findings_of_the_backtest():
    samples = eventful(2)
    live, found = Athlete("r7", "s1"), []
    for start in range(0, len(samples), 7):
        found += live.observe(samples[start : start + 7]).findings
        assert live.observe(samples[start : start + 7]).findings == []
    found += live.flush().findings
    assert found == [one for outcome in backtest("r7", "s1", samples) for one in outcome.findings]


def test_the_state_is_small_canonical_and_versioned():
    machine = Athlete("r7", "s1")
    machine.observe(eventful(0))
    snapshot = machine.snapshot()
    assert len(snapshot) < 4_096
    assert not re.search(rb"(?<!\.)\b\d{12,}", snapshot), "an instant is told whole, not from the last second"
    assert json.dumps(json.loads(snapshot), sort_keys=True, separators=(",", ":")).encode() == snapshot
    assert Athlete.restore(snapshot).snapshot() == snapshot


@pytest.mark.parametrize("body", [b"[]", b'{"v":0}', b'{"v":3}', b'{"v":99}'])
def test_a_snapshot_of_another_version_is_refused(body):
    with pytest.raises(ValueError, match="this release reads 4"):
        Athlete.restore(body)


def test_a_clock_that_goes_back_begins_the_machine_again():
    early = Story().running(60).samples
    late = [one.model_copy(update={"at_ms": one.at_ms - 10_000_000, "seq": one.seq + 1_000}) for one in early]
    machine = Athlete("r7", "s1")
    machine.observe(early)
    outcome = machine.observe(late)
    assert outcome.ignored["backward"] == 30
    assert outcome.assessments[-1].at_ms == late[-1].at_ms


def test_before_there_is_a_baseline_an_ok_is_no_all_clear():
    told = Athlete("r7", "s1").observe(Story().running(WARM_S).samples).assessments
    settled = [one.settled for one in told]
    assert not settled[0]
    assert settled[-1]
    assert settled == sorted(settled)
    assert 400 < settled.index(True) < 560


def test_without_cadence_nothing_is_said_of_the_legs():
    heart_only = [one for one in Story().running(WARM_S).samples if one.kind == "heart_rate"]
    assert not any(one.settled for one in Athlete("r7", "s1").observe(heart_only).assessments)
