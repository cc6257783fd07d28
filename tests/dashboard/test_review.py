"""A stored run as the review page shows it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crampwatch.storage import RunKey, RunSummary, Series
from crampwatch.units import Level
from dashboard.levels import BANDS, band, gauge, in_band
from dashboard.review import level_spans, review, run_row
from tests.dashboard.desk import alert, pattern
from tests.support import facts
from tests.support.clocks import START_MS


def summary(worst: str = "warning", distance_m: float | None = None) -> RunSummary:
    return RunSummary(
        run=RunKey("club", "ana", "s1"),
        started_ms=START_MS,
        ended_ms=START_MS + 100_000,
        samples=200,
        mean_bpm=151.6,
        mean_spm=None,
        distance_m=distance_m,
        worst=worst,
        findings=2,
        alerts=1,
    )


def test_a_run_list_line_rounds_what_is_known_and_keeps_what_is_not():
    row = run_row(summary(), "Ana")
    assert (row.duration_s, row.mean_bpm, row.mean_spm, row.distance_m, row.word) == (100, 152, None, None, "High")


def test_a_level_that_this_release_does_not_know_is_not_assessed():
    assert run_row(summary("purple"), "Ana").word == "Not assessed"


def test_pattern_findings_open_and_close_the_spans():
    findings = [
        pattern(START_MS + 20_000, Level.WATCH),
        pattern(START_MS + 40_000, Level.WARNING),
        pattern(START_MS + 60_000, Level.OK),
        pattern(START_MS + 80_000, Level.WATCH),
    ]
    spans = [(one.from_s, one.to_s, one.tone) for one in level_spans(findings, START_MS, 100)]
    assert spans == [(20, 40, "watch"), (40, 60, "high"), (80, 100, "watch")]


def test_the_pattern_curve_lies_in_the_band_of_its_level():
    series = Series([START_MS + 10_000, START_MS + 30_000, START_MS + 31_000], {"score": [0.9, 0.1, None]})
    view = review(run_row(summary(), "Ana"), series, [pattern(START_MS + 20_000, Level.WATCH)], [])
    assert view.columns["pattern"] == (0.9, 1.1, None)
    assert view.columns["bpm"] == (None, None, None)


def test_the_last_second_of_a_run_keeps_its_level():
    series = Series([START_MS + 100_000], {"score": [0.5]})
    view = review(run_row(summary(), "Ana"), series, [pattern(START_MS + 20_000, Level.IMMINENT)], [])
    assert view.columns["pattern"] == (3.5,)


def test_a_run_that_is_over_asks_nobody_to_check_now():
    assert run_row(summary("now"), "Ana").word == "Sudden stop"


def test_findings_and_alerts_are_marked_in_the_order_they_came():
    findings = [pattern(START_MS + 50_000, Level.WARNING)]
    view = review(run_row(summary(), "Ana"), Series([]), findings, [alert(START_MS + 10_000)])
    assert [(one.at_s, one.what, one.word) for one in view.marks] == [
        (10, "alert", "Ease off for a few minutes"),
        (50, "finding", "Fatigue pattern high"),
    ]


def test_an_alert_stands_below_its_finding_and_does_not_repeat_its_reasons():
    found = pattern(START_MS + 10_000, Level.WARNING)
    raised = alert(START_MS + 10_000).model_copy(update={"finding_id": found.id, "because": found.because})
    view = review(run_row(summary(), "Ana"), Series([]), [found], [raised])
    assert [(one.what, one.because) for one in view.marks] == [("finding", found.because), ("alert", ())]


@given(st.sampled_from(Level), st.floats(0, 1))
def test_a_marker_never_leaves_the_band_of_its_level(level, score):
    assert band(level) / BANDS <= gauge(level, score) <= (band(level) + 1) / BANDS
    assert band(level) < in_band(level, score) < band(level) + 1


@given(st.lists(facts.findings, max_size=8), st.integers(0, 10_000))
def test_spans_never_overlap_and_never_leave_the_run(findings, duration_s):
    spans = level_spans(findings, START_MS, duration_s)
    assert all(one.from_s < one.to_s for one in spans)
    assert all(a.to_s <= b.from_s for a, b in pairwise(spans))
