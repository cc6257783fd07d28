"""The pages: well formed, whole in one file, with every alarm, and safe from what files and people are called."""

import json
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.wording import DISCLAIMER
from evaluation import report
from evaluation.curve import Curve
from evaluation.report_charts import _points
from evaluation.report_svg import Scale, round_ticks, text
from evaluation.result import baseline_part, result
from evaluation.scoring import Case
from simulator.session import Truth
from tests.evaluation.builders import cramp, quiet, told

HOSTILE = "</svg><script>alert(1)</script>&'\"\x00\x1b\ud800.csv"
THRESHOLDS = {"watch": 0.11, "warning": 0.22, "imminent": 0.48}


@pytest.fixture(scope="module")
def evaluated():
    """A small evaluation with everything in it."""
    cases = [Case(one) for one in _traces()]
    told = {"package": "1", "command": "crampwatch evaluate"}
    found = result(cases, budgets={"0.2": 0.45, "1.0": 0.3}, versions=told, problems=["x.csv: too short"])
    found["calibration"] = {
        "n": 20, "events": 4, "brier": 0.1, "skill": 0.05, "slope": 1.02, "intercept": 0.1,
        "reliability": [{"n": 10, "told": 0.1, "came": 0.1}, {"n": 10, "told": 0.3, "came": 0.3}],
    }  # fmt: skip
    found["baselines"] = {"ewma_z": baseline_part(Curve(cases), cases), HOSTILE: baseline_part(Curve(cases), cases)}
    return found


def _traces():
    yield from (cramp(lead_s, name=f"c{lead_s}", severity=0.7) for lead_s in (60, 120, 240, None))
    yield told((3_000, 0.01), truth=Truth("easy", 2_900.0, silent=True), name="silent")
    yield from (quiet(name=f"q{number}") for number in range(3))
    yield told((600, 0.01), (30, 0.5), (3_000, 0.01), truth=Truth("wall"), name="wall")


def alarm(**changed):
    """An alarm with the minutes around it."""
    at_s = [float(one) for one in range(700, 1_080, 4)]
    series = {
        "at_s": at_s,
        "bpm": [150.0 if one % 40 else None for one in at_s],
        "spm": [170.0 for _ in at_s],
        "mps": [None for _ in at_s],
        "score": [0.3 for _ in at_s],
    }
    return {
        "file": "run.csv", "run": "run", "kind": "warning", "level": "warning", "at_s": 1_000.0,
        "because": ["Your rhythm wavers more than it did at the start."], "series": series,
        "gates": {"hill": [[800.0, 900.0]]},
    } | changed  # fmt: skip


def recordings(*evidence, **changed):
    """What is said of recordings, with these alarms."""
    kept = [{name: one[name] for name in ("at_s", "level", "because")} for one in evidence]
    run = {"file": "run.csv", "run": "run", "hours": 1.0, "recorded_hours": 1.2, "warnings": kept, "prompts": []}
    rates = {
        "hours": 1.0, "recorded_hours": 1.2, "warnings": len(kept), "warnings_per_hour": float(len(kept)),
        "prompts": 0, "prompts_per_hour": 0.0,
    }  # fmt: skip
    group = {"some/body": {"runs": 1, **rates}}
    return {
        **rates, "runs": [run], "by_runner": group, "by_tag": {}, "thresholds": THRESHOLDS,
        "versions": {"package": "1"}, "problems": [], "left_out": [], "evidence": list(evidence),
    } | changed  # fmt: skip


def parsed(page):
    """The page as a tree: it must be well formed."""
    head, _, rest = page.partition("\n")
    assert head == "<!DOCTYPE html>"
    return ET.fromstring(rest)


def said(page):
    """All text of a page in one line."""
    return " ".join(" ".join(parsed(page).itertext()).split())


def test_the_page_is_whole_in_one_file_and_runs_nothing(evaluated):
    for page in (report.page(evaluated), report.real_page(recordings(alarm()))):
        tree = parsed(page)
        tags = {one.tag for one in tree.iter()}
        assert not tags & {"script", "link", "img", "iframe", "object", "image", "use"}
        for one in tree.iter():
            assert not {"src", "href", "style"} & set(one.attrib)
            assert not any(name.startswith("on") for name in one.attrib)
        assert "http" not in page
        assert "url(" not in page
        assert "@import" not in page


def test_the_page_says_first_what_simulated_runs_cannot_say(evaluated):
    words = said(report.page(evaluated))
    assert words.index("no figure here says anything about real cramps") < words.index("Targets")
    assert DISCLAIMER in words
    assert "Nobody knows whether a cramp is in these recordings" in said(report.real_page(recordings()))


