"""Recorded runs as samples: CSV rows (t_s, hr_bpm, cadence_spm, speed_mps, ...) as a chest strap and a foot pod
would have measured them.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from crampwatch.events import CadenceMeasured, HeartRateMeasured, Sample, SpeedMeasured
from crampwatch.units import CadenceUnit
from tests.support import needs
from tests.support.clocks import START_MS


class Wearing:
    """Counts the sequence of one athlete's two sensors while samples are built."""

    def __init__(self, strap: str = "strap-1", pod: str = "pod-1") -> None:
        self._strap, self._pod = strap, pod
        self._seq = {strap: 0, pod: 0}

    def second(
        self,
        at_ms: int,
        *,
        bpm: float | None = None,
        spm: float | None = None,
        mps: float | None = None,
        rr_ms: tuple[float, ...] = (),
    ) -> list[Sample]:
        """What one second gives, heart rate first; None is a channel that says nothing."""
        found: list[Sample] = []
        if bpm is not None:
            seq = self._next(self._strap)
            found.append(HeartRateMeasured(at_ms=at_ms, device=self._strap, seq=seq, bpm=int(bpm), rr_ms=rr_ms))
        if spm is not None:
            found.append(
                CadenceMeasured(
                    at_ms=at_ms,
                    device=self._pod,
                    seq=self._next(self._pod),
                    spm=spm,
                    raw_per_min=spm,
                    unit=CadenceUnit.STEPS,
                    decided_by="recording",
                )
            )
        if mps is not None:
            found.append(SpeedMeasured(at_ms=at_ms, device=self._pod, seq=self._next(self._pod), mps=mps))
        return found

    def _next(self, device: str) -> int:
        self._seq[device] += 1
        return self._seq[device]


def recorded() -> list[Path]:
    """Every recorded run and walk."""
    folder = needs.data()
    every = sorted((folder / "runs").glob("*.csv")) + sorted((folder / "walks").glob("*.csv"))
    return [path for path in every if not path.stem.endswith(("_ev", "_rr"))]


def samples(path: Path, start_ms: int = START_MS) -> Iterator[Sample]:
    """One recording as samples; a value outside any sensor's range was never sent."""
    wearing = Wearing()
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            bpm, spm, mps = (_number(row.get(name)) for name in ("hr_bpm", "cadence_spm", "speed_mps"))
            yield from wearing.second(
                start_ms + round(float(row["t_s"]) * 1_000),
                bpm=bpm if bpm is not None and 1 <= bpm <= 300 else None,
                spm=spm if spm is not None and 0 <= spm <= 510 else None,
                mps=mps if mps is not None and 0 <= mps <= 256 else None,
            )


def _number(text: str | None) -> float | None:
    return float(text) if text else None
