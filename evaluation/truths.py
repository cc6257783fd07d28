"""The truth about a run from elsewhere: what its file must say, and what looks like a mistake in it."""

from collections.abc import Mapping
from math import inf, isfinite
from pathlib import Path
from typing import Any

from crampwatch.errors import Refused
from simulator.session import Truth

#: A build-up longer than this that "begins" before this second is taken for the length of one, s [E].
_LONG_RAMP_S = 1_800.0
#: The name under which the sum over all families is told.
_TAKEN = "all"
_NEEDED = ("family", "onset_s", "prodrome_s", "silent")


def truth_of(plain: object, file: Path) -> Truth:
    """The truth as a file tells it; keys beside those needed are allowed, and of them the build-up that was aborted
    and the severity are used. A silent cramp has no build-up, whatever the file says; nor is one known where
    ``prodrome_s`` looks like its length.

    Raises:
        Refused: ``bad_truth``, with the key that is wrong and what it must be.
    """
    if not isinstance(plain, dict):
        raise bad(file, f"holds no object with {', '.join(_NEEDED)}")
    if missing := [name for name in _NEEDED if name not in plain]:
        raise bad(file, f"lacks {', '.join(missing)}")
    family, silent = plain["family"], plain["silent"]
    if not isinstance(family, str) or not family or not _is_text(family):
        raise bad(file, "family must be a word")
    if family == _TAKEN:
        raise bad(file, f"family must not be {_TAKEN}: that is what the sum over all families is called")
    if not isinstance(silent, bool):
        raise bad(file, "silent must be true or false")
    onset_s, prodrome_s = _seconds(plain, "onset_s", file), _seconds(plain, "prodrome_s", file)
    if silent and onset_s is None:
        raise bad(file, "silent is true, but onset_s is null: a silent cramp has an onset")
    if silent or is_length(onset_s, prodrome_s):
        prodrome_s = None
    if onset_s is not None and prodrome_s is not None and prodrome_s > onset_s:
        raise bad(file, f"prodrome_s {prodrome_s:g} lies after onset_s {onset_s:g}")
    severity = _number(plain, "severity", file)
    return Truth(family, onset_s, prodrome_s, silent, aborted_s=_span(plain, "aborted_s", file), severity=severity)


def is_length(onset_s: float | None, prodrome_s: float | None) -> bool:
    """Whether somebody seems to have told how long a build-up took, where the moment it began is asked for."""
    return onset_s is not None and prodrome_s is not None and prodrome_s < _LONG_RAMP_S < onset_s - prodrome_s


def bad(file: Path, what: str) -> Refused:
    """The refusal of a truth; ``what`` goes on from the file's name."""
    return Refused("bad_truth", f"{file} {what}: mend it (docs/evaluation-format.md says how)")


def _is_text(word: str) -> bool:
    """Whether it can be written down: JSON knows halves of letters that cannot."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _seconds(plain: Mapping[str, Any], name: str, file: Path) -> float | None:
    value = _number(plain, name, file)
    if value is not None and value < 0:
        raise bad(file, f"{name} must be null or seconds since the start of the run")
    return value


def _number(plain: Mapping[str, Any], name: str, file: Path) -> float | None:
    value = plain.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad(file, f"{name} must be null or a number")
    try:
        number = float(value)
    except OverflowError:  # JSON knows integers that no float holds
        number = inf
    if not isfinite(number):
        raise bad(file, f"{name} must be null or a number")
    return number


def _span(plain: Mapping[str, Any], name: str, file: Path) -> tuple[float, float] | None:
    value = plain.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise bad(file, f"{name} must be null or two numbers")
    first, last = (_seconds({name: one}, name, file) for one in value)
    if first is None or last is None or last < first:
        raise bad(file, f"{name} must be null or two numbers, the earlier first")
    return first, last
