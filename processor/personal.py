"""What is usual for an athlete across sessions: a version of it, and what it says."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple, Self

from crampwatch.units import HOUR_MS
from processor.features.online import median
from processor.personal_body import check
from processor.population import (
    POPULATION,
    SCORE_AT_QUANTILE,
    SCORE_EDGES,
    score_quantile,
)

#: Of the JSON of a :class:`Personal`. The one before it knew no weather.
SCHEMA = 3
_BEFORE_BANDS = 2
#: Where the drift of each band of air temperature is kept.
DRIFT_OF: Mapping[str | None, str] = {"cool": "cool_drift", "mild": "mild_drift", "hot": "hot_drift"}


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How fast a run becomes usual (science 3.3 and 3.5).

    Attributes:
        weight: so many sessions weigh as much as the population: w = n / (n + 5) (science 3.3).
        memory: a mean forgets as if it were of no more than so many sessions; 20 [E].
        least_s: a shorter run is none; 300 s of running [E].
        window_ms: longest and usual runs are those of the last 30 days (PubMed 40623829).
        runs: so many of them are kept, the longest; 40 [E].
        known: fewer runs or first thirds than these say nothing; 4 [E].
        early: so many first thirds are kept; 10, the last 5 of them make the median [E].
        rest_ms: a hard session counts for so long; 48 h (science 3.5).
        long_share: the longest quarter of the runs is hard as well; 0.75 [E].
        scores_s: score histograms are scaled down to so many seconds; 20 h [E].
        slopes: what a session says of cadence per speed is clipped to this; 2 to 12 spm per m/s, as within a session:
            single recorded runs say -7 to 49.
        spreads: and its spreads to these, per second and over ten seconds; 4 and 3 spm: more is hills and walks [E].
        drifts: and its drift; -10 to 30 %/h [E].
        warmer_percent_per_h: in one weather drift is usually no more than this above the athlete's own; 10 %/h [E].
        scale_power: the ratio of score quantiles enters with this power; 0.25, so that the span of the recorded runs
            (a third to three times the common value) fills the bounds [E].
        scale_low: own thresholds are no lower than this times the population's; 0.8 [E].
        scale_high: and no higher; 1.25 [E]. Above 1 only as far as confirmed runs say so.
    """

    weight: float = 5.0
    memory: int = 20
    least_s: float = 300.0
    window_ms: int = 30 * 24 * HOUR_MS
    runs: int = 40
    known: int = 4
    early: int = 10
    rest_ms: int = 48 * HOUR_MS
    long_share: float = 0.75
    scores_s: float = 72_000.0
    slopes: tuple[float, float] = (2.0, 12.0)
    spreads: tuple[float, float] = (4.0, 3.0)
    drifts: tuple[float, float] = (-10.0, 30.0)
    warmer_percent_per_h: float = 10.0
    scale_power: float = 0.25
    scale_low: float = 0.8
    scale_high: float = 1.25


LEARNING = LearningSettings()


class Mean(NamedTuple):
    """A mean over sessions, and of how many."""

    value: float = 0.0
    sessions: int = 0

    def with_one(self, value: float | None, memory: int) -> "Mean":
        """The mean with one session more; None is no session."""
        if value is None:
            return self
        sessions = min(self.sessions + 1, memory)
        return Mean(round(self.value + (value - self.value) / sessions, 5), sessions)

    def shrunk(self, usual: float, weight: float = LEARNING.weight) -> float:
        """Moved to what is usual in the population, the more the fewer sessions there were."""
        own = self.sessions / (self.sessions + weight)
        return own * self.value + (1 - own) * usual


NONE = Mean()


