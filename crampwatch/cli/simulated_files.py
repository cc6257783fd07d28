"""Generated runs as files in a folder, each with the truth about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crampwatch.errors import Misconfigured
from simulator.draw import Generator, draw
from simulator.families import KINDS
from simulator.fit import fit_bytes
from simulator.frozen import VERSION, fingerprint
from simulator.kinds import ALL
from simulator.session import Session
from simulator.writing import ascending, counts_strides, rr_csv, run_csv, truth_json

Format = Literal["csv", "fit", "both"]
#: Everything that belongs to one run; the truth is written last, so that no half-written run has one.
_ENDINGS = (".csv", "_rr.csv", ".fit", ".truth.json")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written.

    Attributes:
        folder: made if it is not there.
        kind: one of the simulator's, or "all".
        count: runs of each kind.
        seed: of the first of each kind; the next has the next.
        generator: whose build-ups.
        form: CSV, FIT or both.
        beats: also the beats.
        force: runs of the same name that are there may go.
    """

    folder: Path
    kind: str
    count: int
    seed: int
    generator: Generator
    form: Format
    beats: bool
    force: bool

    def runs(self) -> list[tuple[str, int]]:
        """(kind, seed) of each."""
        kinds = KINDS if self.kind == ALL else (self.kind,)
        return [(kind, self.seed + number) for kind in kinds for number in range(self.count)]

    def name(self, kind: str, seed: int) -> str:
        """Of a run's files, without an ending."""
        return f"{kind}-{seed}" if self.generator == "main" else f"{kind}-{seed}-{self.generator}"


def write(order: Order) -> Iterator[str]:
    """Write every run of the order; yields each name when its files stand. Nothing is written if one is in the way.

    Raises:
        Misconfigured: the folder cannot be used, or a run is there already.
    """
    try:
        order.folder.mkdir(parents=True, exist_ok=True)
        if not order.force:
            _refuse_to_overwrite(order)
        made_by = {"generator": order.generator, "version": VERSION, "fingerprint": fingerprint(order.generator)}
        for kind, seed in order.runs():
            session = draw(seed, kind, order.generator, beats=order.beats)
            name = order.name(kind, seed)
            _put(order.folder, name, _contents(session, order) | {".truth.json": truth_json(session, **made_by)})
            yield name
    except OSError as error:
        what = f"{error.filename or order.folder} cannot be written: {error.strerror or error}"
        raise Misconfigured("--to", f"{what}; name a folder that you may write to") from error


def _refuse_to_overwrite(order: Order) -> None:
    for kind, seed in order.runs():
        for ending in _ENDINGS:
            if (path := order.folder / f"{order.name(kind, seed)}{ending}").exists():
                raise Misconfigured("--to", f"{path} is there already; name another folder or seed, or add --force")


def _contents(session: Session, order: Order) -> dict[str, str | bytes]:
    """Ending -> what stands in the file."""
    contents: dict[str, str | bytes] = {}
    seconds = tuple(ascending(session.seconds))
    if order.form != "fit":
        contents[".csv"] = run_csv(seconds)
        if order.beats:
            contents["_rr.csv"] = rr_csv(seconds)
    if order.form != "csv":
        contents[".fit"] = fit_bytes(seconds, counts_strides=counts_strides(session.truth), serial=session.seed)
    return contents


def _put(folder: Path, name: str, contents: dict[str, str | bytes]) -> None:
    """The files of one run; what an older run of that name left beside them goes, its truth first."""
    for ending in reversed(_ENDINGS):
        (folder / f"{name}{ending}").unlink(missing_ok=True)
    for ending, content in contents.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / f"{name}{ending}").write_bytes(data)
