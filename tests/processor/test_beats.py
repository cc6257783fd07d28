"""Beats: artefacts found and corrected as the paper does, and alpha1 said only of beats that can be trusted."""

import csv
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.units import Quality
from processor.features.artefacts import Artefact, ArtefactFinder, ArtefactSettings, corrected, quartile_deviation
from processor.features.beats import Beats, BeatsState
from processor.state import packed, unpacked
from processor.timeline import Moment
from tests.processor.beating import ectopic, extra, flawed, missed, wander
from tests.support import needs
from tests.support.clocks import START_MS

AS_PAPER = ArtefactSettings(floor_ms=0.0)
#: Of ``flawed(seed)`` by ``signal_fixpeaks(cumsum([0] + rr), method="kubios", iterative=False)`` of NeuroKit2 0.2.13.
NEUROKIT = {
    1: {
        Artefact.EXTRA: [104, 233, 284],
        Artefact.MISSED: [65, 142, 295],
        Artefact.ECTOPIC: [19, 21, 40, 116, 129, 157, 171, 182, 193, 258, 270, 314, 318, 319, 320, 322, 332, 341],
        Artefact.DISPLACED: [78, 87, 105, 115, 128, 156, 170, 181, 192, 209, 217, 234, 243, 257, 269, 285, 313, 321],
    },
    2: {
        Artefact.EXTRA: [64, 165, 232],
        Artefact.MISSED: [75, 115, 247, 285],
        Artefact.ECTOPIC: [17, 23, 40, 41, 58, 90, 104, 142, 173, 202, 210, 261],
        Artefact.DISPLACED: [
            *(15, 65, 89, 103, 127, 141, 156, 166, 181, 192, 208, 209, 220, 233, 260, 271, 286, 297, 308, 324),
        ],
    },
}


def judged(intervals, chosen=None):
    """Artefacts by place, as far as beats can be judged."""
    finder = ArtefactFinder(chosen)
    found = {}
    for index, rr in enumerate(intervals):
        for after, kind in finder.add(rr):
            found[index - finder.reach + after] = kind
    return found


def as_neurokit(intervals, theirs):
    """Ours and theirs, over the beats that both have judged. Their first interval is the mean of the others."""
    ours = judged([sum(intervals) / len(intervals), *intervals], AS_PAPER)
    last = len(intervals) + 1 - ArtefactFinder().reach
    return ours, {place: kind for kind, places in theirs.items() for place in places if place < last}


@pytest.mark.parametrize("seed", NEUROKIT)
def test_the_same_artefacts_are_found_as_by_neurokit(seed):
    ours, theirs = as_neurokit(flawed(seed), NEUROKIT[seed])
    assert ours == theirs


@pytest.mark.parametrize("seed", range(100, 130))
def test_the_same_artefacts_are_found_as_by_the_installed_neurokit(seed):
    needs.neurokit()
    import neurokit2
    import numpy as np

    beats = flawed(seed, 500)
    info, _ = neurokit2.signal_fixpeaks(np.cumsum([0, *beats]), sampling_rate=1_000, method="kubios", iterative=False)
    names = dict(zip(("extra", "missed", "ectopic", "longshort"), Artefact, strict=True))
    ours, theirs = as_neurokit(beats, {kind: info[name] for name, kind in names.items()})
    assert ours == theirs


@pytest.mark.parametrize(
    ("spoil", "kinds"),
    [
        (missed, {150: Artefact.MISSED}),
        (extra, {150: Artefact.EXTRA, 151: Artefact.DISPLACED}),
        (ectopic, {150: Artefact.DISPLACED, 151: Artefact.ECTOPIC}),
    ],
)
@pytest.mark.parametrize("seed", range(10))
def test_one_artefact_is_found_named_and_corrected(seed, spoil, kinds):
    clean = wander(seed, 300, spread_ms=8.0)
    found = judged(spoil(clean, 150))
    assert {place: kind for place, kind in found.items() if 148 <= place <= 153} == kinds
    repaired = corrected(spoil(clean, 150), sorted(kinds.items()))
    assert sum(repaired) == pytest.approx(sum(clean))
    assert max(abs(a - b) for a, b in zip(repaired, clean, strict=True)) < 20


def test_beats_that_vary_by_little_more_than_the_sensor_resolves_are_no_artefacts():
    nearly_even = [360 + index % 3 for index in range(300)]
    nearly_even[150] += 6
    assert judged(nearly_even) == {}
    assert judged(nearly_even, AS_PAPER)


def test_beats_in_a_row_that_are_out_of_place_are_spread_between_good_ones():
    displaced = Artefact.DISPLACED
    assert corrected([400, 300, 390, 510, 400], [(1, displaced), (2, displaced)]) == [400, 400, 400, 400, 400]


