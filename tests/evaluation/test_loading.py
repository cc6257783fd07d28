"""Runs from elsewhere: what fits is taken, what does not is named with what to do."""

import gzip

import pytest

from crampwatch.errors import Refused
from evaluation import loading
from evaluation.running import Filed
from evaluation.scoring import Case
from evaluation.watching import watch_session
from simulator.draw import draw
from tests.evaluation.builders import write_run, write_session, write_truth


def refusal(path):
    with pytest.raises(Refused) as refused:
        loading.load(path)
    assert path.name.partition(".")[0] in str(refused.value)
    return refused.value


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path, "r1")


def test_a_run_has_its_truth_and_keys_that_we_do_not_know_are_left(run, tmp_path):
    write_truth(tmp_path, "r1", family="hills", onset_s=1_200, prodrome_s=900.5, severity=0.4, weather="fine")
    truth = loading.load(run).truth
    assert (truth.family, truth.onset_s, truth.prodrome_s, truth.silent) == ("hills", 1_200.0, 900.5, False)
    assert truth.severity == 0.4


def test_a_packed_run_is_a_run(run, tmp_path):
    packed = tmp_path / "r2.csv.gz"
    packed.write_bytes(gzip.compress(run.read_bytes()))
    write_truth(tmp_path, "r2")
    assert loading.load(packed).name == "r2"
    assert [one.name for one in loading.runs_in(tmp_path)[0]] == ["r1.csv", "r2.csv.gz"]


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ({"onset_s": 1_501}, "ends at 1499"),
        ({"onset_s": None, "prodrome_s": 9_000}, "ends at"),
        ({"aborted_s": [600, 9_000]}, "ends at"),
        ({"onset_s": 900, "prodrome_s": 901}, "after onset_s"),
        ({"onset_s": float("nan")}, "null or a number"),
        ({"onset_s": -5}, "seconds since the start"),
        ({"onset_s": "900"}, "null or a number"),
        ({"onset_s": True}, "null or a number"),
        ({"prodrome_s": [1]}, "null or a number"),
        ({"silent": "no"}, "true or false"),
        ({"silent": None}, "true or false"),
        ({"silent": True}, "has an onset"),
        ({"silent": True, "onset_s": 900, "prodrome_s": 600}, "no build-up"),
        ({"family": ""}, "a word"),
        ({"family": 3}, "a word"),
        ({"aborted_s": [600]}, "two numbers"),
        ({"aborted_s": [700, 600]}, "the earlier first"),
        ({"severity": "bad"}, "null or a number"),
    ],
)
def test_a_truth_that_does_not_fit_is_named(run, tmp_path, keys, word):
    write_truth(tmp_path, "r1", **keys)
    assert word in str(refusal(run))


@pytest.mark.parametrize(
    ("text", "word"), [("", "JSON"), ("{", "JSON"), ("[1]", "no object"), ("{}", "lacks family"), ("\xff", "JSON")]
)
def test_a_truth_that_cannot_be_read_is_named(run, tmp_path, text, word):
    (tmp_path / "r1.truth.json").write_bytes(text.encode("latin-1"))
    assert word in str(refusal(run))


def test_a_silent_cramp_may_say_that_its_build_up_begins_with_it(run, tmp_path):
    write_truth(tmp_path, "r1", silent=True, onset_s=900, prodrome_s=900)
    assert loading.load(run).truth.prodrome_s is None


def test_a_run_without_a_truth_a_short_one_and_one_that_is_none_are_named(run, tmp_path):
    assert refusal(run).reason == "no_truth"
    short = write_run(tmp_path, "short", seconds=590)
    write_truth(tmp_path, "short")
    assert refusal(short).reason == "too_short"
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b\n1,2\n")
    write_truth(tmp_path, "broken")
    assert refusal(broken).reason == "wrong_format"
    assert refusal(tmp_path / "away.csv").reason == "no_truth"


def test_a_folder_names_truths_without_a_run_and_leaves_companions(run, tmp_path):
    write_truth(tmp_path, "lone")
    (tmp_path / "r1_ev.csv").write_text("t_s,event\n1,lap\n")
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "r1.csv.gz").write_bytes(gzip.compress(run.read_bytes()))
    found, problems = loading.runs_in(tmp_path)
    assert [one.name for one in found] == ["r1.csv"]
    assert len(problems) == 2
    assert "r1.csv is the same run" in problems[0]
    assert "lone.truth.json" in problems[1]


def test_a_folder_without_a_run_and_no_folder_are_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "away"):
        with pytest.raises(Refused, match=str(folder)):
            loading.runs_in(folder)


def test_a_key_is_another_when_the_run_or_its_truth_is(run, tmp_path):
    write_truth(tmp_path, "r1")
    first = loading.key_of(run)
    assert loading.key_of(run) == first
    write_truth(tmp_path, "r1", family="wall")
    assert loading.key_of(run) != first


@pytest.mark.parametrize("kind", ["easy", "cramp"])
def test_a_simulated_session_is_the_same_when_it_was_written_and_read(tmp_path, kind):
    session = draw(21, kind)
    read, drawn = Filed(write_session(session, tmp_path)).trace(), watch_session(session)
    assert read.truth.onset_s == drawn.truth.onset_s
    assert Case(read).hours == pytest.approx(Case(drawn).hours, rel=0.02)
    assert max(read.score) == pytest.approx(max(drawn.score), abs=0.1)


def test_times_count_from_where_the_file_counts(tmp_path):
    late = write_run(tmp_path, "late", first_s=400)
    write_truth(tmp_path, "late", onset_s=1_850)
    trace = Filed(late).trace()
    assert (trace.at_s[0], trace.at_s[-1]) == (400.0, 1_899.0)
    assert trace.truth.onset_s == 1_850


def test_a_run_is_a_session_for_methods_that_look_at_seconds(run, tmp_path):
    write_truth(tmp_path, "r1")
    session = loading.load(run).session()
    assert len(session.seconds) == 1_500
    assert (session.seconds[1].spm, session.seconds[1].bpm) == (171, 150)
