"""The picture of a run: its panels on one time axis."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from crampwatch.cli import panels
from crampwatch.cli.console import LOOKS
from crampwatch.cli.moments import events
from crampwatch.cli.offline import Watched
from crampwatch.units import SECOND_MS, Gate
from crampwatch.wording import LEVEL_WORDS

#: Where the panels begin, and what is left beside them, as shares of a width of 12 inches: room for names.
_LEFT, _RIGHT = 0.145, 0.115
_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": panels.FAINT,
    "axes.labelcolor": panels.INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": panels.INK,
    "ytick.color": panels.INK,
    "text.color": panels.INK,
    "svg.hashsalt": "crampwatch",
    "svg.fonttype": "none",
    "path.simplify": True,
    "path.simplify_threshold": 0.5,
}


#: The name of a panel stands so far beside it, inches.
_BESIDE_IN = 0.45
#: So far apart may the times on the axis be, seconds.
_STEPS_S = (60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400)
#: A panel: its height in inches, and what fills it.
Row = tuple[float, Callable[[Axes], None]]


def draw(run: Watched, path: Path) -> None:
    """Write the picture of a run, as PNG or SVG by the ending of the path.

    Raises:
        OSError: the file cannot be written.
    """
    save(run, rows_of(run), path, title=_short(run.name), words=_summary(run))


def save(run: Watched, rows: Sequence[Row], path: Path, *, title: str = "", words: str = "", wide: float = 12) -> None:
    """Write panels of a run on one time axis. The same run and panels give the same bytes.

    Raises:
        OSError: the file cannot be written.
    """
    with mpl.rc_context(_STYLE):
        figure = _stacked(run, rows, title, words, wide)
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else {}
        figure.savefig(path, dpi=120, metadata=metadata, facecolor=panels.PAPER)


def rows_of(run: Watched) -> list[Row]:
    """Every panel there is; strips are as high as what they show."""
    listed = events(run)
    held = [gate for gate in Gate if any(event.what == "gate" and event.name == gate for event in listed)]
    kinds = {finding.kind for finding in run.findings}
    found = [tick for tick in panels.TICKS if tick[0] in kinds]
    return [
        (1.5, lambda axes: panels.heart(axes, run)),
        (1.7, lambda axes: panels.cadence(axes, run)),
        (1.2, lambda axes: panels.speed(axes, run)),
        (0.75, lambda axes: panels.qualities(axes, run)),
        (0.25 * max(1, len(held)), lambda axes: panels.gates(axes, run, listed, held)),
        (1.5, lambda axes: panels.signs(axes, run)),
        (1.1, lambda axes: panels.fatigue(axes, run)),
        (1.3, lambda axes: panels.levels(axes, run, listed)),
        (0.25 * max(1, len(found)), lambda axes: panels.ticks(axes, run, found)),
    ]


def _stacked(run: Watched, rows: Sequence[Row], title: str, words: str, wide: float) -> Figure:
    above, below = (0.75 if title else 0.12), 0.55
    tall = sum(height for height, _ in rows) + 0.16 * len(rows) + above + below
    figure = Figure(figsize=(wide, tall))
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        len(rows),
        1,
        height_ratios=[height for height, _ in rows],
        left=_LEFT * 12 / wide,
        right=1 - _RIGHT * 12 / wide,
        top=1 - above / tall,
        bottom=below / tall,
        hspace=0.16,
    )
    drawn: list[Axes] = []
    for row, (_, fill) in enumerate(rows):
        axes = figure.add_subplot(grid[row, 0], sharex=drawn[0] if drawn else None)
        fill(axes)
        axes.tick_params(axis="x", labelbottom=row == len(rows) - 1)
        axes.yaxis.set_label_coords(-_BESIDE_IN / (wide - 12 * (_LEFT + _RIGHT)), 0.5)
        drawn.append(axes)
    _time_axis(drawn, run)
    left = _LEFT * 12 / wide
    figure.text(left, 1 - 0.32 / tall, title, fontsize=13, fontweight="bold", va="center")
    figure.text(left, 1 - 0.56 / tall, words, fontsize=9, color=panels.FAINT, va="center")
    return figure


def _summary(run: Watched) -> str:
    """The highest level, and what no picture of this kind can show."""
    worst = max((view.level for view in run.views), key=lambda level: level.rank)
    known = any(view.base is not None for view in run.views)
    highest = f"Highest level: {LOOKS[worst][0]} {LEVEL_WORDS[worst]}." if known else "Nothing could be said of it."
    return f"{highest}  Heart rate and cadence show a fatigue pattern; they cannot show or rule out a cramp."


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:57]}..."


def _time_axis(drawn: Sequence[Axes], run: Watched) -> None:
    last = drawn[-1]
    from_s = max(0, run.views[0].at_ms - run.first_ms) // SECOND_MS
    to_s = max(from_s + 60, run.duration_ms // SECOND_MS)
    long_run = to_s > 100 * 60
    last.set_xlim(from_s, to_s)
    step = next((one for one in _STEPS_S if (to_s - from_s) / one <= 12), (to_s - from_s) // 10)
    last.set_xticks([float(at) for at in range(-(-from_s // step) * step, to_s + 1, step)])
    small = 60 if long_run else 1
    last.set_xticklabels([f"{at // small // 60}:{at // small % 60:02}" for at in map(round, last.get_xticks())])
    last.set_xlabel("time into the run, h:mm" if long_run else "time into the run, mm:ss")
    for axes in drawn:
        axes.grid(axis="x", color="#E6EBF0", linewidth=0.8)
        axes.set_axisbelow(True)
