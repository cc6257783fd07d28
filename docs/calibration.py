"""How like recorded runs simulated ones are: ``python -m docs.calibration`` writes table and picture of simulator.md.

It needs the recorded runs (``CRAMPWATCH_DATA``, a folder that holds ``runs/*.csv`` and ``manifest.csv``), numpy, and
for the picture matplotlib.
"""

import csv
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from collector.recordings import load
from crampwatch.errors import Refused
from simulator.draw import draw
from simulator.families import FAMILIES
from simulator.writing import ascending

PAGE = Path(__file__).parent / "simulator.md"
PICTURE = Path(__file__).parent / "images" / "calibration.png"
#: Runs of each family that are compared; these seeds are for looking only.
SEEDS = range(900_000, 900_004)
_BLOCK = re.compile(
    r"(?<=<!-- calibration: made by docs/calibration.py -->\n).*?(?=<!-- end of calibration -->)", re.DOTALL
)
_WINDOW_S, _EDGE_S = 180, 20
_RUNNING_SPM = 135
#: A stop: slower than this for so long, or a silence of the watch (which has paused itself).
_STANDING_MPS, _STOP_S, _SILENT_S = 0.6, 5.0, 30.0
#: Not the road: stops and turns are others there.
_ELSEWHERE = {"treadmill", "track", "trail", "walk-dominant"}
_LAGS_S = (1, 5, 10, 30)
Values = Mapping[str, float]


@dataclass(frozen=True)
class Track:
    """One run, recorded or simulated: a value per row, NaN where there was none.

    ``road`` says that its stops are those of a road.
    """

    name: str
    road: bool
    t_s: Any
    spm: Any
    bpm: Any
    mps: Any


@dataclass(frozen=True)
class Quantity:
    """Something that is compared: its heading, and how it is written."""

    heading: str
    form: str = "{:.2f}"


QUANTITIES: Mapping[str, Quantity] = {
    "spread": Quantity("cadence: spread within 180 s, spm"),
    **{f"acf_{lag}": Quantity(f"cadence: autocorrelation at {lag} s") for lag in _LAGS_S},
    "step_5": Quantity("cadence: mean change over 5 s, spm"),
    "repeated": Quantity("cadence: share of repeated values"),
    "slope": Quantity("cadence: slope of its spectrum, 1/90 to 1/5 Hz"),
    "heart_step": Quantity("heart rate: mean change from second to second, bpm"),
    "speed_spread": Quantity("speed: spread within 180 s as a share of its mean", "{:.3f}"),
    "stops_per_h": Quantity("stops an hour, on the road", "{:.1f}"),
}


