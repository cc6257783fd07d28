"""A whole fit: training seeds to curves, tune seeds to thresholds, and the file that says how it came about."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from crampwatch.errors import Misconfigured, Refused
from processor.score import CHANNELS
from processor.weights import VERSION as FORMAT
from processor.weights import parsed
from simulator import frozen

from . import fitting, running, splits
from .evaluating import How
from .fit_data import REAL, is_for_fitting, learned, learned_recordings, rows_of, thinned
from .fit_thresholds import LEVELS, Asking, Tuning, tuned, with_stops
from .real import one_of_each, recordings_in
from .scoring import CRAMP, NEGATIVE, Case
from .splits import Size
from .trace import Trace
from .versions import hashed

#: What weights are fitted on, of the training seeds, and what thresholds are set on, of the tune seeds.
TRAIN, TUNE = Size(60, 600, 0, 0), Size(60, 500, 100, 0)
#: Two fits are alike within this: what is told has three digits.
ALIKE = 0.0021

_LEVEL_NAMES = ("watch", "warning", "imminent")


@dataclass(frozen=True, slots=True)
class Real:
    """Recordings of runs on which nothing is known to have happened.

    ``problems``: what could not be read and why. ``left_out``: files that hold a run once more.
    """

    told: str = "none"
    fitted: Sequence[Trace] = ()
    checked: Sequence[Trace] = ()
    problems: Sequence[str] = ()
    left_out: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Refit:
    """What a fit gave.

    Attributes:
        body: what the file of weights says, without who made it when.
        tune: how the thresholds do on tune seeds: rates of false alarms, the share of cramps.
        problems: what could not be used.
        left_out: recordings that hold a run once more (:func:`evaluation.real.one_of_each`), and of which one.
    """

    body: Mapping[str, Any]
    tune: Mapping[str, Any]
    problems: Sequence[str] = ()
    left_out: Sequence[str] = ()


def demand_frozen() -> None:
    """See that the generator is the one that weights are made for.

    Raises:
        Misconfigured: it is another one.
    """
    if frozen.fingerprint() != frozen.PINNED["main"]:
        raise Misconfigured(
            "evaluate fit",
            "the generator is not the one that is pinned in simulator/frozen.py: take that one, or freeze this one "
            "under a new version first",
        )


def refit(real: Path | None = None, real_weight: float | None = None, how: How | None = None) -> Refit:
    """Fit curves on training seeds and set thresholds on tune seeds.

    Args:
        real: recordings: those of half the sources, by a hash, are fitted on; all of them bound the thresholds.
        real_weight: what an hour of them counts; see :func:`evaluation.fit_data.rows_of`.
        how: on what it runs; nothing in it changes a figure.

    Raises:
        Misconfigured: a library is not installed.
        Refused: there is nothing to fit on.
    """
    fitting.demand()
    how = how or How()
    train, tune = splits.sessions("train", TRAIN), splits.sessions("tune", TUNE)
    files, left_out = one_of_each(real, recordings_in(real)) if real is not None else ([], [])
    step = how.progress(len(train) + len(tune) + len(files))
    recorded = _recorded(real, files, left_out, step) if real is not None else Real()
    taught = running.run(train, cores=how.cores, progress=step, makes=learned)
    rows = rows_of([*taught.traces, *map(thinned, recorded.fitted)], list(fitting.KNOTS), real_weight)
    fit = fitting.fitted(rows)
    held = running.run(tune, cores=how.cores, progress=step, makes=partial(tuned, fit=fit))
    halves = [
        [with_stops(fitting.rescored(one, fit), one) for one in half] for half in (recorded.fitted, recorded.checked)
    ]
    told = _seeds() | {"real": _weighed(recorded.told, real_weight)}
    body, figures = _thresholds(fit, held.traces, *halves)
    problems = [*recorded.problems, *held.problems]
    return Refit({"version": FORMAT, "made_by": told, **body}, figures, problems, recorded.left_out)


def written(refit: Refit, path: Path, command: str, date: str) -> None:
    """Write the file of weights.

    Raises:
        Misconfigured: the generator is not the one that is pinned, or the file cannot be written.
    """
    demand_frozen()
    made_by = {"command": command, **refit.body["made_by"], "date": date}
    text = as_text({**refit.body, "made_by": made_by})
    parsed(text)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misconfigured(str(path), f"cannot be written ({error.strerror or error}): name another file") from error


def as_text(body: Mapping[str, Any]) -> str:
    """The file's text: a line for each curve and each sensitivity, so that a change can be read."""
    lines = []
    for name, value in body.items():
        if name in {"made_by", "curves", "thresholds"}:
            inner = ",\n".join(f"    {json.dumps(key)}: {json.dumps(one)}" for key, one in value.items())
            lines.append(f"  {json.dumps(name)}: {{\n{inner}\n  }}")
        else:
            lines.append(f"  {json.dumps(name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def unlike(refit: Refit, text: str) -> list[str]:
    """Where a file of weights says something else than comes out of a fit; empty where it is what comes out.

    Raises:
        Misconfigured: the file cannot be read, or was made with other recordings.
    """
    try:
        parsed(text)
        there = json.loads(text)
    except (ValueError, KeyError, TypeError) as error:
        raise Misconfigured("--check", f"the file of weights cannot be read ({error})") from error
    before, now = there["made_by"].get("real"), refit.body["made_by"]["real"]
    if before != now:
        raise Misconfigured("--check", f"the file was made with recordings: {before}; this fit with: {now}")
    names = ("fingerprint", "seeds")
    found = [f"made_by.{one}" for one in names if there["made_by"].get(one) != refit.body["made_by"][one]]
    ours, theirs = ({name: body.get(name) for name in _NUMBERS} for body in (_plain(refit.body), there))
    return [*found, *_apart("", ours, theirs)]


_NUMBERS = ("intercept", "curves", "thresholds", "budgets", "now")


def _plain(body: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(body))


def _apart(path: str, ours: Any, theirs: Any) -> list[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        return [one for name in ours for one in _apart(f"{path}.{name}".lstrip("."), ours[name], theirs[name])]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = zip(ours, theirs, strict=True)
        return [one for number, pair in enumerate(pairs) for one in _apart(f"{path}[{number}]", *pair)]
    if isinstance(ours, int | float) and isinstance(theirs, int | float) and abs(ours - theirs) <= ALIKE:
        return []
    return [f"{path}: {theirs} in the file, {ours} by this fit"]


def _seeds() -> dict[str, Any]:
    def told(split: str, size: Size) -> str:
        first = splits.SPLITS[split]
        return f"{split} from {first}: {size.each_family} of each family, {size.cramps} cramps, {size.silent} silent"

    return {
        "generator": frozen.VERSION,
        "fingerprint": frozen.fingerprint(),
        "seeds": f"{told('train', TRAIN)}; {told('tune', TUNE)}",
    }


def _recorded(folder: Path, files: Sequence[str], left_out: Sequence[str], step: Callable[[], None]) -> Real:
    traces, problems = learned_recordings(folder, files, step)
    if not traces:
        raise Refused("nothing", f"{folder}: no recording could be read. " + "; ".join(problems))
    traces = sorted(traces, key=lambda one: one.name)
    halves = [[one for one in traces if is_for_fitting(one) is wanted] for wanted in (True, False)]
    hours = sum(Case(one).hours for one in halves[0])
    names = hashed(" ".join(one.name for one in halves[0]))
    told = f"{len(halves[0])} of {len(traces)} recordings by source, {hours:.1f} h, sha256 {names}"
    return Real(told, halves[0], halves[1], problems, left_out)


def _weighed(told: str, real_weight: float | None) -> str:
    return told if real_weight is None or told == "none" else f"{told}, weight {real_weight:g}"


def _thresholds(
    fit: fitting.Fit, traces: Sequence[Trace], real: Sequence[Trace], check: Sequence[Trace]
) -> tuple[dict[str, Any], dict[str, Any]]:
    tuning = Tuning([*traces, *real, *check])
    curves = {**fit.curves, **fitting.UNWEIGHED}
    thresholds = tuning.thresholds()
    budgets = tuning.budgets(thresholds["1"][2])
    now = tuning.now(thresholds["1"][1])
    simulated = [one for one in tuning.cases if one.trace.truth.family != REAL]
    body = {
        "intercept": fit.intercept,
        "curves": {name: [list(point) for point in curves[name]] for name in CHANNELS},
        "thresholds": {name: list(three) for name, three in thresholds.items()},
        "budgets": budgets,
        "now": {"score": now.stand, "score_walk": now.walk},
    }
    return body, _figures(tuning, simulated, thresholds, now, Tuning(check))


def _figures(
    tuning: Tuning,
    simulated: Sequence[Case],
    thresholds: Mapping[str, tuple[float, float, float]],
    now: Asking,
    check: Tuning,
) -> dict[str, Any]:
    rates = {
        name: {
            level_name: tuning.rates_at(level, theta)
            for level_name, level, theta in zip(_LEVEL_NAMES, LEVELS, three, strict=True)
        }
        for name, three in thresholds.items()
    }
    hits = {
        name: _share(
            [case.of(case.scan.spells(three[1], LEVELS[1].rules)).hit for case in simulated if case.role == CRAMP]
        )
        for name, three in thresholds.items()
    }
    quiet = [one for one in simulated if one.role == NEGATIVE]
    return {
        "false_per_h": rates,
        "seen": hits,
        "asked": now.share([one for one in simulated if one.role == CRAMP]),
        "asked_per_h": now.per_h(quiet),
        "check": {
            "warnings_per_h": check.rates_at(LEVELS[1], thresholds["1"][1]).get(REAL),
            "asked_per_h": now.per_h(check.cases),
            "hours": check.hours.get(REAL, 0.0),
        },
        "recorded": {
            "warnings_per_h": rates["1"]["warning"].get(REAL),
            "asked_per_h": now.per_h([one for one in tuning.cases if one.trace.truth.family == REAL]),
            "hours": tuning.hours.get(REAL, 0.0),
        },
    }


def _share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None
