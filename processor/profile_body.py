"""What may stand in the JSON of a profile: whoever reads it can count and divide without looking again."""

from collections.abc import Mapping
from typing import Any

from processor.personal_body import is_in, is_whole

#: The most versions and sessions: far beyond a life of running.
_COUNT = 1_000_000
#: The longest run, s: a year.
_LONGEST_S = 50_000_000.0
#: Bounds of each number, in its unit: far wider than what learning and the settings give, narrow enough that what is
#: made of them stays a number.
_PROFILE = {"prior": (0.0, 5.0), "sensitivity": (0.1, 10.0), "threshold_scale": (0.1, 10.0)}
_USUAL = {
    "slope": (0.0, 50.0),
    "sigma_spm": (0.0, 50.0),
    "block_sigma_spm": (0.0, 50.0),
    "third_s": (1.0, _LONGEST_S),
    "early_high_mps": (0.0, 50.0),
}
#: What a profile of an older release does not tell, and takes its default.
_LATER = {"cool_drift": (0.0, 50.0), "mild_drift": (0.0, 50.0), "hot_drift": (0.0, 50.0)}
#: None where nothing is known; else something is divided by it.
_MAYBE = {"longest_s": (1.0, _LONGEST_S), "early_mps": (0.1, 50.0)}
_COUNTS = ("version", "sessions")


def check(values: Mapping[str, Any]) -> None:
    """Look at every field of a body.

    Raises:
        ValueError: one is missing, unknown, or no such value as it must be; the message names it.
    """
    usual: Any = values.get("usual")
    rules = {name: is_in(values.get(name), *bounds) for name, bounds in _PROFILE.items()}
    _refuse({**rules, "usual": isinstance(usual, dict)}, values)
    later = {name: bounds for name, bounds in _LATER.items() if name in usual}
    rules = {name: is_in(usual.get(name), *bounds) for name, bounds in {**_USUAL, **later}.items()}
    rules |= {name: usual.get(name) is None or is_in(usual[name], *bounds) for name, bounds in _MAYBE.items()}
    rules |= {name: is_whole(usual.get(name), _COUNT) for name in _COUNTS}
    _refuse(rules, usual)


def _refuse(rules: Mapping[str, bool], values: Mapping[str, Any]) -> None:
    if unlike := rules.keys() ^ values.keys():
        raise ValueError(f"{', '.join(sorted(unlike))}: missing, or unknown here")
    if wrong := [name for name, kept in rules.items() if not kept]:
        raise ValueError(f"{', '.join(wrong)}: no such value as it must be")
