"""Runs from elsewhere: what fits is taken, what does not is named with what to do."""

import gzip
import os
import shutil

import pytest

from crampwatch.errors import Refused
from evaluation import loading, running
from evaluation.jobs import MACHINE, Filed
from evaluation.scoring import Case
from evaluation.trace import RUNNING
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
        ({"onset_s": 1_502}, "ends at 1499"),
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
        ({"family": "all"}, "the sum over all families"),
        ({"family": "\ud800"}, "a word"),
        ({"onset_s": 10**400}, "onset_s must be null or a number"),
        ({"severity": 10**400}, "severity must be null or a number"),
        ({"aborted_s": [0, 10**400]}, "aborted_s must be"),
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


@pytest.mark.parametrize("prodrome_s", [900, 600, 950])
def test_a_silent_cramp_has_no_build_up_whatever_is_said(run, tmp_path, prodrome_s):
    write_truth(tmp_path, "r1", silent=True, onset_s=900, prodrome_s=prodrome_s)
    assert loading.load(run).truth.prodrome_s is None
    assert loading.runs_in(tmp_path)[1] == []


def test_a_build_up_told_by_its_length_is_named_and_scored_as_unknown(tmp_path):
    run = write_run(tmp_path, "long", seconds=4_000)
    write_truth(tmp_path, "long", onset_s=3_600, prodrome_s=300)
    (problem,) = loading.runs_in(tmp_path)[1]
    assert "is prodrome_s a length? it is a moment" in problem
    truth = loading.load(run).truth
    assert (truth.onset_s, truth.prodrome_s, truth.silent) == (3_600.0, None, False)


def test_ten_minutes_of_seconds_are_scored_and_an_onset_may_be_rounded_past_the_end(tmp_path):
    run = write_run(tmp_path, "ten", seconds=600)
    write_truth(tmp_path, "ten", onset_s=601)
    assert loading.load(run).truth.onset_s == 601
    assert Filed(run).opened().trace(MACHINE).at_s[-1] == 599.0


def test_what_goes_wrong_with_one_run_leaves_the_others(run, tmp_path, monkeypatch):
    write_truth(tmp_path, "r1", onset_s=10**400)
    good = write_run(tmp_path, "r2")
    write_truth(tmp_path, "r2")
    done = running.run([Filed(run), Filed(good)], cores=1, work=tmp_path / "work")
    assert [one.name for one in done.traces] == ["r2"]
    assert "r1.truth.json onset_s must be" in done.problems[0]

    def breaks(_path):
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(loading, "load", breaks)
    monkeypatch.setattr(loading, "key_of", breaks)
    for job in (lambda: Filed(good).opened().trace(MACHINE), lambda: Filed(good).key):
        with pytest.raises(Refused, match=r"r2\.csv cannot be scored \(ZeroDivisionError: of ours\)"):
            job()


def test_a_name_that_is_no_text_is_named(run, tmp_path):
    write_truth(tmp_path, "r1")
    shutil.copy(run, os.fsencode(tmp_path) + b"/r\xff.csv")
    found, problems = loading.runs_in(tmp_path)
    assert [one.name for one in found] == ["r1.csv"]
    assert problems == [f"{tmp_path}/r\\xff.csv: its name is not UTF-8: rename it"]


def test_what_is_no_regular_file_is_not_waited_for(run, tmp_path):
    write_truth(tmp_path, "r1")
    os.mkfifo(tmp_path / "pipe.csv")
    write_truth(tmp_path, "pipe")
    shutil.copy(run, tmp_path / "r3.csv")
    os.mkfifo(tmp_path / "r3.truth.json")
    done = running.run([Filed(one) for one in loading.runs_in(tmp_path)[0]], cores=1, work=tmp_path / "work")
    assert [one.name for one in done.traces] == ["r1"]
    assert all("no regular file" in one for one in done.problems)
    assert len(done.problems) == 2


def test_what_is_larger_than_a_run_can_be_is_not_read(run, tmp_path, monkeypatch):
    write_truth(tmp_path, "r1")
    monkeypatch.setattr(loading, "MAX_BYTES", 100)
    with pytest.raises(Refused, match="is larger than 0 MiB"):
        loading.key_of(run)


def test_a_manifest_is_no_run_of_the_folder(run, tmp_path):
    write_truth(tmp_path, "r1")
    (tmp_path / "manifest.csv").write_text("file,tags\nr1.csv,road\n")
    assert [one.name for one in loading.runs_in(tmp_path)[0]] == ["r1.csv"]


