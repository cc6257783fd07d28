"""What is kept of each second for fitting: the channels as the score reads them, and what others could be made of."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from crampwatch.units import Gate
from processor.features.view import Baseline, View
from processor.score import CHANNELS, LEVEL_CHANNELS, ScoreSettings, corrected, late_quiet, quiet_channels

NAN = float("nan")
_SHARE = ScoreSettings().no_speed_share
_GATE_BITS = {gate: float(1 << index) for index, gate in enumerate(Gate)}


def score_channel(name: str) -> Callable[[View], float]:
    """What the score reads of a channel in a second, by its letter; NaN where it says nothing."""
    attribute, is_level = CHANNELS[name], name in LEVEL_CHANNELS

    def read(view: View) -> float:
        value = getattr(view, attribute)
        if value is None or (is_level and name in quiet_channels(view)):
            return NAN
        return float(value) if not is_level or corrected(view) else _SHARE * value

    return read


def _told(attribute: str) -> Callable[[View], float]:
    def read(view: View) -> float:
        value = getattr(view, attribute)
        return NAN if value is None else float(value)

    return read


def _usual(attribute: str) -> Callable[[View], float]:
    def read(view: View) -> float:
        base: Baseline | None = view.base
        value = None if base is None else getattr(base, attribute)
        return NAN if value is None else float(value)

    return read


def _scored_s(view: View) -> float:
    scored = view.base is not None and view.settled and view.residual_spm is not None
    return view.dt_s if scored else NAN


#: Name -> what it is of a second; NaN where there is nothing. By its letter what the score reads; ``scored_s`` is
#: for how long this second counts in the score, NaN where the score stands or fades; ``gates`` are bits in the order
#: of ``Gate``; ``quiet`` whether cadence is kept quiet against the last minutes, ``share`` what its channels count as
#: of themselves; ``usual_*`` are what is usual today.
KEPT: Mapping[str, Callable[[View], float]] = MappingProxyType(
    {name: score_channel(name) for name in CHANNELS}
    | {
        "scored_s": _scored_s,
        "hitches_lately": _told("hitches_lately"),
        "gates": lambda view: sum(_GATE_BITS[gate] for gate in view.gates),
        "quiet": lambda view: float(late_quiet(view)),
        "share": lambda view: 1.0 if corrected(view) else _SHARE,
        "spm": _told("spm"),
        "mps": _told("smooth_mps"),
        "residual": _told("residual_spm"),
        "expected": _told("expected_spm"),
        "wobble": _told("wobble_spm"),
        "usual_spm": _usual("spm"),
        "usual_block": _usual("block_sigma_spm"),
        "usual_wobble": _usual("wobble_spm"),
        "usual_mps": _usual("mps"),
    }
)
