"""The figures that are told, by hand and by their keys."""

import json
import re
from dataclasses import replace

import pytest

from evaluation import intervals
from evaluation.curve import Curve
from evaluation.evaluating import How, evaluate_folder
from evaluation.result import baseline_part, compared, result
from evaluation.scoring import Case
from processor.weights import shipped
from simulator.session import Truth
from tests.evaluation.builders import cramp, quiet, told, write_run, write_truth
from tests.support.needs import ROOT

KEYS = [
    "sessions",
    "hours",
    "sensitivity",
    "at_tuned",
    "sensitivity_by_ramp",
    "median_lead_s",
    "lead",
    "false_alarms_per_h",
    "false_alarms",
    "silent_hit_rate",
    "silent",
    "now",
    "calibration",
    "curve",
    "partial_area",
    "shipped",
    "versions",
    "problems",
]


def cases(*traces):
    return [Case(one) for one in traces]


def example():
    """Three cramps, one of them silent; an alarm on a wall and one long before a cramp."""
    late = Truth("easy", 3_000.0, 2_900.0)
    return cases(
        cramp(150.0, name="c1", severity=0.9),
        told((1_000, 0.01), (30, 0.4), (2_000, 0.01), truth=late, name="c2"),
        cramp(None, name="c3", silent=True),
        told((1_000, 0.01), (30, 0.4), (2_570, 0.01), truth=Truth("wall"), name="w1", prompts=(1_040.0,)),
        quiet(name="e1"),
        quiet(Truth("easy", aborted_s=(900.0, 1_200.0)), name="a1"),
    )


def test_the_keys_are_those_that_are_documented():
    found = result(example(), budgets={"0.2": 0.3}, problems=["one"])
    assert list(found) == KEYS
    page = (ROOT / "docs" / "evaluation-format.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w.]+)`", page))

    def inner(keys, path=""):
        for name, value in keys.items():
            yield name
            if isinstance(value, dict) and name not in {"false_alarms_per_h", "by_family", "sensitivity"}:
                yield from inner(value)

    assert [one for one in inner(found) if one not in named and not re.match(r"[\d>]", one)] == []


def test_the_figures_are_those_of_the_rules():
    found = result(example())
    assert found["sessions"] == 6
    assert found["median_lead_s"] == 150
    assert found["shipped"]["sensitivity"] == 0.5
    assert found["shipped"]["by_ramp"]["4-7 min"]["share"] == 1
    assert found["shipped"]["by_ramp"]["1-2 min"]["share"] == 0
    assert found["shipped"]["by_severity"]["severe"]["n"] == 1
    assert found["silent_hit_rate"] == 0
    assert found["silent"]["within_chance"]
    assert found["shipped"]["median_lead_s"] == found["median_lead_s"]
    assert found["shipped"]["false_alarms_per_h"] == found["false_alarms_per_h"]["all"]
    hours = found["false_alarms"]["hours"]
    assert found["false_alarms"]["n"] == 2
    assert found["false_alarms_per_h"]["all"] == pytest.approx(2 / hours)
    assert list(found["false_alarms_per_h"]) == ["all", "easy", "wall"]
    assert found["false_alarms_per_h"]["wall"] == pytest.approx(1.0, abs=0.01)
    assert found["false_alarms"]["before_cramps"]["n"] == 1
    assert found["now"]["prompts"] == 1
    assert found["calibration"] is None


def test_at_thresholds_of_tune_seeds_nothing_is_picked_on_these_runs():
    found = result(example(), budgets={"0.1": 0.45, "1.0": 0.3})
    assert list(found["at_tuned"]) == ["0.1", "1.0"]
    strict, loose = found["at_tuned"].values()
    assert (strict["threshold"], strict["n"], strict["hits"], strict["sensitivity"]) == (0.45, 2, 1, 0.5)
    assert strict["interval"] == intervals.wilson(1, 2)
    assert strict["by_ramp"][">=4 min"]["share"] == 1
    assert strict["median_lead_s"] == 150
    assert strict["false_alarms_per_h"] == 0
    hours = found["false_alarms"]["hours"]
    assert loose["false_alarms_per_h"] == pytest.approx(2 / hours)
    assert loose["false_alarms_interval"][0] < 2 / hours < loose["false_alarms_interval"][1]


