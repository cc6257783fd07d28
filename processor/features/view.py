"""One second as detectors see it: conditioned values, motion, what is usual, and what earlier detectors found."""

from dataclasses import dataclass, field
from typing import NamedTuple

from crampwatch.units import Level, Motion, Quality


class Baseline(NamedTuple):
    """What is usual for this athlete today (science 3.3). Speed and heart rate may never have been measured."""

    spm: float
    sigma_spm: float
    block_sigma_spm: float
    wobble_spm: float
    mps: float | None
    bpm: float | None


@dataclass(slots=True)
class View:
    """A second, made once and read by every detector in order.

    The first part is conditioned fact. The second part is the board: each detector writes its own channel, and
    those after it read it. ``read_at_ms`` is when the cadence was last read rather than held; ``still_since_ms``
    since when its sensor says "no steps", whether that is believed yet or not. ``settled`` is set after 15 s of
    uninterrupted running, ``heart_settled`` after 150 s. ``broken`` marks the first second after silence: recent
    statistics must not reach across it.
    """

    at_ms: int
    dt_s: float
    broken: bool = False
    motion: Motion = Motion.UNKNOWN
    motion_before: Motion = Motion.UNKNOWN
    motion_since_ms: int = 0
    changed: bool = False
    run_s: float = 0.0
    settled: bool = False
    heart_settled: bool = False
    spm: float | None = None
    read_at_ms: int = 0
    still_since_ms: int | None = None
    bpm: int | None = None
    mps: float | None = None
    smooth_mps: float | None = None
    stepped_at_ms: int = 0
    quality: dict[str, Quality] = field(default_factory=dict)
    locked: bool = False
    base: Baseline | None = None
    expected_spm: float | None = None
    residual_spm: float | None = None
    wobble_spm: float | None = None

    hitch_load: float = 0.0
    hitches: int = 0
    hitches_lately: int = 0
    hitch_at_ms: int | None = None
    break_at_ms: int | None = None
    unsteadiness: float | None = None
    deficit_sigma: float | None = None
    cusum: float = 0.0
    decline_percent: float | None = None
    decoupling: float | None = None
    slowing: float | None = None
    fatigue: float | None = None
    fatigue_since_ms: int | None = None
    planned_walks: bool = False
    score: float = 0.0
    peak_score: float = 0.0
    level: Level = Level.OK
    parts: dict[str, float] = field(default_factory=dict)
