"""Weights out of sessions: a logistic regression whose curves never fall, and the score that comes of it."""

import importlib.util
import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from crampwatch.errors import Misconfigured
from crampwatch.extras import as_installed, checkout
from processor.detect.pattern import PatternSettings
from processor.weights import Curve

from .fit_data import Rows
from .trace import FREE, LONGEST_STEP_S, OPEN, Trace

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.float64]]

#: Where the curve of a channel may bend, in the channel's unit; chosen on training seeds (docs/evaluation-fit.md).
KNOTS: Mapping[str, tuple[float, ...]] = {
    "U": (1.1, 1.4, 1.8, 2.4),
    "V": (0.1, 0.3, 0.6),
    "Q": (0.05, 0.15, 0.3, 0.5),
    "H": (0.3, 1.0, 2.0, 4.0),
    "P": (0.5, 1.3, 2.2, 3.5),
    "F": (0.5, 1.3, 2.2, 3.5),
}
#: Channels that are told and not weighed: against the whole run cadence falls in everybody who runs hard, and with
#: this channel hard runs gave most of the false alarms (docs/evaluation-fit.md).
UNWEIGHED: Mapping[str, Curve] = {"L": ((0.5, 0.0), (2.5, 0.0))}
#: What a squared logit of a piece costs, in the loss of a mean second; chosen on tune seeds within the budgets, with
#: those on recordings: steeper curves follow the simulator further than recorded runs do (record 0018).
RIDGE = 2e-3
#: Digits that are told; the fit is exact beyond them.
DIGITS = 3

_SETTINGS = PatternSettings()
_LIBRARIES = ("numpy", "scipy")


@dataclass(frozen=True, slots=True)
class Fit:
    """An intercept, and a curve for each channel by its letter; in logits."""

    intercept: float
    curves: Mapping[str, Curve]


def demand() -> None:
    """See that the libraries are there, before minutes are spent.

    Raises:
        Misconfigured: one is not; the message says what installs it.
    """
    for name in _LIBRARIES:
        if importlib.util.find_spec(name) is None:
            advice = as_installed("run: pip install 'crampwatch[evaluate]'", checkout())
            raise Misconfigured("evaluate fit", f"{name} is not installed; {advice}")


def fitted(rows: Rows, knots: Mapping[str, Sequence[float]] = KNOTS, ridge: float = RIDGE) -> Fit:
    """The curves that tell seconds before a cramp from others best: none falls, and steep ones cost.

    Args:
        rows: their columns are the channels of ``knots``, in its order; NaN where a channel says nothing.
        knots: where curves may bend.
        ridge: see :data:`RIDGE`.
    """
    weights = logistic(pieces(rows.x, list(knots.values())), rows, ridge)
    intercept, rises = float(weights[0]), [float(one) for one in weights[1:]]
    curves: dict[str, Curve] = {}
    for name, bends in knots.items():
        own, rises = rises[: len(bends) - 1], rises[len(bends) - 1 :]
        heights = [0.0, *(math.fsum(own[: number + 1]) for number in range(len(own)))]
        curves[name] = tuple((float(x), round(y, DIGITS)) for x, y in zip(bends, heights, strict=True))
    return Fit(round(intercept, DIGITS), curves)


def pieces(x: "Numbers", knots: Sequence[Sequence[float]]) -> "Numbers":
    """How far each channel has come between each two bends of its curve, 0 to 1; silent is 0."""
    import numpy as np

    columns = []
    for column, bends in zip(x.T, knots, strict=True):
        value = np.nan_to_num(column, nan=-np.inf, neginf=-np.inf)
        columns += [np.clip((value - low) / (high - low), 0.0, 1.0) for low, high in pairwise(bends)]
    return np.stack(columns, axis=1)


def logistic(features: "Numbers", rows: Rows, ridge: float) -> "Numbers":
    """Intercept and weights of a weighted logistic regression; no weight is negative."""
    import numpy as np
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    share = rows.weight / rows.weight.sum()

    def loss(p: "Numbers") -> tuple[float, "Numbers"]:
        z = p[0] + features @ p[1:]
        off = (1.0 / (1.0 + np.exp(-z)) - rows.y) * share
        cost = float((share * (np.logaddexp(0.0, z) - rows.y * z)).sum() + ridge * (p[1:] ** 2).sum())
        return cost, np.concatenate([[off.sum()], features.T @ off + 2.0 * ridge * p[1:]])

    count = features.shape[1]
    start = np.concatenate([[-4.0], np.full(count, 0.3)])
    bounds = [(None, None), *[(0.0, None)] * count]
    # Exact to far more than the digits that are told, so that these do not hang on the order of a sum.
    options = {"maxiter": 3_000, "maxfun": 30_000, "ftol": 1e-15, "gtol": 1e-9}
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options=options)
    answer: Numbers = found.x
    return answer


def rescored(trace: Trace, fit: Fit) -> Trace:
    """A trace with channels as it would have been with other weights: score, and where the score alone decides.

    It is what the machine does with weights of its own, second by second; its channels are left out.
    """
    import numpy as np

    logit = np.full(len(trace.score), fit.intercept)
    carried = np.zeros(len(trace.score), bool)
    share = _SETTINGS.score.warning_share
    for name, curve in fit.curves.items():
        value = np.nan_to_num(np.array(trace.channels[name], float), nan=-np.inf, neginf=-np.inf)
        part = np.interp(value, [x for x, _ in curve], [y for _, y in curve])
        logit += part
        carried |= part > share * curve[-1][1]
    chances = (1.0 / (1.0 + np.exp(-logit))).tolist()
    flags = bytearray(
        flag | OPEN if flag & FREE and carries else flag & ~OPEN
        for flag, carries in zip(trace.flags, carried.tolist(), strict=True)
    )
    return replace(trace, score=_averaged(trace, chances), flags=flags, channels={})


def _averaged(trace: Trace, chances: Sequence[float]) -> "array[float]":
    """The score over time; while nothing is scored it stands or fades as the machine's own did."""
    score, before, now = array("d"), 0.0, 0.0
    for own, chance, dt_s in zip(trace.score, chances, trace.channels["scored_s"], strict=True):
        if dt_s == dt_s:  # noqa: PLR0124  # not NaN, and quick
            now += (chance - now) * -math.expm1(-min(dt_s, LONGEST_STEP_S) / _SETTINGS.tau_s)
        elif before > 0.0:
            now *= own / before
        before = own
        score.append(now)
    return score