def test_an_artefact_of_the_last_beat_stays_until_the_next_beat_is_known():
    assert corrected([400, 150], [(1, Artefact.EXTRA)]) == [400, 150]
    assert corrected([400, 800], [(1, Artefact.MISSED)]) == [400, 400, 400]


@settings(max_examples=100, deadline=None)
@given(
    intervals=st.lists(st.integers(1, 3_000), min_size=1, max_size=30),
    kinds=st.dictionaries(st.integers(0, 29), st.sampled_from(Artefact)),
)
def test_correction_keeps_the_time_that_the_beats_take(intervals, kinds):
    repaired = corrected(intervals, sorted(kinds.items()))
    assert math.isclose(sum(repaired), sum(intervals))
    assert min(repaired) > 0


@settings(deadline=None)
@given(st.lists(st.floats(0, 1_000), min_size=1, max_size=91))
def test_quartiles_lie_within_the_series(values):
    values.sort()
    assert 0 <= quartile_deviation(values) <= (values[-1] - values[0]) / 2


# --- seconds -----------------------------------------------------------------------------------------------------


def seconds(intervals, *, every_s=1, ahead=False):
    """Beats as a strap tells them: with the second in which they ended, or ``ahead`` with the one before."""
    told = {}
    at_ms = 0
    for rr in intervals:
        begun = at_ms
        at_ms += rr
        second = begun // (1_000 * every_s) if ahead else -(-at_ms // (1_000 * every_s))
        told.setdefault(second * every_s, []).append(float(rr))
    last = max(told)
    return [
        Moment(START_MS + at_s * 1_000, float(every_s), rr_ms=tuple(told.get(at_s, ())))
        for at_s in range(0, last + 1, every_s)
    ]


def said(moments, beats=None):
    beats = beats or Beats()
    return [beats.step(moment) for moment in moments]


CLEAN = seconds(wander(3, 900))


def test_alpha1_is_said_once_two_minutes_of_beats_are_judged():
    alphas = said(CLEAN)
    first = next(index for index, alpha1 in enumerate(alphas) if alpha1 is not None)
    assert 135 <= first <= 145
    assert None not in alphas[first:]
    assert all(0.8 < alpha1 < 1.3 for alpha1 in alphas[first:])


def test_a_heart_too_slow_for_two_hundred_beats_in_the_window_says_nothing():
    assert set(said(seconds(wander(3, 500, mean_ms=650)))) == {None}


@pytest.mark.parametrize(("every", "quality"), [(80, Quality.GOOD), (50, Quality.UNRELIABLE), (30, Quality.UNDEFINED)])
def test_more_artefacts_first_flag_it_and_then_silence_it(every, quality):
    intervals = wander(3, 900)
    for place in range(20, 880, every):
        intervals[place : place + 2] = ectopic(intervals[place : place + 2], 0)
    beats = Beats()
    alphas = said(seconds(intervals), beats)
    assert beats.quality is quality
    assert (alphas[-1] is None) == (quality is Quality.UNDEFINED)


def test_artefacts_within_the_gate_hardly_move_it():
    intervals = wander(3, 900)
    for place in range(20, 880, 80):
        intervals[place : place + 2] = ectopic(intervals[place : place + 2], 0)
    pairs = [(a, b) for a, b in zip(said(CLEAN), said(seconds(intervals)), strict=True) if a and b]
    assert len(pairs) > 100
    assert max(abs(a - b) for a, b in pairs) < 0.1


def test_lost_notifications_end_the_window():
    lost = [moment._replace(rr_ms=()) if 200 <= index < 204 else moment for index, moment in enumerate(CLEAN)]
    alphas = said(lost)
    assert alphas[199] is not None
    assert set(alphas[204:]) == {None}


def test_notifications_that_come_late_and_all_at_once_end_nothing():
    late = list(CLEAN)
    held = tuple(rr for moment in late[200:206] for rr in moment.rr_ms)
    late[200:206] = [moment._replace(rr_ms=held if index == 5 else ()) for index, moment in enumerate(late[200:206])]
    assert None not in said(late)[150:]


def test_beats_told_twice_end_the_window():
    doubled = [
        moment._replace(rr_ms=moment.rr_ms * 2) if 200 <= index < 206 else moment for index, moment in enumerate(CLEAN)
    ]
    alphas = said(doubled)
    assert alphas[199] is not None
    assert None in alphas[200:210]


