"""One second as detectors see it: conditioned values, motion, what is usual, and what earlier detectors found."""

from dataclasses import dataclass, field
from typing import NamedTuple

from crampwatch.units import Gate, Level, Mode, Motion, Quality
from processor.labels import Label


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
    those after it read it. ``read_at_ms`` is when the cadence was last read rather than held; ``ran_at_ms`` when a
    sensor that stands in for another last told of running; ``still_since_ms`` since when its sensor says "no
    steps", whether that is believed yet or not. ``settled`` is set after 15 s of uninterrupted running,
    ``heart_settled`` after 150 s. ``work_s`` stands in for ``run_s`` while there is heart rate only: time with a
    heart rate as of running; ``at_work`` after 150 s of it without a break. ``broken`` marks the first second after
    silence or of another sensor's cadence: recent statistics must not reach across it. ``other_sensor`` marks one
    of another sensor after which what was usual before is forgotten. ``speed_steps``: the speed is on its way from
    one to another. ``alpha1`` is there only while its quality gate lets it through; ``quality`` speaks of ``beats``
    once there were any.

    ``labels`` are answers of people that take effect with this second. ``gates`` are closed by the context detectors,
    which come first: whoever reads a channel asks whether a gate keeps it quiet. ``recovering`` is true in the slow
    parts of intervals. ``early_pace`` is speed in the first
    third against the athlete's own runs (1: as usual), ``exposure`` time against the longest run of 30 days (1: as
    long), ``prior`` logits by which history and answers raise the pattern. ``heat_drift`` is the part of ``decoupling``
    that is usual in this weather, ``hot`` that somebody said that it is hot.
    """

    at_ms: int
    dt_s: float
    broken: bool = False
    other_sensor: bool = False
    motion: Motion = Motion.UNKNOWN
    motion_before: Motion = Motion.UNKNOWN
    motion_since_ms: int = 0
    changed: bool = False
    run_s: float = 0.0
    settled: bool = False
    heart_settled: bool = False
    work_s: float = 0.0
    at_work: bool = False
    spm: float | None = None
    rr_ms: tuple[float, ...] = ()
    read_at_ms: int = 0
    ran_at_ms: int | None = None
    still_since_ms: int | None = None
    bpm: int | None = None
    mps: float | None = None
    smooth_mps: float | None = None
    stepped_at_ms: int = 0
    speed_steps: bool = False
    quality: dict[str, Quality] = field(default_factory=dict)
    locked: bool = False
    mode: Mode = Mode.FULL
    alpha1: float | None = None
    base: Baseline | None = None
    expected_spm: float | None = None
    residual_spm: float | None = None
    wobble_spm: float | None = None
    quick_wobble_spm: float | None = None

    labels: tuple[Label, ...] = ()
    gates: list[Gate] = field(default_factory=list)
    hitch_load: float = 0.0
    hitches: int = 0
    hitches_lately: int = 0
    hitch_at_ms: int | None = None
    break_at_ms: int | None = None
    unsteadiness: float | None = None
    deficit_sigma: float | None = None
    roughening: float | None = None
    quick_roughening: float | None = None
    shortfall_sigma: float | None = None
    falling_sigma: float | None = None
    cusum: float = 0.0
    decline_percent: float | None = None
    decoupling: float | None = None
    heat_drift: float = 0.0
    hot: bool = False
    by_speed: bool = False
    slowing: float | None = None
    alpha1_gap: float | None = None
    exposure: float | None = None
    early_pace: float | None = None
    break_load: float = 0.0
    prior: float = 0.0
    fatigue: float | None = None
    fatigue_parts: dict[str, float] = field(default_factory=dict)
    fatigue_since_ms: int | None = None
    recovering: bool = False
    score: float = 0.0
    peak_score: float = 0.0
    level: Level = Level.OK
    because: tuple[str, ...] = ()
    parts: dict[str, float] = field(default_factory=dict)
