"""What may stand in the JSON of an athlete's normal: whoever reads it can count and divide without looking again."""

from collections.abc import Mapping, Sequence
from typing import Any

from processor.population import SCORE_EDGES

#: The most sessions, versions and runs in a body: far beyond a life of running.
_COUNT = 1_000_000
#: The last instant that counts as one, ms: the year 2286.
_LAST_MS = 10_000_000_000_000
#: The longest run and the farthest: a year of seconds, and of metres more than anybody runs in it.
_LONGEST = 50_000_000.0
#: Bounds of a mean, in its unit: far wider than what learning clips it to, narrow enough that sums stay numbers.
_MEANS = {
    "reference_spm": (-500.0, 500.0),
    "plain_spm": (0.0, 500.0),
    "slope": (0.0, 50.0),
    "sigma_spm": (0.0, 50.0),
    "block_sigma_spm": (0.0, 50.0),
    "drift": (-500.0, 500.0),
    "cool_drift": (-500.0, 500.0),
    "mild_drift": (-500.0, 500.0),
    "hot_drift": (-500.0, 500.0),
}
_COUNTS = ("version", "sessions", "uneventful", "confirmed")
_INSTANTS = ("ended_ms", "hard_at_ms")
_SCORES = ("scores", "confirmed_scores")
_MOST_MPS = 50.0
#: The longest list in a body.
_LONG = 1_000


def check(values: Mapping[str, Any]) -> None:
    """Look at every field of a body.

    Raises:
        ValueError: one is missing, unknown, or no such value as it must be; the message names it.
    """
    rules = {
        **{name: is_whole(values.get(name), _COUNT) for name in _COUNTS},
        **{name: values.get(name) is None or is_whole(values[name], _LAST_MS) for name in _INSTANTS},
        **{name: _is_mean(values.get(name), *bounds) for name, bounds in _MEANS.items()},
        **{name: _are_scores(values.get(name)) for name in _SCORES},
        "runs": _is_list(values.get("runs")) and all(map(_is_run, values["runs"])),
        "early_mps": _is_list(values.get("early_mps"))
        and all(is_in(one, 0.0, _MOST_MPS) and one > 0 for one in values["early_mps"]),
    }
    if unlike := rules.keys() ^ values.keys():
        raise ValueError(f"{', '.join(sorted(unlike))}: missing, or unknown here")
    if wrong := [name for name, kept in rules.items() if not kept]:
        raise ValueError(f"{', '.join(wrong)}: no such value as it must be")


def is_whole(value: Any, most: int) -> bool:
    """Whether it is a whole number from 0 on; True is none."""
    return type(value) is int and 0 <= value <= most


def is_in(value: Any, low: float, high: float) -> bool:
    """Whether it is a number within bounds; NaN and infinity are in none."""
    return type(value) in {int, float} and low <= value <= high


def _is_list(value: Any, length: int | None = None) -> bool:
    return isinstance(value, list) and (len(value) <= _LONG if length is None else len(value) == length)


def _is_mean(value: Any, low: float, high: float) -> bool:
    return _is_list(value, 2) and is_in(value[0], low, high) and is_whole(value[1], _COUNT)


def _is_run(value: Any) -> bool:
    if not _is_list(value, 3):
        return False
    ended_ms, run_s, distance_m = value
    known = distance_m is None or is_in(distance_m, 0.0, _LONGEST)
    return known and is_whole(ended_ms, _LAST_MS) and is_in(run_s, 0.0, _LONGEST)


def _are_scores(value: Any) -> bool:
    """None yet, or one number of seconds a bin, of which one at least is more than nothing."""
    bins: Sequence[Any] = value if _is_list(value, len(SCORE_EDGES) + 1) else ()
    return value == [] or (bool(bins) and all(is_in(one, 0.0, _LONGEST) for one in bins) and sum(bins) > 0)
