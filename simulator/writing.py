"""Runs as files: CSV with the columns that recorded runs have, beats beside them, and the truth as JSON."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from .faults import IN_STRIDES
from .session import Second, Session, Truth

HEADER = "t_s,hr_bpm,cadence_spm,speed_mps,altitude_m,distance_m"
RR_HEADER = "t_s_of_preceding_record,rr_s"
#: What a truth says first; everything else comes after.
_FIRST = ("family", "onset_s", "prodrome_s", "silent")


def ascending(seconds: Iterable[Second]) -> Iterator[Second]:
    """Without those that come twice or from before: files and virtual watches know no time that goes back."""
    last_s = float("-inf")
    for one in seconds:
        if one.t_s > last_s:
            last_s = one.t_s
            yield one


def counts_strides(truth: Truth) -> bool:
    """Whether the watch of this run counted strides where others count steps."""
    return any(what == IN_STRIDES for _, _, what in truth.faulty_s)


def run_csv(seconds: Iterable[Second]) -> str:
    """The run as CSV, a row for each second given; empty where a sensor had nothing."""
    rows = (
        f"{one.t_s:.1f},{_text(one.bpm)},{_text(one.spm)},{_text(one.mps, 2)},"
        f"{_text(one.altitude_m, 1)},{_text(one.distance_m, 1)}"
        for one in seconds
    )
    return "\n".join((HEADER, *rows)) + "\n"


def rr_csv(seconds: Iterable[Second]) -> str:
    """The beats as CSV, in the order in which they came; the header alone where none were drawn."""
    rows = (f"{one.t_s:.1f},{rr_ms / 1_000:.4f}" for one in seconds for rr_ms in one.rr_ms)
    return "\n".join((RR_HEADER, *rows)) + "\n"


def truth_json(session: Session, **made_by: object) -> str:
    """The truth about a run as JSON.

    Args:
        session: the run.
        made_by: told after the truth: generator, version, fingerprint.
    """
    return json.dumps(truth_of(session) | made_by, indent=1, ensure_ascii=False) + "\n"


def truth_of(session: Session) -> dict[str, Any]:
    """The truth as plain values: what scoring reads first, then the rest, then the seed and the runner."""
    told = asdict(session.truth)
    first = {name: told.pop(name) for name in _FIRST}
    stops = [[round(start, 1), round(end, 1)] for start, end in session.truth.stops_s]
    faulty = [[round(start, 1), round(end, 1), what] for start, end, what in session.truth.faulty_s]
    ours = {"stops_s": stops, "faulty_s": faulty, "seed": session.seed, "traits": dict(session.traits)}
    return first | told | ours


def _text(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:.{digits}f}"
