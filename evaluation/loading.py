"""Sessions from elsewhere: a folder of runs as CSV, each with the truth about it beside it."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from collector.offline import samples_of
from collector.recordings import Recording
from collector.recordings import load as load_recording
from collector.recordings.csv import TOO_LONG
from collector.recordings.files import MAX_BYTES
from crampwatch.errors import Refused
from crampwatch.events import Sample
from simulator.session import Second, Session, Truth

from .truths import bad, is_length, truth_of

TRUTH = ".truth.json"
ENDINGS = (".csv", ".csv.gz")
#: Below this a run is hardly longer than its own warm-up: it is not scored. 600 s [E].
SHORTEST_S = 600.0
#: The last row of ten minutes lies at 599 s, and a moment that was rounded may lie behind it, s.
EDGE_S = 2.0
#: Beats and events lie beside a run under these names (docs/sensors.md).
COMPANIONS = ("_rr", "_ev")
MANIFEST = "manifest.csv"
_MOST_BYTES = 1_000_000


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
    """The runs of a folder by name, and what there is beside them that cannot be scored or looks like a mistake.

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
        if stem is None or name.lower() == MANIFEST or _is_companion(stem, names):
            continue
        if problem := unnameable(folder / name):
            problems.append(problem)
        elif stem in runs:
            problems.append(f"{folder / name}: {runs[stem].name} is the same run and was taken; remove one of them")
        else:
            runs[stem] = folder / name
    lone = [name for name in names if name.endswith(TRUTH) and name.removesuffix(TRUTH) not in runs]
    problems += [f"{folder / name}: there is no {name.removesuffix(TRUTH)}.csv beside it; add the run" for name in lone]
    if not runs:
        said = f"{folder} holds no run: put NAME.csv and NAME{TRUTH} there"
        raise Refused("empty", "; ".join([said, *problems]))
    return list(runs.values()), [*problems, *_doubts(list(runs.values()))]


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
    if lasts_s < SHORTEST_S - EDGE_S:
        raise Refused("too_short", f"{path} lasts {lasts_s:.0f} s; runs of 10 minutes or more are scored: leave it out")
    if sum(note.count for note in recording.notes if note.what == TOO_LONG) > len(recording.points) / 2:
        raise Refused(
            "shifted", f"{path} has {TOO_LONG}: write numbers with a point, and nothing parted by commas in a cell"
        )
    end_s = recording.duration_s
    last_s = max(one for one in (truth.onset_s, truth.prodrome_s, *(truth.aborted_s or ()), 0.0) if one is not None)
    if last_s > end_s + EDGE_S:
        said = f"{beside} speaks of second {last_s:.0f}, but {path.name} ends at {end_s:.0f}"
        raise Refused("mismatch", f"{said}: see whether it belongs to this run")
    return Loaded(stem, truth, recording)


def key_of(path: Path) -> str:
    """Names a run by the content of its file, its truth and what else lies beside it (:data:`COMPANIONS`).

    Raises:
        Refused: ``unreadable``, ``too_large`` or ``no_truth``.
    """
    digest = hashlib.sha256(os.fsencode(path.name))
    stem = _stem(path.name) or path.stem
    ending = path.name[len(stem) :]
    for one in (path, path.with_name(stem + TRUTH)):
        digest.update(b"\0" + _bytes(one, path))
    for one in (path.with_name(stem + name + ending) for name in COMPANIONS):
        digest.update(b"\0" + (_bytes(one, path) if one.is_file() else b""))
    return f"file-{digest.hexdigest()[:24]}"


def unnameable(path: Path) -> str | None:
    """What is wrong with a name that cannot be written down as text; None for others."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        return f"{shown}: its name is not UTF-8: rename it"
    return None


def _doubts(runs: Sequence[Path]) -> Iterator[str]:
    """Truths that are taken, but look like a mistake."""
    for run in runs:
        beside = run.with_name((_stem(run.name) or run.stem) + TRUTH)
        try:
            plain = _read(beside, run)
            truth_of(plain, beside)
        except Refused:  # named when the run is loaded
            continue
        assert isinstance(plain, dict)
        if not plain["silent"] and is_length(plain["onset_s"], plain["prodrome_s"]):
            told = f"{beside}: prodrome_s {plain['prodrome_s']:g} lies long before onset_s {plain['onset_s']:g}"
            yield f"{told}: is prodrome_s a length? it is a moment; the run is scored with its build-up unknown"


def _read(beside: Path, run: Path) -> object:
    data = _bytes(beside, run)
    try:
        return json.loads(data[:_MOST_BYTES])
    except (ValueError, RecursionError) as error:
        raise bad(beside, f"is no JSON ({error})") from error


def _bytes(path: Path, run: Path) -> bytes:
    try:
        about = path.stat()
        if not S_ISREG(about.st_mode):
            raise Refused("unreadable", f"{path} is no regular file: put the file itself there")
        if about.st_size > MAX_BYTES:
            raise Refused("too_large", f"{path} is larger than {MAX_BYTES // 1024**2} MiB: that is no run")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Refused("no_truth", f"{run} has no {path.name} beside it: add it, or take the run away") from error
    except OSError as error:
        raise Refused("unreadable", f"{path}: {error.strerror or error}: check the name and the permissions") from error


def _stem(name: str) -> str | None:
    for ending in ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return None


def _is_companion(stem: str, names: list[str]) -> bool:
    base = next((stem.removesuffix(one) for one in COMPANIONS if stem.endswith(one)), None)
    return base is not None and any(base + ending in names for ending in ENDINGS)
