"""What an evaluation comes to, by the keys of docs/evaluation-format.md; None where there is nothing to score."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from processor.detect.pattern import PatternSettings, thresholds_of
from processor.weights import shipped

from . import intervals
from .alarms import SHIPPED_WARNING
from .curve import BUDGETS, Curve, Point
from .scoring import ABORTED, CRAMP, NEGATIVE, RAMPS, SILENT, Case, Outcome, quartiles, ramp_names, share
from .silent import silent_part
from .trace import Trace

#: Terciles of severity where it is drawn evenly from 0.3 to 1 (science 4.3).
_SEVERITIES = {"mild": (0.0, 0.533), "middling": (0.533, 0.767), "severe": (0.767, 1.001)}

Scored = Sequence[tuple[Case, Outcome]]


def result(
    cases: Sequence[Case],
    *,
    curve: Curve | None = None,
    budgets: Mapping[str, float] | None = None,
    calibration: Mapping[str, Any] | None = None,
    versions: Mapping[str, Any] | None = None,
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """Everything that is told of a method over sessions. Nothing in it depends on the order of the sessions.

    Args:
        cases: the sessions.
        curve: their trade-off, where it is known already.
        budgets: by false alarms an hour, the threshold that keeps so many on tune seeds; None: the shipped ones.
        calibration: what :func:`evaluation.calibration.judged` says.
        versions: what the figures depend on.
        problems: what could not be scored, and why.
    """
    cases = sorted(cases, key=lambda one: one.trace.name)
    curve = curve or Curve(cases)
    point = curve.at(SHIPPED_WARNING)
    scored = list(zip(curve.cases, point.outcomes, strict=True))
    lead = lead_part(_leads(scored))
    silent = silent_part(curve, point)
    return {
        "sessions": len(cases),
        "hours": sum(_lasts_h(case.trace) for case in cases),
        "sensitivity": {str(one): _within(curve, one) for one in BUDGETS},
        "at_tuned": tuned_part(curve, shipped().budgets if budgets is None else budgets),
        "sensitivity_by_ramp": by_ramp(curve),
        "median_lead_s": lead["median_s"],
        "lead": lead,
        "false_alarms_per_h": false_rates(scored),
        "false_alarms": false_part(scored),
        "silent_hit_rate": silent["rate"] if silent else None,
        "silent": silent,
        "now": now_part(cases),
        "calibration": None if calibration is None else dict(calibration),
        "curve": [_told(one) for one in curve.points],
        "partial_area": curve.partial_area,
        "shipped": shipped_part(scored, point, lead["median_s"]),
        "versions": dict(versions or {}),
        "problems": list(problems),
    }


def by_ramp(curve: Curve) -> dict[str, dict[str, float | None]]:
    """Sensitivity within each budget by the length of the build-up."""
    table: dict[str, dict[str, float | None]] = {name: {} for name in RAMPS}
    for budget in BUDGETS:
        point = curve.within(budget)
        scored = [] if point is None else list(zip(curve.cases, point.outcomes, strict=True))
        for name in RAMPS:
            table[name][str(budget)] = _share_of(_of_ramp(scored, name))["share"]
    return table


def tuned_part(curve: Curve, budgets: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """By budget, what the threshold comes to that keeps it on tune seeds; nothing here is picked on these runs."""
    told = {}
    for name, theta in budgets.items():
        point = curve.aside(theta)
        scored = list(zip(curve.cases, point.outcomes, strict=True))
        seen, false = _share_of([one for one in scored if one[0].role == CRAMP]), _counted(scored)
        told[name] = {
            "threshold": theta,
            "sensitivity": seen["share"],
            **seen,
            "by_ramp": {ramp: _share_of(_of_ramp(scored, ramp)) for ramp in RAMPS},
            "false_alarms_per_h": false["per_h"],
            "false_alarms_interval": false["interval"],
            "median_lead_s": median(leads) if (leads := _leads(scored)) else None,
        }
    return told


def lead_part(leads: Sequence[float]) -> dict[str, Any]:
    """How long beforehand, of those cramps that were seen."""
    found = quartiles(leads)
    interval = intervals.of_median(leads) if len(leads) > 1 else None
    return {
        "n": len(leads),
        "q25_s": found[0] if found else None,
        "median_s": found[1] if found else None,
        "q75_s": found[2] if found else None,
        "interval": interval,
        "share_45_s": share(sum(one >= 45 for one in leads), len(leads)),
        "share_60_s": share(sum(one >= 60 for one in leads), len(leads)),
        "all_s": list(leads),
    }


def false_rates(scored: Scored) -> dict[str, float | None]:
    """False alarms an hour over everything, and on runs without a cramp by family."""
    rates = {"all": _rate(scored)}
    for family, part in _families(scored).items():
        rates[family] = _rate(part)
    return rates


def false_part(scored: Scored) -> dict[str, Any]:
    """The same with numbers, hours and intervals; and what lies before cramps and around aborted build-ups."""
    groups: dict[str, Scored] = {"all": scored}
    groups |= _families(scored)
    told = {name: _counted(part) for name, part in groups.items()}
    return {
        **told["all"],
        "by_family": {name: one for name, one in told.items() if name != "all"},
        "negatives": _counted([one for one in scored if one[0].role == NEGATIVE]),
        "before_cramps": _counted([one for one in scored if one[0].role in {CRAMP, SILENT}]),
        "around_aborted": _counted([one for one in scored if one[0].role == ABORTED]),
    }


def now_part(cases: Sequence[Case]) -> dict[str, Any]:
    """The question "Is it a cramp?": in time after a build-up, and for nothing."""
    told = [(case, *case.prompts()) for case in cases]
    cramps = [asked for case, _, asked in told if case.role == CRAMP]
    silent = [asked for case, _, asked in told if case.role == SILENT]
    quiet = [(false, case.hours) for case, false, _ in told if case.role == NEGATIVE]
    before = [(false, case.hours) for case, false, _ in told if case.role in {CRAMP, SILENT}]
    return {
        "n": len(cramps),
        "share": share(sum(cramps), len(cramps)),
        "interval": intervals.wilson(sum(cramps), len(cramps)),
        "share_silent": share(sum(silent), len(silent)),
        "prompts": sum(false for false, _ in quiet),
        "prompts_per_h": _per_h(quiet),
        "prompts_interval": intervals.of_rate(quiet),
        "before_cramps_per_h": _per_h(before),
    }


def shipped_part(scored: Scored, point: Point, median_lead_s: float | None) -> dict[str, Any]:
    """The figures at the thresholds that ship, which were set on other runs."""
    cramps = [one for one in scored if one[0].role == CRAMP]
    settings = PatternSettings()
    spells = [(case, case.scan.spells(point.theta)) for case, _ in scored if case.role == NEGATIVE]
    hours = sum(case.hours for case, _ in spells)
    unlike = sum(
        [one.from_s for one in case.scan.spells(point.theta)]
        != [one.at_s for one in case.trace.warnings if not one.escalation]
        for case, _ in scored
    )
    return {
        "thresholds": dict(zip(("watch", "warning", "imminent"), thresholds_of(settings), strict=True)),
        **_share_of(cramps),
        "sensitivity": _share_of(cramps)["share"],
        "false_alarms_per_h": point.false_per_h,
        "median_lead_s": median_lead_s,
        "by_ramp": {name: _share_of(_of_ramp(scored, name)) for name in RAMPS},
        "by_severity": {name: _share_of(_of_severity(cramps, *ends)) for name, ends in _SEVERITIES.items()},
        "by_family": {
            family: _share_of([one for one in cramps if one[0].trace.truth.family == family])
            for family in sorted({case.trace.truth.family for case, _ in cramps})
        },
        "time_in_warning": sum(case.warned_h(found) for case, found in spells) / hours if hours else None,
        "unlike_the_machine": unlike,
    }


def compared(ours: Curve, theirs: Curve, budget: float = 0.2) -> dict[str, Any] | None:
    """Our sensitivity less theirs over the same cramps, conditional on both thresholds of this budget; None of none."""
    pairs = []
    for curve in (ours, theirs):
        point = curve.within(budget)
        if point is None:
            return None
        named = zip(curve.cases, point.outcomes, strict=True)
        pairs.append({case.trace.name: one.hit for case, one in named if case.role == CRAMP})
    both = sorted(pairs[0].keys() & pairs[1].keys())
    found = intervals.paired([pairs[0][one] for one in both], [pairs[1][one] for one in both])
    return None if found is None else {"budget": budget, "n": len(both), **asdict(found)}


def baseline_part(ours: Curve, cases: Sequence[Case], thetas: Sequence[float] | None = None) -> dict[str, Any]:
    """Another method over the same sessions, beside ours."""
    curve = Curve(sorted(cases, key=lambda one: one.trace.name), thetas)
    return {
        "sensitivity": {str(one): _within(curve, one) for one in BUDGETS},
        "curve": [_told(one) for one in curve.points],
        "partial_area": curve.partial_area,
        "versus": compared(ours, curve),
    }


def _told(point: Point) -> dict[str, Any]:
    band = intervals.of_share(point.hits, point.cramps)
    return {
        "threshold": point.theta,
        "false_alarms_per_h": point.false_per_h,
        "sensitivity": point.sensitivity,
        "low": band[0] if band else None,
        "high": band[1] if band else None,
    }


def _within(curve: Curve, budget: float) -> float | None:
    point = curve.within(budget)
    return None if point is None else point.sensitivity


def _share_of(scored: Scored) -> dict[str, Any]:
    hits, n = sum(one.hit for _, one in scored), len(scored)
    return {"n": n, "hits": hits, "share": share(hits, n), "interval": intervals.wilson(hits, n)}


def _leads(scored: Scored) -> list[float]:
    return sorted(one.lead_s for case, one in scored if case.role == CRAMP and one.lead_s is not None)


def _of_ramp(scored: Scored, name: str) -> Scored:
    return [one for one in scored if one[0].role == CRAMP and name in ramp_names(one[0].trace.truth.ramp_s)]


def _of_severity(scored: Scored, low: float, high: float) -> Scored:
    return [
        one for one in scored if one[0].trace.truth.severity is not None and low <= one[0].trace.truth.severity < high
    ]


def _families(scored: Scored) -> dict[str, Scored]:
    found: dict[str, list[tuple[Case, Outcome]]] = {}
    for case, outcome in scored:
        if case.role == NEGATIVE:
            found.setdefault(case.trace.truth.family, []).append((case, outcome))
    return {family: found[family] for family in sorted(found)}


def _counted(scored: Scored) -> dict[str, Any]:
    pairs = [(one.false, case.hours) for case, one in scored]
    return {
        "n": sum(n for n, _ in pairs),
        "hours": sum(hours for _, hours in pairs),
        "per_h": _per_h(pairs),
        "interval": intervals.of_rate(pairs),
    }


def _rate(scored: Scored) -> float | None:
    return _per_h((one.false, case.hours) for case, one in scored)


def _per_h(pairs: Iterable[tuple[int, float]]) -> float | None:
    counted = list(pairs)
    hours = sum(hours for _, hours in counted)
    return sum(n for n, _ in counted) / hours if hours > 0 else None


def _lasts_h(trace: Trace) -> float:
    return (trace.at_s[-1] - trace.at_s[0]) / 3_600 if trace.at_s else 0.0
