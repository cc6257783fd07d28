"""The facts about what is usual for an athlete across runs, and that somebody asks to forget it."""

from typing import Annotated, Literal

from pydantic import Field

from crampwatch.events import Fact, Message, Number
from crampwatch.units import Count, EpochMs


class OwnMean(Fact):
    """A mean over ``sessions`` runs of an athlete (``own``), and what runners on the whole have (``others``).

    Usual is a mixture: ``own_share`` = n / (n + 5) of the athlete's own, the rest is the others'.
    """

    own: Number
    sessions: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    others: Number
    own_share: Annotated[float, Field(ge=0, le=1)]

    @property
    def usual(self) -> float:
        """The mixture, in the unit of both."""
        return self.own_share * self.own + (1 - self.own_share) * self.others


class BaselineLearned(Message):
    """What is usual for an athlete across runs, as of ``at_ms``. Retained; a session keeps what it began with.

    ``version`` counts each run that taught something and each reset; ``sessions`` are those since the last reset,
    ``runs`` those that ended in the last 30 days, ``longest_s`` the longest of them (seconds of running; None: fewer
    than four are known). A mean is None where no run has said anything. ``threshold_scale`` multiplies the thresholds
    of the pattern level, from ``uneventful`` runs; ``sensitivity`` is the setting. ``learned_at_ms`` is when the last
    run that taught something ended.
    """

    kind: Literal["baseline"] = "baseline"
    at_ms: EpochMs
    version: Count
    sessions: Count
    runs: Count
    cadence_spm_at_3_mps: OwnMean | None = None
    cadence_spm_without_speed: OwnMean | None = None
    slope_spm_per_mps: OwnMean | None = None
    spread_spm: OwnMean | None = None
    spread_of_10_s_spm: OwnMean | None = None
    drift_percent_per_h: OwnMean | None = None
    drift_when_cool_percent_per_h: OwnMean | None = None
    drift_when_mild_percent_per_h: OwnMean | None = None
    drift_when_hot_percent_per_h: OwnMean | None = None
    longest_s: Annotated[float, Field(ge=0, le=1e8)] | None = None
    threshold_scale: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    uneventful: Count = 0
    sensitivity: Literal["low", "normal", "high"] = "normal"
    learned_at_ms: EpochMs | None = None


class ResetAsked(Message):
    """A person asks to forget what is usual for an athlete: the next runs begin as of somebody new."""

    kind: Literal["reset_baseline"] = "reset_baseline"
    at_ms: EpochMs
