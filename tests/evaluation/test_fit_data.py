"""What a fit learns from: which seconds teach, and what they weigh."""

from array import array
from collections import Counter
from dataclasses import replace

import pytest

from crampwatch.errors import Refused
from evaluation.channels import KEPT
from evaluation.fit_data import REAL, is_for_fitting, labels_of, learned_recordings, learned_whole, rows_of, thinned
from evaluation.jobs import Drawn
from evaluation.real import recordings_in
from evaluation.trace import FREE, RUNNING
from evaluation.watching import samples_of_session
from processor.athlete import Athlete
from processor.score import CHANNELS, ScoreSettings, pattern_parts, value_at
from simulator.draw import draw
from simulator.session import Truth
from tests.evaluation.builders import told, write_run

TAUGHT = RUNNING | FREE


def with_channel(trace, value=0.0):
    return replace(trace, channels={"U": array("f", [value] * len(trace.at_s))})


def before_a_cramp(onset_s=2_000.0, ramp_s=400.0, **truth):
    return told((2_400, 0.1, TAUGHT), truth=Truth("easy", onset_s, onset_s - ramp_s, **truth))


def seconds_with(trace, label):
    return [at_s for at_s, one in zip(trace.at_s, labels_of(trace), strict=True) if one == label]


def test_a_run_without_a_cramp_teaches_that_nothing_is_the_matter_where_a_warning_could_be_asked_for():
    trace = told((100, 0.1, TAUGHT), (50, 0.1, RUNNING), (10, 0.1, TAUGHT))
    assert labels_of(trace) == [0] * 100 + [-1] * 50 + [0] * 10


def test_a_build_up_teaches_from_its_first_quarter_to_shortly_before_the_cramp():
    trace = before_a_cramp()
    assert (seconds_with(trace, 1)[0], seconds_with(trace, 1)[-1]) == (1_700, 1_992)
    assert (seconds_with(trace, 0)[0], seconds_with(trace, 0)[-1]) == (0, 1_569)


@pytest.mark.parametrize(
    "truth",
    [Truth("easy", 2_000.0, None, silent=True), Truth("easy", aborted_s=(900.0, 1_200.0))],
    ids=["silent", "aborted"],
)
def test_silent_cramps_and_build_ups_that_came_to_nothing_teach_nothing(truth):
    assert set(labels_of(told((2_400, 0.1, TAUGHT), truth=truth))) == {-1}


def test_the_seconds_of_a_long_build_up_weigh_no_more_than_those_of_a_short_one():
    long, short = (thinned(with_channel(before_a_cramp(ramp_s=ramp_s))) for ramp_s in (600.0, 240.0))
    weighed = [rows_of([one], ["U"]) for one in (long, short)]
    assert [one.weight[one.y == 1].sum() for one in weighed] == pytest.approx([30.0, 30.0])
    shortest = rows_of([thinned(with_channel(before_a_cramp(ramp_s=60.0)))], ["U"])
    assert set(shortest.weight[shortest.y == 1]) == {3.0}


def test_an_hour_of_a_recording_weighs_as_much_as_a_simulated_one_unless_told_otherwise():
    simulated = with_channel(told((1_000, 0.1, TAUGHT)))
    recorded = with_channel(told((500, 0.1, TAUGHT), truth=Truth(REAL)))
    assert rows_of([simulated, recorded], ["U"]).weight.sum() == pytest.approx(1_500)
    assert rows_of([simulated, recorded], ["U"], real_weight=2.0).weight.sum() == pytest.approx(2_000)


def test_nothing_that_teaches_is_said():
    with pytest.raises(Refused, match="no session teaches anything"):
        rows_of([with_channel(told((100, 0.1, RUNNING)))], ["U"])


def test_of_a_recording_in_steps_and_one_by_the_second_alike_many_seconds_teach():
    assert len(thinned(told((1_000, 0.1), step_s=1)).at_s) == 200
    assert len(thinned(told((1_000, 0.1), step_s=4)).at_s) == 125


def test_what_is_kept_of_a_second_is_what_the_score_reads():
    machine, settings = Athlete("a", "s"), ScoreSettings()
    views = machine.observe(list(samples_of_session(draw(7, "hills")))).views
    scored = [view for view in views if view.parts]
    assert len(scored) > 100
    for view in scored:
        read = {name: KEPT[name](view) for name in CHANNELS}
        parts = {name: value_at(settings.curves[name], x) for name, x in read.items() if x == x}
        assert {name: part for name, part in parts.items() if part > 0} == pytest.approx(view.parts)
        assert pattern_parts(view, settings) == view.parts


def test_the_machine_that_is_learned_from_never_warns_and_asks_at_every_stop():
    trace = learned_whole(Drawn(1_000_003, "cramp"))
    assert trace.warnings == ()
    assert trace.prompts
    assert set(trace.channels) == set(KEPT)


def test_files_of_one_source_lie_in_one_half_and_none_counts_twice(tmp_path):
    steps = []
    for name, spm in (("her+runs__one", 170), ("her+runs__two", 166), ("his", 160), ("same", 170)):
        write_run(tmp_path, name, spm=spm)
    (tmp_path / "broken.csv").write_text("nothing of a run\n")
    traces, problems = learned_recordings(tmp_path, recordings_in(tmp_path), lambda: steps.append(1))
    assert len(steps) == 5
    assert len(problems) == 1
    assert "broken.csv" in problems[0]
    assert {one.truth.family for one in traces} == {REAL}
    sources = Counter(one.name.partition("/")[0] for one in traces)
    assert sorted(sources.values()) == [1, 2]
    assert len({one.name for one in traces}) == 3


def test_the_hash_of_its_source_says_in_which_half_a_recording_lies():
    named = [told((10, 0.1), name=name) for name in ("0a/ff/0", "1a/00/0", "fa/00/1", "ea/ff/0")]
    assert [is_for_fitting(one) for one in named] == [True, False, False, True]