def test_the_page_holds_every_part_of_an_evaluation(evaluated):
    words = said(report.page(evaluated))
    parts = ("Trade-off", "By the length of the build-up", "False alarms by family", "Lead time", "Calibration")
    for part in (*parts, "Silent cramps", "wall", "ewma_z", "x.csv: too short", "crampwatch evaluate"):
        assert part in words


def test_the_page_says_what_is_seen_at_thresholds_of_tune_seeds_where_there_are_any(evaluated):
    words = said(report.page(evaluated))
    assert "At thresholds that were set on tune seeds" in words
    assert "seen at the threshold for 0.2 false alarms/h on tune seeds" in words
    assert "0.450" in words
    bare = said(report.page({**evaluated, "at_tuned": {}}))
    assert "tune seeds" not in bare
    assert "seen within 0.2 false alarms/h, threshold picked on these runs" in bare


def test_files_that_hold_a_run_once_more_are_named_on_the_page():
    said_of = "raw/run.fit: the same run as run.csv, which was taken"
    assert said_of in said(report.real_page(recordings(left_out=[said_of])))
    assert "once more" not in said(report.real_page(recordings()))


def test_a_page_of_nothing_but_quiet_runs_is_a_page():
    words = said(report.page(result([Case(quiet())])))
    assert "none scored" in words
    assert "not measured" in words


def test_a_result_read_back_from_json_gives_the_same_page(evaluated):
    plain = {**evaluated, "baselines": {"ewma_z": evaluated["baselines"]["ewma_z"]}}
    assert report.page(json.loads(json.dumps(plain))) == report.page(plain)


def test_every_alarm_is_drawn_with_its_moment_and_its_reasons():
    alarms = [
        alarm(),
        alarm(at_s=4_000.0, level="imminent", because=["One.", "Two."]),
        alarm(kind="prompt", level="now"),
    ]
    page = report.real_page(recordings(*alarms))
    assert len(parsed(page).findall(".//svg")) == 3
    for words in ("High at 0:16:40", "Strong at 1:06:40", "One. Two.", "Sudden stop at 0:16:40", "taken for: hill"):
        assert words in said(page)


def test_only_what_was_measured_is_drawn():
    words = said(report.real_page(recordings(alarm())))
    assert "heart rate, bpm" in words
    assert "speed, m/s" not in words


def test_a_gap_breaks_the_line():
    one = alarm()
    one["series"]["bpm"] = [150.0 if at_s < 800 or at_s > 900 else None for at_s in one["series"]["at_s"]]
    drawn = parsed(report.real_page(recordings(one))).find(".//path[@class='line heart']")
    assert drawn.get("d").count("M") == 2


def test_an_alarm_of_which_nothing_was_measured_is_still_there():
    one = alarm(gates={}, series={"at_s": [], "bpm": [], "spm": [], "mps": [], "score": []})
    assert "High at 0:16:40" in said(report.real_page(recordings(one)))


def test_names_and_words_of_others_stay_words(evaluated):
    hostile = recordings(
        alarm(file=HOSTILE, because=[HOSTILE], gates={HOSTILE: [[800.0, 810.0]]}, level=HOSTILE),
        problems=[HOSTILE],
        by_tag={HOSTILE: recordings()["by_runner"]["some/body"]},
        versions={HOSTILE: HOSTILE},
    )
    for page in (report.real_page(hostile), report.page({**evaluated, "problems": [HOSTILE]})):
        assert "<script" not in page
        assert "alert(1)" in said(page)
        page.encode()


@settings(deadline=None)
@given(st.text())
def test_any_text_can_stand_in_a_page(anything):
    ET.fromstring(f'<p title="{text(anything)}">{text(anything)}</p>')


def test_no_coordinate_is_beyond_what_can_be_drawn(evaluated):
    for page in (report.page(evaluated), report.real_page(recordings(alarm()))):
        assert not re.search(r'="(nan|inf|-inf)', page)


def test_a_value_beyond_an_axis_is_drawn_at_its_end():
    scale = Scale(0.02, 2.0, 0.0, 100.0, log=True)
    assert [scale(one) for one in (0.0, 0.02, 0.2, 2.0, 50.0)] == pytest.approx([0, 0, 50, 100, 100])


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_and_lie_on_the_axis(low, span):
    ticks = round_ticks(low, low + span)
    assert len(ticks) <= 8
    assert ticks == sorted(ticks)
    slack = 1e-6 * (1 + abs(low) + span)
    assert all(low - slack <= one <= low + span + slack for one in ticks)


def test_of_several_points_at_one_rate_the_best_is_drawn():
    rows = [(0.0, 0.9), (0.5, 0.2), (0.1, 0.1), (0.5, 0.4), (9.0, 1.0), (None, None)]
    drawn = _points([{"false_alarms_per_h": rate, "sensitivity": hit} for rate, hit in rows])
    assert [(one["false_alarms_per_h"], one["sensitivity"]) for one in drawn] == [(0.1, 0.1), (0.5, 0.4)]
