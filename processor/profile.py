"""What a host tells a machine of its athlete before the first second."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from processor.features.online import median
from processor.personal import LEARNING, Mean, Personal, longest_s, percentile, threshold_scale, usual_run_s, warmer
from processor.population import POPULATION
from processor.profile_body import check
from processor.state import sparse, unpacked

#: Of the JSON of a :class:`Profile` that stands alone.
SCHEMA = 1
#: Logits by which an answer of the questionnaire, or a hard session shortly before, raises the pattern (science 3.5).
CRAMPED_LATELY, CRAMPED_TWICE, HARD_BEFORE = 0.5, 0.3, 0.2
#: The most that history may add (science 3.5).
MOST = 1.2
#: A session's spread is taken to be no smaller than this share of what is usual: a start more even than others is
#: chance, and against it ordinary running would look unsteady [E].
SPREAD_SHARE = 0.8
#: Where a first third may end, seconds of running: earlier is still warm-up, later is no first third [E].
THIRD_S = (600.0, 2_400.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the settings say of an athlete.

    Attributes:
        cramped_12_months: cramped while running in the last 12 months.
        cramps_ever: how often ever.
        sensitivity: what the budget of false alarms is multiplied by: 0.5, 1 or 2 (science 3.6).
    """

    cramped_12_months: bool = False
    cramps_ever: int = 0
    sensitivity: float = 1.0


@dataclass(frozen=True, slots=True)
class Usual:
    """Of an athlete's normal, what one session needs; without a history it is the population's.

    Attributes:
        version: of the :class:`processor.personal.Personal` that this was taken from.
        sessions: how many sessions that had learned from.
        slope: cadence per speed, spm per m/s, where the session's own slope begins.
        sigma_spm: the session's spread of cadence per second is taken to be no smaller than this; 0 says nothing.
        block_sigma_spm: the same for the means of ten seconds.
        longest_s: the longest run of the 30 days before, seconds of running; None: fewer than four are known.
        third_s: where the first third ends, seconds of running.
        early_mps: the median of the last five first thirds; None: fewer than four are known.
        early_high_mps: their 80th percentile.
        cool_drift: by so much more than commonly heart rate usually rises per speed where it is cool, %/h.
        mild_drift: the same where it is mild.
        hot_drift: the same where it is hot.
    """

    version: int = 0
    sessions: int = 0
    slope: float = POPULATION.slope
    sigma_spm: float = 0.0
    block_sigma_spm: float = 0.0
    longest_s: float | None = None
    third_s: float = 1_200.0
    early_mps: float | None = None
    early_high_mps: float = 0.0
    cool_drift: float = 0.0
    mild_drift: float = 0.0
    hot_drift: float = POPULATION.hot_drift - POPULATION.drift_percent_per_h


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of an athlete beforehand. It is part of the machine's state: a session keeps the one it began with.

    Attributes:
        prior: logits by which history raises the pattern score, 0 to 1.2 (science 3.5); 0 when unknown.
        sensitivity: what the budget of false alarms is multiplied by: 0.5, 1 or 2 (science 3.6).
        threshold_scale: what the thresholds are multiplied by, 0.8 to 1.25; learned from uneventful runs.
        usual: what is usual for this athlete across sessions.
    """

    prior: float = 0.0
    sensitivity: float = 1.0
    threshold_scale: float = 1.0
    usual: Usual = field(default_factory=Usual)

    @classmethod
    def restored(cls, values: Mapping[str, Any]) -> Self:
        """The profile of :meth:`plain`."""
        return unpacked(cls, dict(values))

    def encode(self) -> bytes:
        """As canonical JSON, every field by its name: what a default is may change, what a session knew does not."""
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
            raise ValueError(f"not a profile: {error}") from error
        if not isinstance(values, dict) or values.pop("v", None) != SCHEMA:
            raise ValueError(f"not a profile of schema {SCHEMA}")
        check(values)
        return cls(**{**values, "usual": Usual(**values["usual"])})

    def plain(self) -> dict[str, Any]:
        """As JSON values, for :meth:`restored`: those that say something, as every snapshot holds them."""
        return {**sparse(self), "usual": sparse(self.usual)}


def profile_of(asked: Asked, personal: Personal, began_ms: int) -> Profile:
    """What is known of an athlete as a session begins.

    Args:
        asked: the questionnaire.
        personal: what sessions that ended before have taught.
        began_ms: the session's first second.
    """
    return Profile(
        prior=_prior(asked, personal, began_ms),
        sensitivity=asked.sensitivity,
        threshold_scale=threshold_scale(personal),
        usual=_usual(personal, began_ms),
    )


def _prior(asked: Asked, personal: Personal, began_ms: int) -> float:
    prior = CRAMPED_LATELY if asked.cramped_12_months else 0.0
    prior += CRAMPED_TWICE if asked.cramps_ever >= 2 else 0.0
    hard_ms = personal.hard_at_ms
    if hard_ms is not None and 0 <= began_ms - hard_ms < LEARNING.rest_ms:
        prior += HARD_BEFORE
    return round(min(MOST, prior), 3)


def _least(spread: Mean) -> float:
    """How small a session's spread may be: nothing for an athlete who is not known, a share of what is usual later."""
    return round(SPREAD_SHARE * spread.shrunk(0.0), 3)


def _usual(personal: Personal, began_ms: int) -> Usual:
    run_s = usual_run_s(personal, began_ms)
    low, high = THIRD_S
    early = personal.early_mps
    known = len(early) >= LEARNING.known
    return Usual(
        version=personal.version,
        sessions=personal.sessions,
        slope=round(personal.slope.shrunk(POPULATION.slope), 3),
        sigma_spm=_least(personal.sigma_spm),
        block_sigma_spm=_least(personal.block_sigma_spm),
        longest_s=longest_s(personal, began_ms),
        third_s=Usual().third_s if run_s is None else round(min(high, max(low, run_s / 3)), 1),
        early_mps=round(median(early[-5:]), 3) if known else None,
        early_high_mps=round(percentile(early, 0.8), 3) if known else 0.0,
        cool_drift=warmer(personal, "cool"),
        mild_drift=warmer(personal, "mild"),
        hot_drift=warmer(personal, "hot"),
    )