class Run(NamedTuple):
    """One run of the last days: when it ended, how long was run, how far (None: not known)."""

    ended_ms: int
    run_s: float
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class Personal:
    """One athlete's normal, a version of it. Learning gives the next one; nothing is ever changed in place.

    Attributes:
        version: 0 is the empty one; each session learned and each reset counts one up.
        sessions: learned since the start or the last reset.
        ended_ms: the last second of all that is in it; None: nothing is.
        reference_spm: cadence at 3 m/s, of sessions with speed.
        plain_spm: usual cadence of sessions without.
        slope: cadence per speed, spm per m/s.
        sigma_spm: spread of cadence per second.
        block_sigma_spm: spread of the means of ten seconds.
        drift: rise of heart rate per speed, %/h.
        runs: of the last 30 days.
        early_mps: speeds of the last first thirds, oldest first.
        hard_at_ms: when the last hard session ended.
        uneventful: how many sessions ``scores`` were learned from.
        scores: seconds by score of uneventful sessions, in the bins of :data:`processor.population.SCORE_EDGES`.
        confirmed: how many of them somebody has said of that it was no cramp.
        confirmed_scores: the seconds of those alone.
        cool_drift: rise of heart rate per speed in sessions of which somebody said that it was cool, %/h.
        mild_drift: the same where it was mild.
        hot_drift: the same where it was hot.
    """

    version: int = 0
    sessions: int = 0
    ended_ms: int | None = None
    reference_spm: Mean = NONE
    plain_spm: Mean = NONE
    slope: Mean = NONE
    sigma_spm: Mean = NONE
    block_sigma_spm: Mean = NONE
    drift: Mean = NONE
    runs: tuple[Run, ...] = ()
    early_mps: tuple[float, ...] = ()
    hard_at_ms: int | None = None
    uneventful: int = 0
    scores: tuple[float, ...] = ()
    confirmed: int = 0
    confirmed_scores: tuple[float, ...] = ()
    cool_drift: Mean = NONE
    mild_drift: Mean = NONE
    hot_drift: Mean = NONE

    def encode(self) -> bytes:
        """As canonical JSON: the same bytes for the same normal, 2 KB at most."""
        body = {"v": SCHEMA, **asdict(self)}
        return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """What :meth:`encode` gave.

        Raises:
            ValueError: it is of a schema that this release does not read, or a field is no such value as it must be.
        """
        try:
            values = json.loads(body)
        except (TypeError, RecursionError) as error:
            raise ValueError(f"not a personal baseline: {error}") from error
        schema = values.pop("v", None) if isinstance(values, dict) else None
        if schema == _BEFORE_BANDS:
            values = {**{name: list(NONE) for name in DRIFT_OF.values()}, **values}
        elif schema != SCHEMA:
            raise ValueError(f"not a personal baseline of schema {SCHEMA}")
        check(values)
        known = {one.name: one.default for one in fields(cls)}
        for name, value in values.items():
            if isinstance(known[name], Mean):
                values[name] = Mean(*value)
        values["runs"] = tuple(Run(*one) for one in values["runs"])
        for name in ("early_mps", "scores", "confirmed_scores"):
            values[name] = tuple(values[name])
        return cls(**values)

    def reset(self) -> Self:
        """The next version, which knows nothing."""
        return type(self)(version=self.version + 1)


def warmer(personal: Personal, band: str, settings: LearningSettings = LEARNING) -> float:
    """How much faster than commonly the athlete's heart rate usually rises per speed in this weather, %/h; not below 0.

    What was learned in it is shrunk to what all of the athlete's runs say, changed as the population's drift is.
    """
    common = personal.drift.shrunk(POPULATION.drift_percent_per_h)
    others: float = getattr(POPULATION, DRIFT_OF[band])
    own: Mean = getattr(personal, DRIFT_OF[band])
    usual = own.shrunk(common + others - POPULATION.drift_percent_per_h)
    return round(min(settings.warmer_percent_per_h, max(0.0, usual - common)), 3)


def longest_s(personal: Personal, before_ms: int, settings: LearningSettings = LEARNING) -> float | None:
    """The longest run of the 30 days before a moment; None while fewer than four are known."""
    runs = _runs_before(personal, before_ms, settings)
    return max(runs) if len(runs) >= settings.known else None


def threshold_scale(personal: Personal, settings: LearningSettings = LEARNING) -> float:
    """What the pattern's thresholds are multiplied by for this athlete: 0.8 to 1.25.

    Scores are compared at one quantile, as a ratio, shrunk by the number of sessions. Who wavers less than others in
    uneventful runs has lower thresholds. Higher ones has only who wavers more in runs that were confirmed: in a run of
    which nobody said anything there may have been a cramp that nobody told, and it would hide the next one.
    """
    confirmed = _scale(personal.confirmed_scores, personal.confirmed, settings)
    return min(confirmed, _scale(personal.scores, personal.uneventful, settings))


def _scale(scores: Sequence[float], sessions: int, settings: LearningSettings) -> float:
    own = score_quantile(scores) if scores else None
    if own is None:
        return 1.0
    share = sessions / (sessions + settings.weight)
    ratio = max(own, SCORE_EDGES[0]) / SCORE_AT_QUANTILE
    scale = math.exp(share * settings.scale_power * math.log(ratio))
    return round(min(settings.scale_high, max(settings.scale_low, scale)), 4)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies, straight between neighbours.

    >>> percentile([1.0, 2.0, 3.0], 0.75)
    2.5
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def usual_run_s(personal: Personal, before_ms: int, settings: LearningSettings = LEARNING) -> float | None:
    """What the athlete ran usually in the 30 days before a moment, seconds; None while fewer than four are known."""
    runs = _runs_before(personal, before_ms, settings)
    return median(runs) if len(runs) >= settings.known else None


def _runs_before(personal: Personal, before_ms: int, settings: LearningSettings) -> Sequence[float]:
    return [run.run_s for run in personal.runs if 0 <= before_ms - run.ended_ms <= settings.window_ms]
