"""Sessions from elsewhere: a folder of runs as CSV, each with the truth about it beside it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from collector.offline import samples_of
from collector.recordings import Recording
from collector.recordings import load as load_recording
from crampwatch.errors import Refused
from crampwatch.events import Sample
from simulator.session import Second, Session, Truth

TRUTH = ".truth.json"
ENDINGS = (".csv", ".csv.gz")
#: Below this a run is no longer than its own warm-up: it is not scored. 600 s [E].
SHORTEST_S = 600.0
#: Beats and events lie beside a run under these names (docs/sensors.md).
_COMPANIONS = ("_rr", "_ev")
_MOST_BYTES = 1_000_000
_NEEDED = ("family", "onset_s", "prodrome_s", "silent")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A run and the truth about it. Second 0 of both lies at :data:`collector.offline.UNDATED_MS`."""

    name: str
    truth: Truth
    recording: Recording

    @property
    def samples(self) -> list[Sample]:
        """As the collector would have told them."""
        return samples_of(self.recording)

    def session(self) -> Session:
        """The same as a simulated session, for methods that look at seconds."""
        seconds = tuple(
            Second(t_s, one.bpm, one.cadence_per_min, one.speed_mps, None, one.distance_m, one.rr_ms)
            for t_s, one in self.recording.readings()
        )
        return Session(self.name, 0, self.truth, seconds)


def runs_in(folder: Path) -> tuple[list[Path], list[str]]:
    """The runs of a folder by name, and what there is beside them that cannot be scored.

    Raises:
        Refused: ``unreadable`` or ``empty``: there is no such folder, or no run in it.
    """
    try:
        names = sorted(one.name for one in folder.iterdir())
    except OSError as error:
        raise Refused("unreadable", f"{folder}: {error.strerror or error}: name a folder of CSV runs") from error
    runs: dict[str, Path] = {}
    problems: list[str] = []
    for name in names:
        stem = _stem(name)
        if stem is None or _is_companion(stem, names):
            continue
        if stem in runs:
            problems.append(f"{folder / name}: {runs[stem].name} is the same run and was taken; remove one of them")
        else:
            runs[stem] = folder / name
    lone = [name for name in names if name.endswith(TRUTH) and name.removesuffix(TRUTH) not in runs]
    problems += [f"{folder / name}: there is no {name.removesuffix(TRUTH)}.csv beside it; add the run" for name in lone]
    if not runs:
        raise Refused("empty", f"{folder} holds no run: put NAME.csv and NAME{TRUTH} there")
    return list(runs.values()), problems


def load(path: Path) -> Loaded:
    """One run of a folder with its truth.

    Raises:
        Refused: the run or its truth cannot be used; the message names the file and what to do.
    """
    stem = _stem(path.name) or path.stem
    beside = path.with_name(stem + TRUTH)
    truth = truth_of(_read(beside, path), beside)
    recording = load_recording(path)[0]
    lasts_s = recording.points[-1][0] - recording.points[0][0]
    if lasts_s < SHORTEST_S:
        raise Refused("too_short", f"{path} lasts {lasts_s:.0f} s; runs of 10 minutes or more are scored: leave it out")
    end_s = recording.duration_s
    last_s = max(one for one in (truth.onset_s, truth.prodrome_s, *(truth.aborted_s or ()), 0.0) if one is not None)
    if last_s > end_s:
        said = f"{beside} speaks of second {last_s:.0f}, but {path.name} ends at {end_s:.0f}"
        raise Refused("mismatch", f"{said}: see whether it belongs to this run")
    return Loaded(stem, truth, recording)


def key_of(path: Path) -> str:
    """Names a run by the content of its file and its truth.

    Raises:
        Refused: ``unreadable``.
    """
    digest = hashlib.sha256(path.name.encode())
    beside = path.with_name((_stem(path.name) or path.stem) + TRUTH)
    for one in (path, beside):
        digest.update(_bytes(one, path) + b"\0")
    return f"file-{digest.hexdigest()[:24]}"


def truth_of(plain: object, file: Path) -> Truth:
    """The truth as a file tells it; keys beside those needed are allowed, and of them the build-up that was aborted
    and the severity are used.

    Raises:
        Refused: ``bad_truth``, with the key that is wrong and what it must be.
    """
    if not isinstance(plain, dict):
        raise _bad(file, f"holds no object with {', '.join(_NEEDED)}")
    if missing := [name for name in _NEEDED if name not in plain]:
        raise _bad(file, f"lacks {', '.join(missing)}")
    family, silent = plain["family"], plain["silent"]
    if not isinstance(family, str) or not family:
        raise _bad(file, "family must be a word")
    if not isinstance(silent, bool):
        raise _bad(file, "silent must be true or false")
    onset_s, prodrome_s = _seconds(plain, "onset_s", file), _seconds(plain, "prodrome_s", file)
    if onset_s is not None and prodrome_s is not None and prodrome_s > onset_s:
        raise _bad(file, f"prodrome_s {prodrome_s:g} lies after onset_s {onset_s:g}")
    if silent and onset_s is None:
        raise _bad(file, "silent is true, but onset_s is null: a silent cramp has an onset")
    if silent and prodrome_s is not None:
        if prodrome_s != onset_s:
            raise _bad(file, "silent is true, but prodrome_s is not null: a silent cramp has no build-up")
        prodrome_s = None
    severity = _number(plain, "severity", file)
    return Truth(family, onset_s, prodrome_s, silent, aborted_s=_span(plain, "aborted_s", file), severity=severity)


def _read(beside: Path, run: Path) -> object:
    data = _bytes(beside, run)
    try:
        return json.loads(data[:_MOST_BYTES])
    except (ValueError, RecursionError) as error:
        raise _bad(beside, f"is no JSON ({error})") from error


def _bytes(path: Path, run: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Refused("no_truth", f"{run} has no {path.name} beside it: add it, or take the run away") from error
    except OSError as error:
        raise Refused("unreadable", f"{path}: {error.strerror or error}: check the name and the permissions") from error


def _seconds(plain: Mapping[str, Any], name: str, file: Path) -> float | None:
    value = _number(plain, name, file)
    if value is not None and value < 0:
        raise _bad(file, f"{name} must be null or seconds since the start of the run")
    return value


def _number(plain: Mapping[str, Any], name: str, file: Path) -> float | None:
    value = plain.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise _bad(file, f"{name} must be null or a number")
    return float(value)


def _span(plain: Mapping[str, Any], name: str, file: Path) -> tuple[float, float] | None:
    value = plain.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise _bad(file, f"{name} must be null or two numbers")
    first, last = (_seconds({name: one}, name, file) for one in value)
    if first is None or last is None or last < first:
        raise _bad(file, f"{name} must be null or two numbers, the earlier first")
    return first, last


def _bad(file: Path, what: str) -> Refused:
    return Refused("bad_truth", f"{file} {what}: mend it (docs/evaluation-format.md says how)")


def _stem(name: str) -> str | None:
    for ending in ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return None


def _is_companion(stem: str, names: list[str]) -> bool:
    base = next((stem.removesuffix(one) for one in _COMPANIONS if stem.endswith(one)), None)
    return base is not None and any(base + ending in names for ending in ENDINGS)
