"""What is usual for an athlete, as others are told of it."""

from crampwatch.usual import BaselineLearned, OwnMean
from processor.personal import LEARNING, Mean, Personal, longest_s, threshold_scale
from processor.population import POPULATION

#: What each word for sensitivity multiplies the budget of false alarms by (science 3.6).
SENSITIVITY = {"low": 0.5, "normal": 1.0, "high": 2.0}
#: The last moment that a message can hold, ms: the year 2100.
_LAST_MS = 4_102_444_800_000


def baseline_of(personal: Personal, sensitivity: float, now_ms: int) -> BaselineLearned:
    """A version of an athlete's normal as it stands at a moment.

    Args:
        personal: the version.
        sensitivity: of the settings, one of :data:`SENSITIVITY`.
        now_ms: which runs are of the last 30 days.
    """
    others = POPULATION
    # In a weather that was seldom the athlete's other runs count as well, changed as everybody's are.
    warmer = personal.drift.shrunk(others.drift_percent_per_h) - others.drift_percent_per_h
    return BaselineLearned(
        at_ms=now_ms,
        version=personal.version,
        sessions=personal.sessions,
        runs=sum(0 <= now_ms - run.ended_ms <= LEARNING.window_ms for run in personal.runs),
        cadence_spm_at_3_mps=_mean(personal.reference_spm, others.spm),
        cadence_spm_without_speed=_mean(personal.plain_spm, others.spm),
        slope_spm_per_mps=_mean(personal.slope, others.slope),
        spread_spm=_mean(personal.sigma_spm, others.sigma_spm),
        spread_of_10_s_spm=_mean(personal.block_sigma_spm, others.block_sigma_spm),
        drift_percent_per_h=_mean(personal.drift, others.drift_percent_per_h),
        drift_when_cool_percent_per_h=_mean(personal.cool_drift, others.cool_drift + warmer),
        drift_when_mild_percent_per_h=_mean(personal.mild_drift, others.mild_drift + warmer),
        drift_when_hot_percent_per_h=_mean(personal.hot_drift, others.hot_drift + warmer),
        longest_s=longest_s(personal, now_ms),
        threshold_scale=threshold_scale(personal),
        uneventful=personal.uneventful,
        sensitivity="low" if sensitivity < 1 else "high" if sensitivity > 1 else "normal",
        learned_at_ms=_shown_ms(personal.ended_ms),
    )


def _mean(own: Mean, others: float) -> OwnMean | None:
    if not own.sessions:
        return None
    share = own.sessions / (own.sessions + LEARNING.weight)
    return OwnMean(own=round(own.value, 3), sessions=own.sessions, others=round(others, 3), own_share=round(share, 4))


def _shown_ms(at_ms: int | None) -> int | None:
    """A moment that a message can hold; a body of another release may name one that is farther off."""
    return at_ms if at_ms is None or at_ms <= _LAST_MS else None