def test_after_ten_seconds_without_a_beat_nothing_is_said():
    beats = Beats()
    assert said(CLEAN, beats)[-1] is not None
    last_ms = CLEAN[-1].at_ms
    quiet = [Moment(last_ms + second * 1_000, 1.0) for second in range(1, 13)]
    assert [alpha1 is None for alpha1 in said(quiet, beats)] == [False] * 10 + [True] * 2


@pytest.mark.parametrize("every_s", [2, 5, 8])
def test_a_recording_with_longer_steps_tells_nearly_the_same(every_s):
    exact = {moment.at_ms: alpha1 for moment, alpha1 in zip(CLEAN, said(CLEAN), strict=True)}
    coarse = seconds(wander(3, 900), every_s=every_s, ahead=True)
    pairs = [(exact.get(moment.at_ms), alpha1) for moment, alpha1 in zip(coarse, said(coarse), strict=True)]
    pairs = [(a, b) for a, b in pairs if a is not None and b is not None]
    assert len(pairs) > 150 / every_s
    assert sum(abs(a - b) for a, b in pairs) / len(pairs) < 0.08  # its spread


def test_a_machine_without_beats_keeps_no_state():
    beats = Beats()
    assert said([Moment(START_MS + second * 1_000, 1.0, bpm=150) for second in range(60)], beats) == [None] * 60
    assert beats.state == BeatsState()


def test_the_window_is_small():
    beats = Beats()
    for moment in seconds(wander(3, 900, mean_ms=330)):
        beats.step(moment)
        assert len(json.dumps(packed(beats.state), separators=(",", ":"))) < 2_600


GARBAGE = st.one_of(
    st.floats(0.0001, 64_000),
    st.sampled_from((0.0001, 64_000.0, 250.0, 350.0, 351.0, 700.0, 2_999.6)),
)


@settings(max_examples=25, deadline=None)
@given(
    told=st.lists(
        st.tuples(st.sampled_from((1, 1, 1, 2, 8, 40)), st.lists(GARBAGE, max_size=12), st.integers(0, 40)),
        max_size=40,
    ),
    share=st.floats(0, 1),
)
def test_any_beats_give_a_number_or_nothing_and_a_cut_changes_nothing(told, share):
    moments, at_ms = [], START_MS
    steady = iter(flawed(1, 1_200) * 2)
    for dt_s, rr_ms, calm_s in told:
        at_ms += dt_s * 1_000
        moments.append(Moment(at_ms, float(dt_s), rr_ms=tuple(rr_ms)))
        for _ in range(calm_s):
            at_ms += 1_000
            moments.append(Moment(at_ms, 1.0, rr_ms=tuple(float(next(steady, 355)) for _ in range(3))))
    cut = round(share * len(moments))
    whole, first = Beats(), Beats()
    expected = said(moments, whole)
    before = said(moments[:cut], first)
    second = Beats(None, unpacked(BeatsState, json.loads(json.dumps(packed(first.state), allow_nan=False))))
    assert before + said(moments[cut:], second) == expected
    assert second.state == whole.state
    assert all(alpha1 is None or math.isfinite(alpha1) for alpha1 in expected)


@pytest.mark.parametrize("cut", [10, 60, 150, 199, 230, 300])
def test_a_run_of_flawed_beats_cut_anywhere_goes_on_alike(cut):
    moments = seconds(flawed(2, 1_000))
    whole, first = Beats(), Beats()
    expected = said(moments, whole)
    before = said(moments[:cut], first)
    second = Beats(None, unpacked(BeatsState, json.loads(json.dumps(packed(first.state)))))
    assert before + said(moments[cut:], second) == expected
    assert second.state == whole.state


def recorded_beats(path):
    """A recording's seconds with the beats that were told in them."""
    told = {}
    with path.open(newline="") as file:
        for row in list(csv.reader(file))[1:]:
            told.setdefault(int(float(row[0])), []).append(float(row[1]) * 1_000)
    with path.with_name(path.name.replace("_rr", "")).open(newline="") as file:
        times = [int(float(row["t_s"])) for row in csv.DictReader(file)]
    return [
        Moment(START_MS + at_s * 1_000, float(at_s - before), rr_ms=tuple(told.get(at_s, ())))
        for before, at_s in zip([times[0] - 1, *times], times, strict=False)
    ]


def test_recorded_beats_give_alpha1_for_most_of_a_run_on_a_strap_and_none_that_no_heart_has():
    shares = {}
    for path in sorted((needs.data() / "runs").glob("*_rr.csv")):
        alphas = said(recorded_beats(path))
        known = [alpha1 for alpha1 in alphas if alpha1 is not None]
        assert all(0.2 <= alpha1 <= 1.8 for alpha1 in known), path.name
        shares[path.name] = len(known) / len(alphas)
    assert sorted(shares.values())[len(shares) // 2] > 0.5, shares
