"""Traces in files, so that an evaluation that was ended goes on where it was: a line of JSON, then the numbers."""

import contextlib
import json
import os
import sys
import zlib
from array import array
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile

from crampwatch.errors import Misconfigured
from simulator.session import Truth

from .trace import Alarm, Trace

_FORMAT = 1


def to_bytes(trace: Trace) -> bytes:
    """A trace without its channels."""
    head = {
        "format": _FORMAT,
        "order": sys.byteorder,
        "n": len(trace.score),
        "name": trace.name,
        "truth": asdict(trace.truth),
        "warnings": [asdict(one) for one in trace.warnings],
        "prompts": trace.prompts,
    }
    body = zlib.compress(trace.at_s.tobytes() + trace.score.tobytes() + bytes(trace.flags), level=1)
    return json.dumps(head, allow_nan=False).encode() + b"\n" + body


def from_bytes(data: bytes) -> Trace:
    """The trace that gave these bytes.

    Raises:
        ValueError: it is none of this format and machine, or was cut short.
    """
    try:
        line, _, packed = data.partition(b"\n")
        head, body = json.loads(line), zlib.decompress(packed)
        n = head["n"]
        if (head["format"], head["order"]) != (_FORMAT, sys.byteorder) or len(body) != 17 * n:
            raise ValueError("not of this format")
        at_s, score = array("d", body[: 8 * n]), array("d", body[8 * n : 16 * n])
        warnings = tuple(Alarm(**one | {"because": tuple(one["because"])}) for one in head["warnings"])
        truth = truth_of(head["truth"])
        return Trace(head["name"], truth, at_s, score, bytearray(body[16 * n :]), warnings, tuple(head["prompts"]))
    except (zlib.error, KeyError, TypeError) as error:
        raise ValueError(f"not a kept trace: {error}") from error


def truth_of(plain: dict[str, object]) -> Truth:
    """A truth from what JSON makes of it: lists become tuples again."""
    return Truth(**{name: _frozen(value) for name, value in plain.items()})  # type: ignore[arg-type]


def made(work: Path, key: str) -> Path:
    """The folder for what is kept under a key, made where it is not there.

    Raises:
        Misconfigured: it cannot be made or written to.
    """
    folder = work / key
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise unusable(work, error) from error
    return folder


def unusable(work: Path, error: OSError) -> Misconfigured:
    """What to say when nothing can be kept."""
    return Misconfigured("--work", f"{work}: {error.strerror or error}: name a folder that can be written to")


class Shelf:
    """A folder of kept traces of one method over one version of everything.

    Args:
        folder: made where it is not there.
        key: names what the traces depend on; other keys do not see them.

    Raises:
        Misconfigured: the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder = made(folder, key)

    def get(self, name: str) -> Trace | None:
        """The kept trace, or None; one that cannot be read is none."""
        with contextlib.suppress(OSError, ValueError):
            return from_bytes(self._path(name).read_bytes())
        return None

    def put(self, name: str, trace: Trace) -> None:
        """Keep a trace. It is there whole or not at all, whenever the process ends."""
        path = self._path(name)
        half = path.with_suffix(f".{os.getpid()}")
        half.write_bytes(to_bytes(trace))
        half.replace(path)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.trace"


def _frozen(value: object) -> object:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value