def recorded(folder: Path) -> Iterator[Track]:
    """Every recorded run, repaired as crampwatch reads it."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        tags = {Path(row["file"]).stem: set(row["tags"].split("|")) for row in csv.DictReader(file)}
    for path in sorted((folder / "runs").glob("*.csv")):
        if path.stem.endswith(("_ev", "_rr")):
            continue
        try:
            points = load(path)[0].points
        except Refused:
            continue
        rows = [(at_s, one.cadence_per_min, one.bpm, one.speed_mps) for at_s, one in points]
        yield _track(path.stem, rows, road=not tags.get(path.stem, set()) & _ELSEWHERE)


def simulated(seeds: Iterable[int] = SEEDS) -> Iterator[Track]:
    """Some runs of every family without a cramp."""
    for seed in seeds:
        for family in FAMILIES:
            session = draw(seed, family)
            rows = [(one.t_s, one.spm, one.bpm, one.mps) for one in ascending(session.seconds)]
            yield _track(session.name, rows, road=family != "trail")


def _track(name: str, rows: Sequence[tuple[float | None, ...]], *, road: bool) -> Track:
    columns = np.array([[math.nan if value is None else value for value in row] for row in rows], float).T
    return Track(name, road, *columns)


def measured(track: Track) -> Values:
    """What can be said of a run; a quantity is missing where the run has too little of it."""
    found: dict[str, float] = {}
    windows = list(_windows(track))
    if len(windows) >= 3:
        each = [_of_window(track.spm[rows]) for rows in windows]
        found |= {name: float(np.median([one[name] for one in each])) for name in each[0]}
        found["heart_step"] = _median(
            np.nanmean(np.abs(np.diff(track.bpm[rows]))) for rows in windows if _full(track.bpm[rows])
        )
        speeds = [track.mps[rows] for rows in windows if _full(track.mps[rows])]
        found["speed_spread"] = _median(np.std(one) / np.mean(one) for one in speeds)
    if track.road:
        found["stops_per_h"] = _stops(track)
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _windows(track: Track) -> Iterator[slice]:
    """Stretches of 180 s at 1 Hz in the middle of running."""
    begin = 0
    steady = np.diff(track.t_s)
    for row in range(len(track.t_s) + 1):
        ends = row == len(track.t_s) or not track.spm[row] > _RUNNING_SPM
        if not ends and (row == begin or 0.5 < steady[row - 1] < 1.5):
            continue
        for start in range(begin + _EDGE_S, row - _EDGE_S - _WINDOW_S + 1, _WINDOW_S):
            yield slice(start, start + _WINDOW_S)
        begin = row + 1 if ends else row


def _of_window(spm: Any) -> dict[str, float]:
    away = spm - spm.mean()
    power = float(away @ away)
    found = {"spread": float(away.std())}
    for lag in _LAGS_S:
        found[f"acf_{lag}"] = float(away[:-lag] @ away[lag:]) / power * len(away) / (len(away) - lag) if power else 1.0
    found["step_5"] = float(np.abs(spm[5:] - spm[:-5]).mean())
    found["repeated"] = float((np.diff(spm) == 0).mean())
    found["slope"] = _slope(away)
    return found


def _slope(away: Any) -> float:
    """Of the logarithm of power over that of frequency; white noise has 0."""
    hz, density = spectrum(away)
    chosen = (hz >= 1 / 90) & (hz <= 1 / 5) & (density > 0)
    return float(np.polyfit(np.log(hz[chosen]), np.log(density[chosen]), 1)[0]) if chosen.sum() > 5 else math.nan


def spectrum(away: Any) -> tuple[Any, Any]:
    """Frequencies (Hz) and power of a window, tapered."""
    density = np.abs(np.fft.rfft(away * np.hanning(len(away)))) ** 2 / len(away)
    return np.fft.rfftfreq(len(away), 1.0)[1:], density[1:]


def _stops(track: Track) -> float:
    """An hour, leaving out the first and the last minute."""
    stops, since = 0, math.nan
    for (at_s, mps), (next_s, _) in pairwise(zip(track.t_s, track.mps, strict=True)):
        inside = track.t_s[0] + 60 < at_s < track.t_s[-1] - 60
        if inside and next_s - at_s >= _SILENT_S:
            stops, since = stops + 1, -math.inf
        elif not mps < _STANDING_MPS or not inside:
            since = math.nan
        elif math.isnan(since):
            since = at_s
        if next_s - since >= _STOP_S and since > -math.inf:
            stops, since = stops + 1, -math.inf
    hours = (track.t_s[-1] - track.t_s[0]) / 3_600
    return stops / hours if hours > 0.25 and not np.isnan(track.mps).all() else math.nan


def _full(values: Any) -> bool:
    return bool(np.isfinite(values).all())


def _median(values: Iterable[float]) -> float:
    every = list(values)
    return float(np.median(every)) if every else math.nan


@dataclass(frozen=True)
class Row:
    """One quantity compared: how many runs have it, quantiles (10, 50, 90 %) of both."""

    name: str
    runs: int
    real: tuple[float, float, float]
    made: tuple[float, float, float]

    @property
    def within(self) -> bool:
        """The simulated median lies where eight in ten recorded runs lie."""
        return self.real[0] <= self.made[1] <= self.real[2]


def compared(real: Sequence[Values], made: Sequence[Values]) -> list[Row]:
    """Every quantity, in order."""
    rows = []
    for name in QUANTITIES:
        ours, theirs = ([one[name] for one in runs if name in one] for runs in (real, made))
        rows.append(Row(name, len(ours), _quantiles(ours), _quantiles(theirs)))
    return rows


def _quantiles(values: Sequence[float]) -> tuple[float, float, float]:
    low, middle, high = np.percentile(values, (10, 50, 90))
    return float(low), float(middle), float(high)


def table(rows: Iterable[Row]) -> str:
    """As it stands in the page."""
    lines = [
        "| quantity (median of a run) | runs | recorded: median (10-90 %) | simulated: median (10-90 %) | within |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        quantity = QUANTITIES[row.name]
        told = [[quantity.form.format(value) for value in three] for three in (row.real, row.made)]
        shown = " | ".join(f"{middle} ({low} to {high})" for low, middle, high in told)
        lines.append(f"| {quantity.heading} | {row.runs} | {shown} | {'yes' if row.within else '**no**'} |")
    return "\n".join(lines) + "\n"


def draw_picture(real: Sequence[Track], made: Sequence[Track], path: Path) -> None:
    """Spectrum and autocorrelation of cadence, and its spread, of both."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    curves: tuple[tuple[str, Callable[[Any], Any]], ...] = (("spectrum", _power), ("autocorrelation", _memory))
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
    for tracks, colour, label in ((real, "#3E8FD0", "recorded"), (made, "#E0803A", "simulated")):
        chosen = [[track.spm[rows] - track.spm[rows].mean() for rows in _windows(track)] for track in tracks]
        chosen = [windows for windows in chosen if len(windows) >= 3]
        for axis, (name, curve) in zip(axes, curves, strict=False):
            each = np.array([np.median([curve(one) for one in windows], axis=0) for windows in chosen])
            low, middle, high = np.percentile(each, (10, 50, 90), axis=0)
            across = spectrum(chosen[0][0])[0] if name == "spectrum" else np.arange(len(middle))
            axis.fill_between(across, low, high, color=colour, alpha=0.2, linewidth=0)
            axis.plot(across, middle, color=colour, label=f"{label} ({len(each)} runs)")
        spreads = [float(np.median([one.std() for one in windows])) for windows in chosen]
        shares = np.full(len(spreads), 1 / len(spreads))
        axes[2].hist(spreads, bins=np.arange(0, 8.1, 0.5), weights=shares, color=colour, alpha=0.5, label=label)
    axes[0].set(xscale="log", yscale="log", xlabel="Hz", ylabel="spm²", title="Power of cadence within 180 s")
    axes[1].set(xlabel="s", ylim=(-0.4, 1.02), title="Autocorrelation of cadence")
    axes[2].set(xlabel="spm", ylabel="share of runs", title="Spread of cadence within 180 s")
    for axis in axes:
        axis.legend(frameon=False)
        axis.grid(alpha=0.25)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _power(away: Any) -> Any:
    return spectrum(away)[1]


def _memory(away: Any) -> Any:
    power = float(away @ away) or 1.0
    return np.array([float(away[: len(away) - lag] @ away[lag:]) / power for lag in range(61)])


def main() -> None:
    """Write both."""
    folder = Path(os.environ.get("CRAMPWATCH_DATA", ""))
    if not (folder / "manifest.csv").is_file():
        raise SystemExit("no recorded runs: set CRAMPWATCH_DATA to a folder that holds runs/*.csv and manifest.csv")
    real = list(recorded(folder))
    made = list(simulated())
    written = table(compared([measured(one) for one in real], [measured(one) for one in made]))
    print(written)
    PAGE.write_text(_BLOCK.sub(lambda _: written, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    draw_picture(real, made, PICTURE)


if __name__ == "__main__":
    main()
