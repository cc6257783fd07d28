"""Channels that were tried and do not ship, made afterwards from what a machine saw of a session."""

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import fmean, pvariance

from crampwatch.units import SECOND_MS
from processor.detect.hitch import HitchSettings
from processor.detect.lately import Lately, LatelySettings
from processor.features.view import Baseline, View

from .trace import Trace

NAN = float("nan")
#: A dip lies within so many seconds before its hitch is counted, and counts a tenth for each percent of depth.
_DIP_S, _DEPTH_PERCENT = 20, 10.0
#: Blocks whose correlation is taken, s, so many at least; and the correlation that is taken to be usual [E].
_BLOCK_S, _BLOCKS, _USUAL_PHI, _MOST_PHI = 10.0, 60, 0.5, 0.95
#: By how much cadence may be delayed to fit its speed, seconds; chosen once, on so many seconds of running.
_LAGS, _CHOSEN_ON = (0, 5, 10, 15, 20, 25, 30), 1_200

_LATELY, _HITCH = LatelySettings(), HitchSettings()
#: Longer means and a wider bound, which brought nothing (record 0016).
LONGER = replace(_LATELY, short_s=30.0, mean_s=150.0, high_percent=12.0)
#: Dips taken into the shortfall as they are, and left out of the fall as well (record 0017).
DIPS = replace(_LATELY, dip_percent=math.inf)
SMOOTH = replace(_LATELY, short_s=_LATELY.mean_s, short_long_s=_LATELY.mean_long_s)
_Series = Sequence[float]


def channels_of(trace: Trace) -> dict[str, "array[float]"]:
    """The channels by name; NaN: silent.

    ``P_dips``: what ships, dips taken as they are; ``F_smooth``: what ships, without its dips; ``P_longer``,
    ``F_longer``: over the lengths of :data:`LONGER`; ``H_deep``, ``L_own``, ``P_aligned``, ``F_aligned``: what ships,
    changed.

    Args:
        trace: in full, with its channels.
    """
    told = trace.channels
    quiet = told["quiet"]
    percent = _percent(told["residual"], told["usual_spm"])
    short_dips, _ = _fall(percent, trace, DIPS)
    smooth, _ = _fall(percent, trace, SMOOTH)
    short_longer, fall_longer = _fall(percent, trace, LONGER)
    short, fall = _fall(_percent(_aligned(trace), told["usual_spm"]), trace, _LATELY)
    found = {
        "P_dips": _loud(short_dips, quiet),
        "F_smooth": _loud(smooth, quiet),
        "P_longer": _loud(short_longer, quiet),
        "F_longer": _loud(fall_longer, quiet),
        "H_deep": _deep(trace, percent),
        "L_own": [value * scale for value, scale in zip(told["L"], _own_scale(trace), strict=True)],
        "P_aligned": _loud(short, quiet),
        "F_aligned": _loud(fall, quiet),
    }
    return {name: array("f", values) for name, values in found.items()}


def _percent(residual: _Series, usual: _Series) -> list[float]:
    """By how many percent cadence lies below what is expected."""
    return [-100.0 * one / base for one, base in zip(residual, usual, strict=True)]


def _loud(values: _Series, quiet: _Series) -> list[float]:
    return [NAN if hush else value for value, hush in zip(values, quiet, strict=True)]


def _deep(trace: Trace, percent: _Series) -> list[float]:
    """The hitch load where each hitch counts by how deep it was."""
    found, load, before, then_s = [], 0.0, 0.0, 0.0
    for index, (at_s, counted) in enumerate(zip(trace.at_s, trace.channels["H"], strict=True)):
        load *= math.exp(-max(0.0, at_s - then_s) / _HITCH.load_s)
        if counted > before + 0.05:
            depths = [one for one in percent[max(0, index - _DIP_S) : index + 1] if not math.isnan(one)]
            load += (counted - before) * max([*depths, 0.0]) / _DEPTH_PERCENT
        before, then_s = counted, at_s
        found.append(load)
    return found


def _own_scale(trace: Trace) -> Iterator[float]:
    """What a deficit is multiplied by: less for runners whose blocks of cadence resemble the ones before."""
    block: list[float] = []
    sums = [0.0, 0.0]
    last, count, scale = NAN, 0, 1.0
    for residual, scored_s in zip(trace.channels["residual"], trace.channels["scored_s"], strict=True):
        if not math.isnan(scored_s) and not math.isnan(residual):
            block.append(residual)
        if len(block) >= _BLOCK_S:
            mean = fmean(block)
            block.clear()
            if not math.isnan(last):
                sums[0] += mean * last
                sums[1] += last * last
                count += 1
            last = mean
            if count >= _BLOCKS and sums[1] > 0:
                phi = min(_MOST_PHI, max(0.0, sums[0] / sums[1]))
                scale = math.sqrt((1 - phi) / (1 + phi) * (1 + _USUAL_PHI) / (1 - _USUAL_PHI))
        yield scale


def _aligned(trace: Trace) -> list[float]:
    """Cadence against what is expected of its speed, delayed by the lag at which the two fit best."""
    told = trace.channels
    running = [not math.isnan(one) for one in told["scored_s"]]
    seconds = [index for index, runs in enumerate(running) if runs and index >= _LAGS[-1]][:_CHOSEN_ON]

    def against(lag: int, index: int) -> float:
        return told["spm"][index - lag] - told["expected"][index]

    spreads = []
    for lag in _LAGS:
        offs = [off for off in (against(lag, index) for index in seconds) if not math.isnan(off)]
        spreads.append((pvariance(offs) if offs else 0.0, lag))
    lag = min(spreads)[1]
    if lag == 0:
        return list(told["residual"])
    return [against(lag, index) if runs and index >= lag else NAN for index, runs in enumerate(running)]


def _fall(percent: _Series, trace: Trace, lately: LatelySettings) -> tuple[list[float], list[float]]:
    """The shortfall and the fall that :class:`Lately` makes of a cadence that lies so far below."""
    told, detector = trace.channels, Lately(lately)
    short, fall = [], []
    seconds = zip(
        trace.at_s,
        percent,
        told["scored_s"],
        told["usual_spm"],
        told["usual_block"],
        told["usual_wobble"],
        told["share"],
        told["mps"],
        told["hitches_lately"],
        told["usual_mps"],
        strict=True,
    )
    for at_s, low, scored_s, usual, block, wobble, share, mps, hitches, usual_mps in seconds:
        view = View(round(at_s * SECOND_MS), 0.0 if math.isnan(scored_s) else scored_s, hitches_lately=int(hitches))
        if not math.isnan(usual):
            view.base = Baseline(usual, 0.0, block, wobble, None if math.isnan(usual_mps) else usual_mps, None)
            view.residual_spm = None if math.isnan(low) else -low * usual / 100.0
            view.smooth_mps = None if math.isnan(mps) else mps
        detector.observe(view)
        short.append(NAN if view.shortfall_sigma is None else share * view.shortfall_sigma)
        fall.append(NAN if view.falling_sigma is None else share * view.falling_sigma)
    return short, fall
