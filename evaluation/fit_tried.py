"""What else was tried in place of the channels that ship: the same seeds, the same fit, the same budgets."""

import importlib.util
import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import fit_others, running, splits
from .curve import Curve
from .evaluating import How
from .fit_data import EVERY_S, Rows, learned_whole, rows_of, thinned
from .fitting import KNOTS, demand, fitted, rescored
from .jobs import Job
from .scoring import CRAMP, Case, quartiles, ramp_names, share
from .splits import Size
from .trace import FREE, OPEN, SIGN, Trace

#: Of the training and of the tune seeds.
SIZE = Size(40, 300, 0, 0)
BUDGETS = (0.1, 0.2, 0.5)
LONG = ">=4 min"
BEGIN, END = "<!-- table: tried -->", "<!-- end -->"

_L = {"L": (0.5, 1.5, 2.5)}
_LONGER = {"P_longer": KNOTS["P"], "F_longer": KNOTS["F"]}
_ALIGNED = {"P_aligned": KNOTS["P"], "F_aligned": KNOTS["F"]}
#: What was tried, by what it is called in the table: channels (those of the score by their letters, others of
#: :func:`evaluation.fit_others.channels_of`) and where their curves may bend.
TRIED: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "**what ships**": KNOTS,
    "what ships, dips taken into the shortfall of 20 s": {**KNOTS, "P": (), "P_dips": KNOTS["P"]},
    "what ships, dips left out of the fall of 90 s too": {**KNOTS, "F": (), "F_smooth": KNOTS["F"]},
    "what ships, without unsteadiness": {**KNOTS, "U": ()},
    "what ships, without quick roughening": {**KNOTS, "Q": ()},
    "what ships, shortfall of 30 s, fall of 150 s, up to 12 %": {**KNOTS, "P": (), "F": (), **_LONGER},
    "what ships, and the deficit against the whole run": {**KNOTS, **_L},
    "what ships, and that deficit scaled by the runner's own correlation of blocks": {**KNOTS, "L_own": _L["L"]},
    "what ships, hitches weighted by their depth": {**KNOTS, "H": (), "H_deep": (0.3, 1.0, 2.0, 4.0)},
    "what ships, cadence delayed to fit the speed's lag": {**KNOTS, "P": (), "F": (), **_ALIGNED},
}
TREES = "monotone boosted trees on all of these (a ceiling, not for shipping)"


@dataclass(frozen=True, slots=True)
class Tried:
    """A line of the table: what is seen within each of :data:`BUDGETS`; within 0.2 of long build-ups, and the lead."""

    name: str
    seen: Sequence[float | None]
    seen_long: float | None
    lead_s: float | None


def compared(how: How) -> list[Tried]:
    """Everything in :data:`TRIED`, fitted on training seeds and judged on tune seeds.

    The threshold of a budget is chosen on the sessions that are judged, for all alike. Each second of five is scored.
    """
    demand()
    train, tune = splits.sessions("train", SIZE), splits.sessions("tune", SIZE)
    step = how.progress(len(train) + len(tune))
    taught = running.run(train, cores=how.cores, progress=step, makes=watched).traces
    held = running.run(tune, cores=how.cores, progress=step, makes=watched).traces
    found = []
    for name, all_knots in TRIED.items():
        knots = {channel: bends for channel, bends in all_knots.items() if bends}
        fit = fitted(rows_of(taught, list(knots)), knots)
        found.append(_judged(name, [rescored(one, fit) for one in held]))
    if importlib.util.find_spec("sklearn") is not None:
        found.append(_judged(TREES, _by_trees(taught, held)))
    return found


def watched(job: Job, _method: str) -> Trace:
    """A session with every channel that is tried, each few seconds of it."""
    whole = learned_whole(job)
    told = thinned(replace(whole, channels={**whole.channels, **fit_others.channels_of(whole)}))
    # A kept second stands for all up to the next one; strong signs are not what is compared.
    scored_s = array("f", (EVERY_S if one == one else one for one in told.channels["scored_s"]))  # noqa: PLR0124
    names = {name for knots in TRIED.values() for name, bends in knots.items() if bends}
    channels = {name: told.channels[name] for name in sorted(names)} | {"scored_s": scored_s}
    return replace(told, channels=channels, flags=bytearray(one & ~SIGN for one in told.flags))


def table(tried: Sequence[Tried]) -> str:
    """The lines as a table in Markdown."""
    heads = [*(f"<= {one}/h" for one in BUDGETS), "long, <= 0.2/h", "lead"]
    lines = [f"| channels | {' | '.join(heads)} |", f"| --- |{' ---: |' * len(heads)}"]
    for one in tried:
        cells = [
            *map(_percent, one.seen),
            _percent(one.seen_long),
            "-" if one.lead_s is None else f"{one.lead_s:.0f} s",
        ]
        lines.append(f"| {one.name} | {' | '.join(cells)} |")
    if not any(one.name == TREES for one in tried):
        lines.append(f"| {TREES} |{' not measured |' * len(heads)}")
    return "\n".join(lines)


def between_markers(page: str, table: str) -> str:
    """A page with its table replaced.

    Raises:
        ValueError: it has no markers for one.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} and {END} in the page")
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _judged(name: str, traces: Sequence[Trace]) -> Tried:
    curve = Curve([Case(one) for one in traces])
    seen = []
    for budget in BUDGETS:
        point = curve.within(budget)
        seen.append(None if point is None else point.sensitivity)
    point = curve.within(0.2)
    if point is None:
        return Tried(name, seen, None, None)
    cramps = [pair for pair in zip(curve.cases, point.outcomes, strict=True) if pair[0].role == CRAMP]
    long = [one.hit for case, one in cramps if LONG in ramp_names(case.trace.truth.ramp_s)]
    leads = quartiles([one.lead_s for _, one in cramps if one.lead_s is not None])
    return Tried(name, seen, share(sum(long), len(long)), None if leads is None else leads[1])


def _by_trees(taught: Sequence[Trace], held: Sequence[Trace]) -> list[Trace]:
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier

    names = sorted(name for name in taught[0].channels if name != "scored_s")
    rows: Rows = rows_of(taught, names)
    trees: Any = HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.05,
        max_leaf_nodes=15,
        l2_regularization=5.0,
        min_samples_leaf=200,
        monotonic_cst=[1] * len(names),
        early_stopping=False,
        random_state=0,
    )
    trees.fit(rows.x, rows.y, sample_weight=rows.weight)
    found = []
    for trace in held:
        x = np.stack([np.array(trace.channels[name], float) for name in names], axis=1)
        chances = trees.predict_proba(x)[:, 1].tolist()
        found.append(_scored(trace, chances))
    return found


def _scored(trace: Trace, chances: Sequence[float]) -> Trace:
    """A trace with these chances as its score, which stands where nothing is scored."""
    now, score = 0.0, array("d")
    for chance, scored_s in zip(chances, trace.channels["scored_s"], strict=True):
        now = now if math.isnan(scored_s) else chance
        score.append(now)
    flags = bytearray(flag | OPEN if flag & FREE else flag & ~OPEN for flag in trace.flags)
    return replace(trace, score=score, flags=flags, channels={})
