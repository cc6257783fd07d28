"""Many sessions: on any number of cores the same, and going on where it was ended."""

import importlib.util
import itertools
from dataclasses import dataclass
from pathlib import Path

import pytest

from crampwatch.errors import Misconfigured, Refused
from evaluation import kept, running, splits, versions
from evaluation.baselines import METHODS
from evaluation.gated import cadence_of
from evaluation.jobs import MACHINE, Drawn, Filed
from evaluation.running import run, runs
from evaluation.scoring import Case
from simulator.draw import draw
from simulator.families import FAMILIES
from simulator.session import Truth
from tests.evaluation.builders import cramp, quiet, told, write_session


@dataclass(frozen=True)
class Told:
    """A job that needs no machine."""

    key: str
    refused: bool = False

    def opened(self):
        return self

    def trace(self, method="machine"):
        if self.refused:
            raise Refused("bad", f"{self.key} is bad")
        return cramp(100.0 + len(self.key), name=self.key)


@dataclass(frozen=True)
class Counted:
    """A job that notes how often it is opened, and of which some methods cannot be had."""

    key: str
    opened_by: list
    refusing: tuple = ()
    lost: bool = False

    def opened(self):
        self.opened_by.append(self.key)
        if self.lost:
            raise Refused("lost", f"{self.key} is lost")
        return self

    def trace(self, method):
        if method in self.refusing:
            raise Refused("bad", f"{self.key} is bad for {method}")
        return cramp(100.0 + len(method), name=self.key)


def names(done):
    return [one.name for one in done.traces]


def interrupted(job, method):
    if job.key == "c":
        raise KeyboardInterrupt
    return job.trace()


def broken(job, method):
    if job.key == "c":
        raise RuntimeError("in a worker")
    return job.trace()


def another_key(_method):
    return "changed"


def forbidden(job, method):
    raise AssertionError("it was made already")


def test_results_come_in_the_order_of_the_jobs_on_any_number_of_cores():
    jobs = [*(Told(f"job{n}") for n in range(20)), Told("bad", refused=True), Told("last")]
    one, two = run(jobs, cores=1), run(jobs, cores=2)
    assert one == two
    assert names(two)[-1] == "last"
    assert two.problems == ["bad is bad"]


def test_each_job_is_counted_as_it_is_done():
    counted = itertools.count()
    run([Told("a"), Told("b", refused=True)], cores=1, progress=lambda: next(counted))
    assert next(counted) == 2


def test_what_was_done_before_the_end_is_not_done_again(tmp_path):
    jobs = [Told(name) for name in "abcd"]
    with pytest.raises(KeyboardInterrupt):
        run(jobs, cores=1, work=tmp_path, makes=interrupted)
    made = []

    def makes(job, method):
        made.append(job.key)
        return job.trace(method)

    done = run(jobs, cores=1, work=tmp_path, makes=makes)
    assert made == ["c", "d"]
    assert done == run(jobs, cores=1)
    assert run(jobs, cores=1, work=tmp_path, makes=forbidden) == done


def test_a_trace_of_another_method_or_of_other_code_is_not_taken(tmp_path, monkeypatch):
    run([Told("a")], cores=1, work=tmp_path)
    with pytest.raises(AssertionError):
        run([Told("a")], cores=1, work=tmp_path, method="other", makes=forbidden)
    monkeypatch.setattr(running, "key_of", another_key)
    with pytest.raises(AssertionError):
        run([Told("a")], cores=1, work=tmp_path, makes=forbidden)


def test_a_kept_trace_that_is_damaged_is_made_again(tmp_path):
    run([Told("a")], cores=1, work=tmp_path)
    (file,) = tmp_path.rglob("*.trace")
    for damage in (b"", b"{}\n", file.read_bytes()[:-5], b"nonsense"):
        file.write_bytes(damage)
        assert names(run([Told("a")], cores=1, work=tmp_path)) == ["a"]


def test_a_folder_in_which_nothing_can_be_kept_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match=r"^--work: .*file"):
        run([Told("a")], cores=1, work=tmp_path / "file")


def full(job, method):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("cores", [1, 2])
def test_a_disk_that_is_full_on_the_way_is_named_from_any_process(tmp_path, cores):
    with pytest.raises(Misconfigured, match=r"^--work: .*No space left"):
        run([Told("a"), Told("b")], cores=cores, work=tmp_path, makes=full)


def test_what_is_kept_depends_on_all_code_that_a_trace_passes(monkeypatch):
    seen = []
    monkeypatch.setattr(versions, "_hash", lambda *packages: seen.append(packages) or "0")
    versions.key_of.__wrapped__("machine")
    assert set(seen[-1]) == {"evaluation", "simulator", "processor", "collector", "crampwatch"}


def test_a_kept_trace_is_the_trace():
    truth = Truth("city", 900.0, 700.0, aborted_s=None, repeats_s=(1_000.0,), stops_s=((1.0, 2.0),), severity=0.5)
    trace = told((400, 0.123456789, 7), (20, 0.5), truth=truth, prompts=(3.0,))
    assert kept.from_bytes(kept.to_bytes(trace)) == trace
    assert kept.from_bytes(kept.to_bytes(quiet())) == quiet()


def test_a_drawn_session_is_one_that_the_machine_watched():
    trace = Drawn(5, "cramp", without=frozenset({"speed"})).opened().trace(MACHINE)
    assert trace.truth.onset_s is not None
    assert max(trace.score) > 0.01
    assert Case(trace).hours > 0.2