def test_what_the_tuned_thresholds_are_changes_nothing_that_is_picked():
    told, bare = (result(example(), budgets=one) for one in ({"0.2": 0.123, "0.5": 0.0456}, {}))
    assert bare.pop("at_tuned") == {}
    assert told.pop("at_tuned")
    assert told == bare


def test_without_thresholds_of_their_own_budgets_are_those_of_the_file(monkeypatch):
    monkeypatch.setattr("evaluation.result.shipped", lambda: replace(shipped(), budgets={"0.2": 0.45}))
    assert result(example())["at_tuned"] == result(example(), budgets={"0.2": 0.45})["at_tuned"] != {}


def test_more_silent_cramps_than_by_luck_are_a_leak_and_fewer_are_not():
    unseen = [cramp(None, name=f"s{n}", silent=True) for n in range(60)]
    seen = [cramp(200.0, name=f"s{n}", silent=True) for n in range(60)]
    alarmed = [told((1_000, 0.01), (30, 0.4), (2_570, 0.01), name=f"n{n}") for n in range(90)]
    fewer, more = (result(cases(*silent, *alarmed))["silent"] for silent in (unseen, seen))
    assert fewer["chance_interval"][0] == 0 < fewer["chance"] < fewer["chance_interval"][1] < 1
    assert fewer["within_chance"]
    assert not more["within_chance"]
    assert {name: one["within_chance"] for name, one in more["at"].items()} == {"0.5": False, "1.0": False}


def test_what_cannot_be_scored_is_null_and_never_nan():
    for some in (cases(quiet()), cases(cramp(100.0)), cases(cramp(None, silent=True)), []):
        json.dumps(result(some, budgets={"0.2": 0.3}), allow_nan=False)
    found = result(cases(quiet()))
    assert found["sensitivity"] == {"0.1": None, "0.2": None, "0.5": None, "1.0": None}
    assert found["median_lead_s"] is found["silent_hit_rate"] is found["silent"] is None
    assert found["sensitivity_by_ramp"][">=4 min"]["0.2"] is None
    assert found["false_alarms_per_h"]["all"] == 0
    assert result([])["false_alarms_per_h"] == {"all": None}


def test_the_order_of_sessions_changes_nothing():
    assert json.dumps(result(example())) == json.dumps(result(example()[::-1]))


def test_methods_are_compared_on_the_same_cramps():
    blind = cases(quiet(hours=10), *(cramp(None, name=f"c{n}") for n in range(20)))
    seeing = cases(quiet(hours=10), *(cramp(100.0 if n % 2 else None, name=f"c{n}") for n in range(20)))
    found = compared(Curve(seeing), Curve(blind))
    assert (found["difference"], found["n"], found["not_better"]) == (0.5, 20, 0)
    assert found["low"] > 0
    assert baseline_part(Curve(seeing), blind)["versus"] == found
    assert compared(Curve(cases(quiet())), Curve(cases(quiet()))) is None


def test_a_folder_is_scored_and_what_cannot_be_is_named(tmp_path):
    for name in ("a", "b", "bad", "short"):
        write_run(tmp_path, name, seconds=300 if name == "short" else 1_500)
        write_truth(tmp_path, name, family="hills")
    write_truth(tmp_path, "bad", onset_s=99_999)
    counted = []
    found = evaluate_folder(tmp_path, how=How(1, None, lambda total: counted.append(total) or (lambda: None)))
    assert counted == [4]
    assert found["sessions"] == 2
    assert list(found["false_alarms_per_h"]) == ["all", "hills"]
    assert [re.search(r"(bad|short)\.", one)[1] for one in found["problems"]] == ["bad", "short"]
