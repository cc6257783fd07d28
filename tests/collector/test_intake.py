"""Frames become samples: in order, numbered, in the right session, the same after a restart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.intake import Intake, session_id
from collector.source import Frame
from crampwatch.errors import Refused
from crampwatch.metrics import Counters
from crampwatch.units import CadenceUnit
from tests.support.clocks import START_MS
from tests.support.sources import battery, gait, heart_rate, ticks

HOUR_MS = 3_600_000


def taken(intake, frames, athlete="ann"):
    """Everything the frames became; what is refused is left out."""
    results = []
    for frame in frames:
        try:
            results.append(intake.take(athlete, frame))
        except Refused:
            continue
    return results


def test_a_tick_becomes_heart_rate_cadence_and_speed():
    strap, pod = taken(Intake(), [heart_rate(bpm=151, rr_ms=(400.0,)), gait(per_min=86, mps=2.5, distance_m=12.0)])
    (rate,) = strap.samples
    cadence, speed = pod.samples
    assert (rate.bpm, rate.at_ms) == (151, START_MS)
    assert rate.rr_ms == pytest.approx((400.0,), abs=1)
    assert (cadence.raw_per_min, cadence.running) == (86.0, True)
    assert (speed.mps, speed.distance_m) == (2.5, 12.0)
    assert cadence.at_ms == speed.at_ms == START_MS + 1


def test_cadence_is_in_steps_once_the_unit_is_known():
    results = taken(Intake(), (gait(at_ms=START_MS + 1_000 * n, per_min=86) for n in range(8)))
    cadences = [result.samples[0] for result in results]
    assert [cadence.spm for cadence in cadences] == [None] * 4 + [172.0] * 4
    assert cadences[-1].unit is CadenceUnit.STRIDES
    assert cadences[-1].decided_by == "running and 86/min"


def test_a_missing_cadence_is_missing_but_the_speed_is_kept():
    (result,) = taken(Intake(), [gait(per_min=None)])
    assert [sample.kind for sample in result.samples] == ["speed"]


def test_each_device_is_numbered_without_a_hole():
    frames = [frame for pair in zip(ticks("strap", 5), ticks("pod", 5), strict=True) for frame in pair]
    samples = [sample for result in taken(Intake(), frames) for sample in result.samples]
    for device in ("strap", "pod"):
        seqs = [sample.seq for sample in samples if sample.device == device]
        assert seqs == list(range(len(seqs)))


def test_two_athletes_know_nothing_of_each_other():
    intake = Intake()
    intake.take("ann", heart_rate("a", START_MS + 5_000))
    other = intake.take("bea", heart_rate("b", START_MS))
    assert other.samples[0].at_ms == START_MS
    assert other.session == session_id(START_MS)


def test_a_session_is_named_by_its_first_second_and_ends_with_silence():
    intake = Intake(session_gap_s=1_800)
    first, still, later = taken(
        intake,
        [heart_rate(at_ms=START_MS), heart_rate(at_ms=START_MS + 1_800_000), heart_rate(at_ms=START_MS + HOUR_MS * 2)],
    )
    assert first.session == still.session == session_id(START_MS)
    assert later.session == session_id(START_MS + HOUR_MS * 2)
    assert later.samples[0].seq == 0


def test_a_clock_that_was_set_back_begins_a_new_session_but_a_little_disorder_does_not():
    intake = Intake()
    results = taken(
        intake, [heart_rate(at_ms=START_MS), heart_rate(at_ms=START_MS - 500), heart_rate(at_ms=START_MS - 600_000)]
    )
    assert results[0].session == results[1].session
    assert results[1].samples[0].at_ms == START_MS + 1
    assert results[2].session == session_id(START_MS - 600_000)


def test_a_battery_level_is_recorded_within_a_run_and_never_begins_or_prolongs_one():
    intake = Intake(session_gap_s=1_800)
    before, _, within, after = taken(
        intake,
        [
            battery(at_ms=START_MS),
            heart_rate(at_ms=START_MS + 1_000),
            battery(at_ms=START_MS + 1_700_000, percent=70),
            heart_rate(at_ms=START_MS + 1_000 + 1_800_001),
        ],
    )
    assert before.samples == ()
    assert within.samples[0].percent == 70
    assert after.session == session_id(START_MS + 1_000 + 1_800_001)


def test_a_gap_of_a_device_is_counted():
    counters = Counters()
    taken(Intake(counters=counters), [heart_rate(at_ms=START_MS + at) for at in (0, 3_000, 7_000)])
    assert counters.value("gaps") == 1


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (Frame("watch-1", 0x2A6E, b"\x00", START_MS), "unknown_characteristic"),
        (Frame("watch-1", 0x2A37, b"\x10", START_MS), "truncated_frame"),
        (Frame("watch-1", 0x2A37, b"", START_MS), "truncated_frame"),
        (Frame("watch-1", 0x2A53, b"\x00\x01", START_MS), "truncated_frame"),
        (Frame("watch-1", 0x2A37, bytes([0x10, 60]) + b"\x00\x04" * 257, START_MS), "out_of_bounds"),
    ],
)
def test_a_bad_frame_is_refused_by_name_and_leaves_no_trace(frame, reason):
    counters = Counters()
    intake = Intake(counters=counters)
    with pytest.raises(Refused) as caught:
        intake.take("ann", frame)
    assert caught.value.reason == reason
    assert counters.value("refused", caught.value.reason) == 1
    assert intake.changes() == {}


def test_an_override_lives_in_the_settings_and_not_in_the_kept_state():
    intake = Intake()
    intake.override_unit("watch-1", CadenceUnit.STEPS)
    (result,) = taken(intake, [gait(per_min=86)])
    assert (result.samples[0].spm, result.samples[0].decided_by) == (86.0, "override")
    assert Intake(state=intake.changes()).unit_of("watch-1") is CadenceUnit.UNDECIDED


def test_a_state_that_cannot_be_read_is_refused_by_key():
    with pytest.raises(Refused, match="athlete/ann"):
        Intake(state={"athlete/ann": b"{}"})


devices = st.sampled_from(["strap", "pod"])
frames = st.lists(
    st.builds(
        Frame,
        device=devices,
        characteristic=st.sampled_from([0x2A37, 0x2A53, 0x2A19, 0x2A6E]),
        payload=st.one_of(
            st.binary(max_size=12), st.sampled_from([heart_rate().payload, gait().payload, battery().payload])
        ),
        at_ms=st.integers(0, 4 * HOUR_MS).map(lambda ms: START_MS + ms),
    ),
    max_size=40,
)


@given(frames)
def test_whatever_is_sent_time_rises_strictly_and_numbers_have_no_hole(sent):
    last, seqs = {}, {}
    for result in taken(Intake(), sorted(sent, key=lambda frame: frame.at_ms)):
        moments = {sample.at_ms for sample in result.samples}
        assert len(moments) <= 1
        for sample in result.samples:
            assert seqs.setdefault((result.session, sample.device), 0) == sample.seq
            seqs[result.session, sample.device] += 1
        if moments:
            assert moments.pop() > last.get(result.session, -1)
            last[result.session] = result.samples[0].at_ms


@given(frames, st.integers(0, 40))
def test_a_restart_anywhere_changes_nothing(sent, cut):
    whole = taken(Intake(), sent)
    first = Intake()
    before = taken(first, sent[:cut])
    after = taken(Intake(state=first.changes()), sent[cut:])
    assert before + after == whole