def test_simulated_sessions_leave_the_same_traces_on_one_core_and_on_two():
    jobs = [Drawn(6, "easy"), Drawn(6, "cramp")]
    assert run(jobs, cores=1) == run(jobs, cores=2)


def methods_here():
    """The machine and every simple method whose library is installed."""
    needs = {"page_hinkley": "river", "adwin": "river", "ruptures_cut": "ruptures"}
    simple = [one for one in METHODS if one not in needs or importlib.util.find_spec(needs[one])]
    return [MACHINE, *simple]


def test_methods_together_leave_the_traces_that_each_leaves_alone(tmp_path):
    filed = Filed(write_session(draw(7, "cramp"), tmp_path))
    worn = frozenset({"speed"})
    jobs = [Drawn(7, "easy"), Drawn(7, "silent"), Drawn(7, "cramp", without=worn), filed]
    methods = methods_here()
    together = runs(jobs, methods, cores=1)
    assert list(together) == methods
    for one in methods:
        assert together[one].taken() == run(jobs, method=one, cores=1)


def test_a_simple_method_leaves_the_trace_that_it_leaves_of_the_session_gated_for_it_alone():
    job = Drawn(7, "cramp")
    for one in methods_here()[1:]:
        (trace,) = run([job], method=one, cores=1).traces
        assert trace == METHODS[one](cadence_of(job.session()))


def test_methods_together_leave_the_same_traces_on_one_core_and_on_two():
    jobs = [Told("a"), Told("b", refused=True), Told("c")]
    one, two = (runs(jobs, ["x", "y"], cores=cores) for cores in (1, 2))
    for method in ("x", "y"):
        taken = one[method].taken()
        assert taken == two[method].taken()
        assert names(taken) == ["a", "c"]
        assert taken.problems == ["b is bad"]


def test_a_session_is_opened_once_for_all_methods_and_each_is_counted():
    opened, counted = [], itertools.count()
    jobs = [Counted("a", opened), Counted("b", opened, refusing=("y",)), Counted("c", opened, lost=True)]
    by = runs(jobs, ["x", "y", "z"], cores=1, progress=lambda: next(counted))
    assert opened == ["a", "b", "c"]
    assert next(counted) == 9
    done = {name: by[name].taken() for name in by}
    assert {name: names(one) for name, one in done.items()} == {"x": ["a", "b"], "y": ["a"], "z": ["a", "b"]}
    assert done["x"].problems == done["z"].problems == ["c is lost"]
    assert done["y"].problems == ["b is bad for y", "c is lost"]


def test_a_session_is_opened_only_where_the_trace_of_some_method_is_missing(tmp_path):
    opened = []
    jobs = [Counted("a", opened), Counted("b", opened)]
    run(jobs[:1], method="x", cores=1, work=tmp_path)
    run(jobs[:1], method="y", cores=1, work=tmp_path)
    run(jobs[1:], method="x", cores=1, work=tmp_path)
    opened.clear()
    first = runs(jobs, ["x", "y"], cores=1, work=tmp_path)
    assert opened == ["b"]
    again = runs([Counted("a", opened), Counted("b", opened)], ["y", "x"], cores=1, work=tmp_path)
    assert opened == ["b"]
    for method in ("x", "y"):
        assert first[method].taken() == again[method].taken() == run(jobs, method=method, cores=1)


def test_a_kept_trace_is_not_made_again_beside_one_that_is_missing(tmp_path):
    job = Counted("a", [])
    run([job], method="x", cores=1, work=tmp_path)
    by = runs([Counted("a", [], refusing=("x",))], ["x", "y"], cores=1, work=tmp_path)
    assert [by[method].taken().problems for method in ("x", "y")] == [[], []]


def test_an_error_in_a_worker_ends_the_run_and_what_was_done_stays(tmp_path):
    jobs = [Told(name) for name in "abcd"]
    with pytest.raises(RuntimeError, match="worker"):
        run(jobs, cores=2, work=tmp_path, makes=broken)
    assert (names(run(jobs, cores=1, work=tmp_path))) == list("abcd")


def test_seeds_of_parts_are_apart_and_a_small_part_is_within_the_whole():
    parts = {name: {one.seed for one in splits.sessions(name, splits.FULL)} for name in splits.SPLITS}
    for one, other in itertools.combinations(parts.values(), 2):
        assert not one & other
    assert set(splits.sessions("test", splits.SMALL)) <= set(splits.sessions("test", splits.FULL))
    assert set(splits.sessions("tune", splits.FITTING)) <= set(splits.sessions("tune", splits.FULL))


def test_the_whole_has_as_many_of_each_family_and_enough_cramps():
    whole = splits.sessions("test", splits.FULL)
    counts = [sum(one.kind == family for one in whole) for family in FAMILIES]
    assert len(set(counts)) == 1
    assert sum(one.kind == "cramp" for one in whole) >= 500
    assert sum(one.kind == "silent" for one in whole) >= 150


def test_keys_of_sessions_are_names_of_files():
    keys = [one.key for one in splits.sessions("tune", splits.SMALL, without=frozenset({"heart", "speed"}))]
    assert len(set(keys)) == len(keys)
    assert all(Path(one).name == one for one in keys)