def test_seconds_after_a_long_pause_are_in_the_trace(tmp_path):
    even = write_run(tmp_path, "even").read_text().splitlines()
    later = [f"{at_s + 3_900},150,{170 + at_s % 3},3" for at_s in range(1_500)]
    paused = tmp_path / "paused.csv"
    paused.write_text("\n".join([*even, *later]))
    write_truth(tmp_path, "paused", onset_s=5_300, prodrome_s=5_000)
    trace = Filed(paused).opened().trace(MACHINE)
    assert trace.at_s[-1] == 5_399.0
    assert sum(at_s > 1_500 and flag & RUNNING > 0 for at_s, flag in zip(trace.at_s, trace.flags, strict=True)) > 900


@pytest.mark.parametrize(
    ("header", "row", "why"),
    [
        ("t_s,hr_bpm", "{},150", "no cadence"),
        ("t_s,hr_bpm,cadence_spm", "{},150,0", "cadence is 0 throughout"),
        ("t_s,hr_bpm,cadence_spm,speed_mps", "{},150,100,1.2", "no eight minutes of running"),
    ],
)
def test_a_run_on_which_nothing_can_be_judged_is_named(tmp_path, header, row, why):
    path = tmp_path / "blind.csv"
    path.write_text("\n".join([header, *(row.format(at_s) for at_s in range(1_500))]))
    write_truth(tmp_path, "blind", onset_s=1_200)
    with pytest.raises(Refused, match=f"no second of it can be judged: .*{why}"):
        Filed(path).opened().trace(MACHINE)


def test_rows_far_apart_cannot_be_judged(tmp_path):
    path = tmp_path / "sparse.csv"
    path.write_text("\n".join(["t_s,hr_bpm,cadence_spm", *(f"{30 * at},150,170" for at in range(200))]))
    write_truth(tmp_path, "sparse")
    with pytest.raises(Refused, match="a row every 30 s"):
        Filed(path).opened().trace(MACHINE)


def test_a_cramp_before_anything_can_be_judged_is_named_and_left_out(run, tmp_path):
    write_truth(tmp_path, "r1", onset_s=300, prodrome_s=200)
    with pytest.raises(Refused, match="its cramp at 300 s comes before anything can be judged, from 4"):
        Filed(run).opened().trace(MACHINE)


def test_a_header_may_have_spaces_and_capitals_but_no_semicolons(run, tmp_path):
    write_truth(tmp_path, "r1")
    text = run.read_text()
    run.write_text(text.replace("t_s,hr_bpm,cadence_spm", "T_S, HR_bpm ,Cadence_SPM", 1))
    assert loading.load(run).recording.points[0][1].bpm == 150
    run.write_text(text.replace(",", ";"))
    assert "parted by semicolons: write commas" in str(refusal(run))


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
    second = loading.key_of(run)
    assert second != first
    (tmp_path / "r1_rr.csv").write_text("t_s_of_preceding_record,rr_s\n1,0.4\n")
    assert loading.key_of(run) != second


@pytest.mark.parametrize("kind", ["easy", "cramp"])
def test_a_simulated_session_is_the_same_when_it_was_written_and_read(tmp_path, kind):
    session = draw(21, kind)
    read, drawn = Filed(write_session(session, tmp_path)).opened().trace(MACHINE), watch_session(session)
    assert read.truth.onset_s == drawn.truth.onset_s
    assert Case(read).hours == pytest.approx(Case(drawn).hours, rel=0.02)
    assert max(read.score) == pytest.approx(max(drawn.score), abs=0.1)


def test_times_count_from_where_the_file_counts(tmp_path):
    late = write_run(tmp_path, "late", first_s=400)
    write_truth(tmp_path, "late", onset_s=1_850)
    trace = Filed(late).opened().trace(MACHINE)
    assert (trace.at_s[0], trace.at_s[-1]) == (400.0, 1_899.0)
    assert trace.truth.onset_s == 1_850


def test_a_run_is_a_session_for_methods_that_look_at_seconds(run, tmp_path):
    write_truth(tmp_path, "r1")
    session = loading.load(run).session()
    assert len(session.seconds) == 1_500
    assert (session.seconds[1].spm, session.seconds[1].bpm) == (171, 150)


def test_columns_that_decimal_commas_shift_are_named(tmp_path):
    path = tmp_path / "commas.csv"
    rows = [f"{at_s},0,150,170,0,3,1" for at_s in range(1_500)]
    path.write_text("\n".join(["t_s,hr_bpm,cadence_spm,speed_mps", *rows]))
    write_truth(tmp_path, "commas")
    assert "write numbers with a point" in str(refusal(path))
    path.write_text("\n".join(["t_s,hr_bpm,cadence_spm", *(f"{at_s},150,170,," for at_s in range(1_500))]))
    assert loading.load(path).name == "commas"
