"""The pattern level told second by second, with curves and marks of its own: a new fit changes none of its promises."""

from processor.detect.pattern import PatternSettings
from processor.score import ScoreSettings
from tests.processor.moments import second

SIGNS = {"roughening": 0.5, "quick_roughening": 0.5, "hitch_load": 2.5, "hitches": 3}
STRONG = {
    "unsteadiness": 3.0,
    "roughening": 0.6,
    "quick_roughening": 0.6,
    "hitch_load": 4.0,
    "hitches": 5,
    "deficit_sigma": 3.0,
    "shortfall_sigma": 4.0,
    "falling_sigma": 4.0,
}
LEVEL = {"L", "P", "F"}
RHYTHM_AND_HITCHES = {"U", "V", "Q", "H"}
SCORE = ScoreSettings(
    intercept=-4.5,
    curves={
        "U": ((1.1, 0.0), (2.4, 0.7)),
        "V": ((0.1, 0.0), (0.6, 1.4)),
        "Q": ((0.1, 0.0), (0.6, 1.3)),
        "H": ((0.5, 0.0), (4.0, 2.3)),
        "L": ((0.8, 0.0), (3.0, 1.0)),
        "P": ((0.5, 0.0), (4.0, 0.5)),
        "F": ((0.5, 0.0), (4.0, 0.5)),
    },
)
MARKS = PatternSettings(
    thresholds=(0.11, 0.22, 0.48),
    thresholds_seldom=(0.18, 0.32, 0.56),
    thresholds_often=(0.066, 0.10, 0.31),
    score=SCORE,
)


def followed(pattern, seconds, start_s=0, gates=(), **channels):
    """The views of so many seconds alike, and what was proved in them."""
    views, proofs = [], []
    for at_s in range(start_s, start_s + seconds):
        view = second(at_s, **channels)
        view.gates.extend(gates)
        proofs += pattern.observe(view)
        views.append(view)
    return views, proofs


def highest(pattern, **asked):
    views, _ = followed(pattern, 120, **asked)
    return max((view.level for view in views), key=lambda level: level.rank)
