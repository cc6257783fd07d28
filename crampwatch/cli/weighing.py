"""Pure: what each channel adds to the two scores at a second, and what is missing to the next level."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crampwatch.cli.console import clock_text
from crampwatch.cli.moments import level_since_s
from crampwatch.cli.offline import Watched
from crampwatch.units import SECOND_MS, Gate, Level, Mode
from crampwatch.wording import GATE_WORDS, LEVEL_WORDS, MODE_WORDS
from processor.detect.pattern import PatternSettings, most_prior_of, thresholds_of
from processor.features.view import View
from processor.modes import CEILING
from processor.profile import Profile
from processor.score import CHANNELS, LEVEL_CHANNELS, ScoreSettings, corrected, may_warn, quiet_channels

#: Levels that the pattern score can reach, ascending.
LADDER = (Level.OK, Level.WATCH, Level.WARNING, Level.IMMINENT)

#: The range over which the burden of breaks is shown; it has no weight (science 3.5).
_NOTED = (0.5, 2.0)
_NAMES = {
    "U": "unsteadiness, times usual",
    "V": "rougher than some minutes ago",
    "Q": "rougher from step to step",
    "H": "hitches, fading",
    "L": "cadence below expected, in spreads",
    "P": "cadence below the last five minutes, in spreads",
    "F": "cadence below the last quarter of an hour, in spreads",
}


@dataclass(frozen=True, slots=True)
class Sign:
    """A channel of the pattern score: what it measured, where it begins and ends to count, and what it adds.

    ``adds`` and ``most`` are logits: steps on the scale on which signs add up. They are no probability. ``quiet``: a
    gate keeps it from counting.
    """

    letter: str
    name: str
    value: float | None
    low: float
    high: float
    adds: float
    most: float
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the fatigue index: what it measured, and its share of the index (None: it could not be measured)."""

    name: str
    value: float | None
    adds: float | None


def signs(view: View, score: ScoreSettings | None = None) -> tuple[Sign, ...]:
    """The channels of the pattern score at a second, by their letters in science 3.5; the burden of breaks has none."""
    settings = score or ScoreSettings()
    share = 1.0 if corrected(view) else settings.no_speed_share
    quiet = quiet_channels(view)
    rows = [
        Sign(
            letter,
            _NAMES[letter],
            _read(view, letter, share),
            curve[0][0],
            curve[-1][0],
            view.parts.get(letter, 0.0),
            curve[-1][1],
            letter in quiet,
        )
        for letter, curve in settings.curves.items()
    ]
    rows.append(Sign("-", "breaks, only noted", view.break_load, *_NOTED, 0.0, 0.0))
    return tuple(rows)


def _read(view: View, letter: str, share: float) -> float | None:
    value: float | None = getattr(view, CHANNELS[letter])
    return share * value if value is not None and letter in LEVEL_CHANNELS else value


def terms(view: View) -> tuple[Term, ...]:
    """The terms of the fatigue index at a second (science 3.5, ii)."""
    parts = view.fatigue_parts
    rows = (
        ("decoupling", view.decoupling),
        ("decline", view.decline_percent),
        ("slowing", view.slowing),
        ("alpha1", view.alpha1_gap),
        ("exposure", view.exposure),
    )
    return tuple(Term(name, value, parts.get(name)) for name, value in rows)


def above_quiet(score: float, settings: ScoreSettings | None = None) -> float:
    """A score in logits above an uneventful second: the scale on which signs add up."""
    inside = min(1 - 1e-9, max(1e-9, score))
    return math.log(inside / (1 - inside)) - (settings or ScoreSettings()).intercept


def marks_of(profile: Profile) -> PatternSettings:
    """The settings of the pattern for somebody of whom this is known."""
    return PatternSettings(
        prior=profile.prior, sensitivity=profile.sensitivity, threshold_scale=profile.threshold_scale
    )


def prior(run: Watched, index: int) -> tuple[float, float]:
    """By how many logits history and answers raised the score of a second, and the most that they may."""
    settings = marks_of(run.profile)
    most = most_prior_of(settings)
    return min(most, settings.prior + run.views[index].prior), most


