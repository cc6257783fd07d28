"""The pattern score: channels to a logit, each by a curve that never falls. Fitted on simulated runs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from crampwatch.units import Gate
from processor.features.view import View
from processor.weights import Curve, shipped

#: What changes the level of cadence without any fatigue (science 2.6).
_LEVEL_GATES = frozenset({Gate.HILL, Gate.INTERVALS, Gate.RUN_WALK, Gate.FAST_FINISH})
#: And what of it changes the level against the last minutes in a way that no slope by speed explains. A run-walk plan
#: does not between its walks, and in intervals the slope is learned from the swings themselves, where there is a speed.
_LATE_GATES = _LEVEL_GATES - {Gate.RUN_WALK, Gate.INTERVALS}
#: Channels of the level of cadence: off while a gate keeps it quiet, and less sure without a speed.
LEVEL_CHANNELS = frozenset("LPF")
_WHOLE_RUN: frozenset[str] = frozenset("L")
_NONE: frozenset[str] = frozenset()
#: What each channel reads, by its letter.
CHANNELS: Mapping[str, str] = {
    "U": "unsteadiness",
    "V": "roughening",
    "Q": "quick_roughening",
    "H": "hitch_load",
    "L": "deficit_sigma",
    "P": "shortfall_sigma",
    "F": "falling_sigma",
}


def level_quiet(view: View) -> bool:
    """Whether a gate keeps the level of cadence quiet against the whole run: L in the score, level shifts, declines."""
    return bool(view.gates) and not _LEVEL_GATES.isdisjoint(view.gates)


def late_quiet(view: View) -> bool:
    """Whether a gate keeps it quiet against the last minutes: P and F in the score."""
    if not view.gates:
        return False
    return not _LATE_GATES.isdisjoint(view.gates) or (Gate.INTERVALS in view.gates and not corrected(view))


def quiet_channels(view: View) -> frozenset[str]:
    """The channels that gates keep quiet in this second."""
    if late_quiet(view):
        return LEVEL_CHANNELS
    return _WHOLE_RUN if level_quiet(view) else _NONE


def _curves() -> Mapping[str, Curve]:
    return dict(shipped().curves)


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """Science 3.5 (i): a non-negative logistic fit on simulated runs; every channel stays explainable.

    Attributes:
        intercept: logit of an uneventful second; fitted (processor/weights.json).
        curves: logits by a channel's value, by its letter; fitted (processor/weights.json).
        no_speed_share: without a speed, and on a treadmill, the channels of cadence's level count as so much of
            themselves; 0.7, the ratio of the ranges of science 3.5.
        warning_share: below warning unless a channel has reached this share of its curve; 0.25 (science 3.5).
    """

    intercept: float = field(default_factory=lambda: shipped().intercept)
    curves: Mapping[str, Curve] = field(default_factory=_curves)
    no_speed_share: float = 0.7
    warning_share: float = 0.25


def pattern_parts(view: View, settings: ScoreSettings) -> dict[str, float]:
    """What each channel adds to the logit, by its letter in :data:`CHANNELS`. Silent channels are left out.

    Channels of the level of cadence are off where gates keep them quiet (:func:`quiet_channels`).
    """
    parts: dict[str, float] = {}
    curves = settings.curves
    if view.unsteadiness is not None:
        _put(parts, "U", view.unsteadiness, curves)
    if view.roughening is not None:
        _put(parts, "V", view.roughening, curves)
    if view.quick_roughening is not None:
        _put(parts, "Q", view.quick_roughening, curves)
    if view.hitch_load > 0:
        _put(parts, "H", view.hitch_load, curves)
    quiet = quiet_channels(view)
    if quiet is not LEVEL_CHANNELS:
        share = 1.0 if corrected(view) else settings.no_speed_share
        for name, value in (("L", view.deficit_sigma), ("P", view.shortfall_sigma), ("F", view.falling_sigma)):
            if value is not None and name not in quiet:
                _put(parts, name, share * value, curves)
    return parts


def corrected(view: View) -> bool:
    """Whether the expected cadence follows a speed."""
    return (
        view.mps is not None
        and view.base is not None
        and view.base.mps is not None
        and Gate.TREADMILL not in view.gates
    )


def pattern_score(parts: Mapping[str, float], prior: float, settings: ScoreSettings) -> float:
    """The score of a second, 0-1; ``prior`` is what is known of the athlete, in logits. Not a probability."""
    logit = settings.intercept + prior
    for part in parts.values():
        logit += part
    return 1.0 / (1.0 + math.exp(-logit))


def may_warn(parts: Mapping[str, float], settings: ScoreSettings) -> bool:
    """Whether cadence itself carries enough of the score for more than "watch"."""
    return any(part > settings.warning_share * settings.curves[name][-1][1] for name, part in parts.items())


def value_at(curve: Curve, x: float) -> float:
    """The curve at a value."""
    before_x, before_y = curve[0]
    if x <= before_x:
        return before_y
    for at_x, at_y in curve:
        if x < at_x:
            return before_y + (at_y - before_y) * (x - before_x) / (at_x - before_x)
        before_x, before_y = at_x, at_y
    return before_y


def _put(parts: dict[str, float], name: str, x: float, curves: Mapping[str, Curve]) -> None:
    curve = curves.get(name)
    if curve is not None and x > curve[0][0] and (part := value_at(curve, x)) > 0.0:
        parts[name] = part
