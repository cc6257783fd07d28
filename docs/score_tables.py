"""What docs/detectors.md says of the fitted numbers of the pattern score, made from processor/weights.json."""

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from processor.detect.cramp import CrampStopSettings
from processor.detect.pattern import PatternSettings
from processor.score import CHANNELS, ScoreSettings
from processor.weights import shipped

PAGE = Path(__file__).parent / "detectors.md"
_BLOCKS = re.compile(r"<!-- (channels|sums|levels): made by docs/generate.py -->\n(.*?)\n<!-- end of \1 -->", re.DOTALL)
#: What each channel measures, as section 3.4 defines it.
_MEANINGS = {
    "U": "unsteadiness against the start of the run, a multiple of the usual",
    "V": "roughening: the last minute's wavering against that of the last ten, a logarithm",
    "Q": "quick roughening: the same from values 2 s apart, against the last twenty, a logarithm",
    "H": "hitches, a leaky count that fades with 150 s",
    "L": "deficit against the whole run: EWMA over 45 s of -r / s_b, each within +-4",
    "P": "shortfall: cadence over 20 s below that over 5 minutes, in spreads",
    "F": "fall: cadence over 90 s below that over 15 minutes, in spreads",
}
_KINDS = {"rhythm (U, V, Q)": "UVQ", "hitches (H)": "H", "the level of cadence (L, P, F)": "LPF"}
_LEVELS = ("watch", "warning", "imminent")
#: How often a budget of false alarms is multiplied: sensitivities that have marks of their own.
_OTHERS = ("0.5", "2")


def page(text: str) -> str:
    """The page with the blocks of now."""
    return _BLOCKS.sub(
        lambda found: (
            f"<!-- {found[1]}: made by docs/generate.py -->\n{BLOCKS[found[1]]()}\n<!-- end of {found[1]} -->"
        ),
        text,
    )


def channels() -> str:
    """Each channel with its curve."""
    rows = ["| channel | x | logits at a value of x; straight between, flat outside |", "|---|---|---|"]
    curves = ScoreSettings().curves
    for name in CHANNELS:
        curve = curves.get(name, ())
        weighed = any(y for _, y in curve)
        points = ", ".join(f"{y:.2f} at {x:g}" for x, y in curve) if weighed else "told, no weight"
        rows.append(f"| {name} | {_MEANINGS[name]} | {points} |")
    return "\n".join(rows)


def sums() -> str:
    """What the curves come to: kinds of signs beside what the levels ask for."""
    score, marks = ScoreSettings(), PatternSettings().thresholds
    most = {
        kind: sum(score.curves[name][-1][1] for name in names if name in score.curves) for kind, names in _KINDS.items()
    }
    full = score_above_quiet(sum(most.values()))
    watch, warning, imminent = (above_quiet(mark) for mark in marks)
    quiet = f"An uneventful second has {score.intercept:.2f} logits, a score of {score_above_quiet(0.0):.3f}"
    told = [
        f"{quiet}; everything at its end gives {full:.2f}.",
        f"Above that, watch asks for {watch:.2f} logits, warning for {warning:.2f}, strong signs for {imminent:.2f}.",
        "At most " + ", ".join(f"{kind} add {value:.2f}" for kind, value in most.items()) + ".",
        *_alone(max(most.values()), [watch, warning, imminent]),
        f"Made by: {shipped().made_by['command']}, {shipped().made_by['date']}.",
    ]
    return "\n".join(told)


def _alone(most: float, needs: list[float]) -> Iterator[str]:
    """The lowest level that no kind of sign reaches by itself."""
    for level, need in zip(_LEVELS, needs, strict=True):
        if most < need:
            yield f"**No kind of sign reaches {level} alone.**"
            return


def levels() -> str:
    """Marks, holds and refractory times."""
    settings, weights, stop = PatternSettings(), shipped(), CrampStopSettings()
    rows = ["| level | score from | half the budget | twice | for | not again within |", "|---|---|---|---|---|---|"]
    for rank, level in enumerate(_LEVELS):
        seldom, often = (f"{weights.thresholds[name][rank]:g}" for name in _OTHERS)
        rows.append(
            f"| {level} | {settings.thresholds[rank]:g} | {seldom} | {often} | {settings.hold_s[rank]:g} s"
            f" | {settings.refractory_s[rank]:g} s |"
        )
    asked = f"{stop.score:g} before somebody stands, {stop.score_walk:g} before somebody walks"
    rows += ["", f"The score that makes a sudden stop worth a question is {asked}."]
    return "\n".join(rows)


def above_quiet(score: float) -> float:
    """A score in logits above an uneventful second."""
    return math.log(score / (1 - score)) - ScoreSettings().intercept


def score_above_quiet(logits: float) -> float:
    """The score of so many logits above an uneventful second."""
    return 1 / (1 + math.exp(-ScoreSettings().intercept - logits))


BLOCKS: dict[str, Callable[[], str]] = {"channels": channels, "sums": sums, "levels": levels}
