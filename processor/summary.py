"""What one session teaches: taken from the states of its machine when it is over."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from crampwatch.units import Level
from processor.context.answers import AnswersState
from processor.detect.exposure import ExposureState
from processor.detect.pacing import PacingState
from processor.detect.tally import TallyState
from processor.features.baseline import BaselineState
from processor.labels import BANDS, CRAMP, UNEVENTFUL, What

#: The slope is told when speed has varied as much as the prior of the session's baseline weighs, (m/s)^2 s.
SLOPE_WEIGHT = 30.0
#: Drift is told from a rise over so long, s; shorter, the noise of both ends is larger than what it says [E].
DRIFT_S = 1_200.0
#: The middle of the minutes that the rise is measured from, s of running (minutes 8-18, science 2.1).
DRIFT_FROM_S = 780.0


@dataclass(frozen=True, slots=True)
class Summary:
    """One session in numbers; None where nothing can be said.

    Attributes:
        began_ms: its first second.
        ended_ms: its last.
        run_s: how long was run.
        distance_m: how far, where speed was measured for most of it.
        spm: usual cadence of the day, adaptation left out.
        mps: usual speed of the day.
        sigma_spm: spread of cadence per second.
        block_sigma_spm: spread of the means of ten seconds.
        slope: cadence per speed, spm per m/s, from this session alone.
        early_mps: speed of the first third.
        drift_percent_per_h: rise of heart rate per speed.
        hard: the fatigue index reached its high mark.
        cramp: one was reported.
        uneventful: none was, and somebody has said that nothing happened; or no warning was reached, and each question
            was answered "just a pause".
        confirmed: somebody has said so of this run, or has answered a question of it.
        band: how warm it was, as somebody said: "cool", "mild" or "hot"; None: nobody did.
        scores: seconds of settled running by score, in the bins of :data:`processor.population.SCORE_EDGES`.
    """

    began_ms: int
    ended_ms: int
    run_s: float
    distance_m: float | None = None
    spm: float | None = None
    mps: float | None = None
    sigma_spm: float | None = None
    block_sigma_spm: float | None = None
    slope: float | None = None
    early_mps: float | None = None
    drift_percent_per_h: float | None = None
    hard: bool = False
    cramp: bool = False
    uneventful: bool = False
    confirmed: bool = False
    band: str | None = None
    scores: Sequence[float] = ()


def summary_of(
    ended_ms: int,
    base: BaselineState,
    exposure: ExposureState,
    pacing: PacingState,
    tally: TallyState,
    *,
    answers: AnswersState,
    waiting: Collection[What] = (),
) -> Summary:
    """Sum up a session from what its parts hold.

    Args:
        ended_ms: the last second that was closed.
        base: the session's baseline.
        exposure: how long and how far.
        pacing: how fast the first third was.
        tally: scores, levels and answers.
        answers: what was said, as it took effect.
        waiting: what was said and has not taken effect, because nothing came after it, in the order of its moments.
    """
    cramp = tally.cramp or CRAMP in waiting
    fine = not cramp and (tally.fine or UNEVENTFUL in waiting)
    quiet = not cramp and tally.worst < Level.WARNING.rank and tally.answered >= tally.asked
    spm, sigma, block, _, mps, _ = (None if one is None else round(one, 3) for one in base.base or [None] * 6)
    # Of a third and more without speed the distance says too little.
    known = exposure.measured_s > 0 and exposure.measured_s >= 2 * base.run_s / 3
    return Summary(
        began_ms=exposure.began_ms if exposure.began_ms is not None else ended_ms,
        ended_ms=ended_ms,
        run_s=round(base.run_s, 1),
        distance_m=round(exposure.distance_m, 1) if known else None,
        spm=spm,
        mps=mps,
        sigma_spm=sigma,
        block_sigma_spm=block,
        slope=round(base.slope_xy / base.slope_xx, 3) if base.slope_xx >= SLOPE_WEIGHT else None,
        early_mps=pacing.early_mps,
        drift_percent_per_h=_drift(tally),
        hard=tally.hard,
        cramp=cramp,
        uneventful=fine or quiet,
        confirmed=fine or (quiet and tally.asked > 0),
        band=next((one for one in reversed([*waiting]) if one in BANDS), answers.band),
        scores=tuple(round(seconds, 1) for seconds in tally.scores),
    )


def _drift(tally: TallyState) -> float | None:
    over_s = tally.decoupled_at_s - DRIFT_FROM_S
    if tally.decoupling is None or over_s < DRIFT_S:
        return None
    return round(100 * tally.decoupling / (over_s / 3_600), 2)
