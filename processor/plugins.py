"""Detectors of other makers: found by their entry points, checked, and only loaded when a setting names them."""

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from crampwatch.errors import Misconfigured
from processor import detect
from processor.athlete import Athlete
from processor.context import CONTEXTS
from processor.detect.detector import Detector
from processor.detector_checks import problems
from processor.guard import guarded, is_ours

#: The entry-point group in which a distribution names its detectors.
GROUP = "crampwatch.detectors"
_SETTING = "processor.detectors"


def athlete_with(names: Sequence[str]) -> type[Athlete]:
    """The machine with these detectors of other makers besides our own.

    Args:
        names: of entry points in the group ``crampwatch.detectors``; none gives the machine as it is.

    Raises:
        Misconfigured: no installed distribution has it, two have it, or it is no detector; the message names whose.
    """
    if not names:
        return Athlete
    if len(set(names)) < len(names):
        raise Misconfigured(_SETTING, f"{sorted(names)} names one twice")
    found = {entry.name: entry for entry in _alone(entry_points(group=GROUP), names)}
    extra = tuple(guarded(_loaded(found[name])) for name in names)
    return type("AthleteWithMore", (Athlete,), {"extra": extra})


def available() -> Sequence[str]:
    """The names of all detectors that installed distributions offer, loaded or not."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def offered() -> Sequence[type[Detector]]:
    """All detectors that installed distributions offer, checked but not loaded into any machine: to try them out.

    Raises:
        Misconfigured: one of them is no detector, or offered twice.
    """
    names = available()
    return [_loaded(entry) for entry in _alone(entry_points(group=GROUP), names)]


def _alone(entries: Iterable[EntryPoint], names: Sequence[str]) -> list[EntryPoint]:
    """The entry point of each name, which must be offered once."""
    offered: dict[str, list[EntryPoint]] = {name: [] for name in names}
    for entry in entries:
        if entry.name in offered:
            offered[entry.name].append(entry)
    for name, several in offered.items():
        if not several:
            known = ", ".join(available()) or "none"
            raise Misconfigured(
                _SETTING, f"no installed distribution offers the detector {name!r}; offered here: {known}"
            )
        makers = sorted({_maker(entry) for entry in several})
        if len(makers) > 1:
            raise Misconfigured(_SETTING, f"{name!r} is offered by {' and '.join(makers)}; uninstall all but one")
    return [several[0] for several in offered.values()]


def _loaded(entry: EntryPoint) -> type[Detector]:
    try:
        kind: Any = entry.load()
    except BaseException as error:  # whatever a stranger's module raises at import
        if is_ours(error):
            raise
        raise Misconfigured(_SETTING, f"{_whose(entry)} cannot be imported: {type(error).__name__}: {error}") from error
    if wrong := problems(kind):
        raise Misconfigured(_SETTING, f"{_whose(entry)} is no detector: {'; '.join(wrong)}")
    if kind.name != entry.name:
        raise Misconfigured(_SETTING, f"{_whose(entry)} calls itself {kind.name!r}; both names must be the same")
    if kind.name in own_names():
        raise Misconfigured(_SETTING, f"{_whose(entry)} has the name of one of crampwatch's own detectors")
    return kind  # type: ignore[no-any-return]  # it was just seen to be one


def own_names() -> frozenset[str]:
    """The names of crampwatch's own detectors."""
    ours = (getattr(detect, name) for name in detect.__all__)
    return frozenset(kind.name for kind in (*ours, *CONTEXTS))


def _whose(entry: EntryPoint) -> str:
    return f"{entry.name!r} of {_maker(entry)}"


def _maker(entry: EntryPoint) -> str:
    """The distribution that offers it."""
    return entry.dist.name if entry.dist is not None else entry.value
