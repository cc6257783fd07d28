"""Recorded runs from FIT, TCX, GPX and CSV files, each repaired the same way and told what was repaired."""

from dataclasses import replace
from pathlib import Path

from crampwatch.errors import Refused

from .assembly import Draft, assemble
from .csv import read_csv
from .files import content
from .fit import read_fit
from .gpx import read_gpx
from .recording import Mark, MarkKind, Note, Recording, UnitDecision
from .tcx import read_tcx

__all__ = ["ENDINGS", "Mark", "MarkKind", "Note", "Recording", "UnitDecision", "load"]

#: What :func:`load` reads, each also packed as ``.gz``.
ENDINGS = (".fit", ".tcx", ".gpx", ".csv")


def load(path: Path | str) -> tuple[Recording, ...]:
    """Every run in a file, in the file's order; usually one.

    What can be repaired is repaired and told in :attr:`Recording.notes`; sessions of other sports are skipped and
    named there. A damaged file gives what was readable before the damage.

    Raises:
        Refused: nothing in the file is a run; the message names the file, what is wrong and what to do.
    """
    path = Path(path)
    unpacked = path.name[:-3] if path.suffix.lower() == ".gz" else path.name
    stem, ending = Path(unpacked).stem, Path(unpacked).suffix.lower()
    if ending not in ENDINGS:
        raise Refused("unknown_format", f"{path}: crampwatch reads {', '.join(ENDINGS)} and each as .gz")
    data = content(path)
    file = str(path)
    if ending == ".csv":
        drafts = read_csv(data, path)
    else:
        drafts = {".fit": read_fit, ".tcx": read_tcx, ".gpx": read_gpx}[ending](data, file)
    if not drafts:
        raise Refused("empty", f"{file} holds no run: export it once more")
    if len(drafts) == 1:
        return (assemble(drafts[0], stem, file),)
    return _several([(draft, f"{stem} ({number})") for number, draft in enumerate(drafts, start=1)], file)


def _several(drafts: list[tuple[Draft, str]], file: str) -> tuple[Recording, ...]:
    """One recording each; a run that cannot be used is named in the notes of the others."""
    recordings: list[Recording] = []
    refusals: list[Refused] = []
    for draft, name in drafts:
        try:
            recordings.append(assemble(draft, name, file))
        except Refused as refused:
            refusals.append(refused)
    if not recordings:
        raise refusals[0]
    lost = tuple(Note(f"run left out: {refused}", 1) for refused in refusals)
    return tuple(replace(recording, notes=recording.notes + lost) for recording in recordings)
