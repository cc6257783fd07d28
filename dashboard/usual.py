"""Pure: what is usual for a runner, in plain words with units."""

from collections.abc import Iterator

from crampwatch.usual import BaselineLearned, OwnMean

from .context import UsualRow, UsualView

#: What is mixed with a runner's own mean.
_RUNNERS, _WEATHER = "what is usual for runners", "what your other runs and other runners let expect"
#: From what a scale of thresholds on, levels are reached at another time than for others: what, up to the scale.
_REACHED = (
    (0.9, "sooner"),
    (0.985, "a little sooner"),
    (1.015, "as for others"),
    (1.1, "a little later"),
)
_REACHED_LAST = "later"


def usual_view(message: BaselineLearned) -> UsualView:
    """What the page shows of a runner's baseline; without a run there is nothing to show but that."""
    rows = tuple(_rows(message)) if message.sessions else ()
    return UsualView(message.version, message.sessions, message.learned_at_ms, rows)


def _rows(message: BaselineLearned) -> Iterator[UsualRow]:
    means = (
        ("Cadence at 3 m/s", message.cadence_spm_at_3_mps, "{:.0f} spm", _RUNNERS),
        ("Cadence, runs without speed", message.cadence_spm_without_speed, "{:.0f} spm", _RUNNERS),
        ("Cadence for 1 m/s faster", message.slope_spm_per_mps, "{:+.1f} spm", _RUNNERS),
        ("Cadence wavers by", message.spread_spm, "{:.1f} spm", _RUNNERS),
        ("The same over ten seconds", message.spread_of_10_s_spm, "{:.1f} spm", _RUNNERS),
        ("Heart rate drifts by", message.drift_percent_per_h, "{:+.1f} % an hour", _RUNNERS),
        ("The same when cool", message.drift_when_cool_percent_per_h, "{:+.1f} % an hour", _WEATHER),
        ("The same when mild", message.drift_when_mild_percent_per_h, "{:+.1f} % an hour", _WEATHER),
        ("The same when hot", message.drift_when_hot_percent_per_h, "{:+.1f} % an hour", _WEATHER),
    )
    yield from (_mixed(name, mean, form, rest) for name, mean, form, rest in means if mean is not None)
    yield _longest(message)
    yield UsualRow("Levels are reached", _reached(message.threshold_scale), _uneventful(message.uneventful), None)
    yield UsualRow("Sensitivity", message.sensitivity, "From the settings.", None)


def _mixed(name: str, mean: OwnMean, form: str, rest: str) -> UsualRow:
    own, others = form.format(mean.own), form.format(mean.others)
    note = f"Yours {own}, from {runs(mean.sessions)}; the rest is {rest}, {others}."
    return UsualRow(name, form.format(mean.usual), note, mean.own_share)


def _longest(message: BaselineLearned) -> UsualRow:
    name, there = "Longest run of 30 days", runs(message.runs) if message.runs else "none"
    if message.longest_s is None:
        return UsualRow(name, "not known yet", f"Too few runs in the last 30 days: {there}.", None)
    return UsualRow(name, _duration(message.longest_s), f"Time spent running, of {there}.", None)


def _reached(scale: float) -> str:
    return next((words for up_to, words in _REACHED if scale <= up_to), _REACHED_LAST)


def _uneventful(count: int) -> str:
    from_them = f"from {runs(count, 'uneventful ')}" if count else "no uneventful run is known yet"
    return f"Compared with others; {from_them}."


def runs(count: int, kind: str = "") -> str:
    """So many runs.

    >>> runs(1), runs(3, "uneventful ")
    ('1 run', '3 uneventful runs')
    """
    return f"{count} {kind}run{'' if count == 1 else 's'}"


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