def missing(run: Watched, index: int, settings: PatternSettings | None = None) -> tuple[str, ...]:
    """What keeps the level of a second from the next one, in words; empty when nothing is above it."""
    chosen = settings or marks_of(run.profile)
    view = run.views[index]
    if view.level not in LADDER[:-1]:
        return ()
    rank = LADDER.index(view.level)
    return tuple(_blocks(view)) or tuple(_asks(run, index, rank, chosen))


def _blocks(view: View) -> Iterator[str]:
    """What keeps any level from rising at all."""
    if view.mode is Mode.HEART_ONLY:
        yield f"{MODE_WORDS[view.mode]} Only the fatigue index can raise a level, to {LEVEL_WORDS[CEILING[view.mode]]}."
        return
    if view.base is None:
        yield "There is nothing to compare with yet: about eight minutes of running come first."
    elif not view.settled:
        yield "Levels rise only in settled running: 15 s without a break."
    if Gate.ANSWERED in view.gates:
        yield f"{GATE_WORDS[Gate.ANSWERED]} No level rises."
    ceiling = CEILING[view.mode]
    if view.level.rank >= ceiling.rank:
        yield f"{MODE_WORDS[view.mode]} Nothing above {LEVEL_WORDS[ceiling]} can be said."


def _asks(run: Watched, index: int, rank: int, settings: PatternSettings) -> Iterator[str]:
    """What the next level asks for and does not get."""
    views, view = run.views, run.views[index]
    threshold, hold_s, refractory_s = thresholds_of(settings)[rank], settings.hold_s[rank], settings.refractory_s[rank]
    word = LEVEL_WORDS[LADDER[rank + 1]]
    score = settings.score
    short = above_quiet(threshold, score) - above_quiet(view.score, score)
    if short > 0:
        yield f"Signs that weigh {short:.2f} more: {word} begins at {above_quiet(threshold, score):.2f}."
    if rank >= 1 and not may_warn(view.parts, score):
        yield f"{word} needs cadence itself: rhythm, hitches or a lower cadence, beyond a quarter of its range."
    latest_ms = max((at_ms for at_ms in (view.hitch_at_ms, view.break_at_ms) if at_ms is not None), default=None)
    if rank == 2 and (latest_ms is None or view.at_ms - latest_ms > settings.sign_s * SECOND_MS):
        yield f"{word} needs a hitch or a pause within {settings.sign_s:.0f} s."
    if short <= 0:
        held_s = _held_s(views, index, threshold)
        if held_s < hold_s:
            yield f"It has to last: {held_s:.0f} of {hold_s:.0f} s so far."
        since_s = _since_entered_s(views, index, rank + 1)
        if since_s is not None and since_s < refractory_s:
            yield f"{word} began {since_s:.0f} s ago; it is not said again within {refractory_s:.0f} s."


def _held_s(views: Sequence[View], index: int, threshold: float) -> float:
    """For how long the score has been at a threshold, in settled running."""
    first = index
    while first and views[first - 1].score >= threshold and views[first - 1].settled:
        first -= 1
    return (views[index].at_ms - views[first].at_ms) / SECOND_MS


def _since_entered_s(views: Sequence[View], index: int, rank: int) -> float | None:
    """How long ago a level of this rank or above was last entered."""
    for at in range(index, 0, -1):
        if views[at].level.rank >= rank > views[at - 1].level.rank:
            return (views[index].at_ms - views[at].at_ms) / SECOND_MS
    return None


def level_words(run: Watched, index: int) -> str:
    """The level of a second and since when it stands."""
    view = run.views[index]
    if view.base is None and view.level is Level.OK:
        return "nothing can be said yet"
    seconds = (view.at_ms - run.first_ms) / SECOND_MS - level_since_s(run, index)
    return f"{LEVEL_WORDS[view.level]} for {clock_text(round(seconds * SECOND_MS))}"
