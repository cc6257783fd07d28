"""The panels of a picture: what was measured, kept quiet, weighed and said, each drawn into axes of its own."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from crampwatch.cli.console import LOOKS
from crampwatch.cli.moments import Event
from crampwatch.cli.offline import Watched
from crampwatch.cli.weighing import LADDER, above_quiet, marks_of
from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level, Quality
from crampwatch.wording import GATE_NAMES, LEVEL_WORDS
from processor.detect.pattern import thresholds_of
from processor.features.view import View

INK, FAINT, BAND, PAPER = "#1B2430", "#8A96A3", "#C9D6E3", "#FFFFFF"
LINES = {"bpm": "#B0413E", "spm": "#1F5FA8", "mps": "#3D7A4E"}
SIGN_COLOURS = {"U": "#1F5FA8", "H": "#B0413E", "L": "#7A5BA6"}
#: Level as height, colour and shape, never colour alone.
MARKERS = {Level.OK: "o", Level.WATCH: "D", Level.WARNING: "^", Level.IMMINENT: "^", Level.NOW: "^"}
#: Findings that are drawn as ticks below the levels, in this order.
TICKS = (
    (FindingKind.HITCH, "hitch"),
    (FindingKind.PAUSE, "pause"),
    (FindingKind.STOP, "stop"),
    (FindingKind.WALK_BREAK, "walk"),
    (FindingKind.RESUMED, "resumed"),
    (FindingKind.UNSTEADY, "unsteady"),
    (FindingKind.LEVEL_SHIFT, "shift"),
    (FindingKind.GRADUAL_DECLINE, "decline"),
    (FindingKind.FATIGUE, "fatigue"),
    (FindingKind.CRAMP_STOP, "sudden stop"),
    (FindingKind.OTHER, "other"),
)
#: A gap longer than this, and than three usual ones, is a gap in a line.
GAP_MS = 15 * SECOND_MS


def _column(run: Watched, read: Callable[[View], float | None]) -> tuple[list[float], list[float]]:
    """Times and values; NaN where the channel or the recording has a gap, so that no line crosses it."""
    times: list[float] = []
    values: list[float] = []
    first_ms = last_ms = run.views[0].at_ms
    gap_ms = max(GAP_MS, 3 * (run.views[-1].at_ms - first_ms) / len(run.views))
    for view in run.views:
        at_s = (view.at_ms - run.first_ms) / SECOND_MS
        if view.at_ms - last_ms > gap_ms:
            times.append(at_s - 1)
            values.append(float("nan"))
        value = read(view)
        times.append(at_s)
        values.append(float("nan") if value is None else value)
        last_ms = view.at_ms
    return times, values


def _name(axes: Axes, name: str, unit: str = "") -> None:
    axes.set_ylabel(f"{name}\n{unit}" if unit else name, rotation=0, ha="right", va="center")


def _key(axes: Axes) -> None:
    """The legend, outside, where it hides nothing."""
    axes.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), frameon=False, fontsize=8, handlelength=1.2)


def _absent(axes: Axes, words: str) -> None:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=FAINT, fontsize=9)
    axes.set_yticks([])


def _has(values: Sequence[float]) -> bool:
    return any(value == value for value in values)  # noqa: PLR0124 - NaN is the value that differs from itself


def heart(axes: Axes, run: Watched) -> None:
    """Heart rate."""
    times, values = _column(run, lambda view: view.bpm)
    _name(axes, "heart rate", "bpm")
    if not _has(values):
        _absent(axes, "no heart rate")
        return
    axes.plot(times, values, color=LINES["bpm"], linewidth=1.1)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def cadence(axes: Axes, run: Watched) -> None:
    """Cadence of running with the band that was expected, two spreads to each side."""
    times, values = _column(run, lambda view: view.spm)
    _name(axes, "cadence", "steps/min")
    if not _has(values):
        _absent(axes, "no cadence")
        return
    _, expected = _column(run, lambda view: view.expected_spm)
    _, spread = _column(run, lambda view: None if view.base is None else 2 * view.base.sigma_spm)
    low = [middle - wide for middle, wide in zip(expected, spread, strict=True)]
    high = [middle + wide for middle, wide in zip(expected, spread, strict=True)]
    axes.fill_between(times, low, high, color=BAND, linewidth=0, label="expected")
    axes.plot(times, values, color=LINES["spm"], linewidth=0.9, label="measured")
    running = sorted(value for value in values if value > 100)
    if running:
        middle = running[len(running) // 2]
        # Standing still is told by the ticks below; the panel is for the cadence of running.
        lowest = max(middle - 70, min(_there(values)) - 8)
        axes.set_ylim(max(0.0, lowest), min(max(_there(values)), middle + 45) + 5)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    _key(axes)


def _there(values: Sequence[float]) -> list[float]:
    """Those that are there."""
    return [value for value in values if value == value]  # noqa: PLR0124 - NaN differs from itself


def speed(axes: Axes, run: Watched) -> None:
    """Speed, smoothed over 8 s."""
    times, values = _column(run, lambda view: None if view.mps is None else view.smooth_mps)
    _name(axes, "speed", "m/s")
    if not any(value > 0 for value in values):
        _absent(axes, "no speed")
        return
    axes.plot(times, values, color=LINES["mps"], linewidth=1.1)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(3))


def qualities(axes: Axes, run: Watched) -> None:
    """How far each channel was trusted, as strips."""
    colours = {Quality.GOOD: "#BFD9C6", Quality.UNRELIABLE: "#F5C542"}
    rows = (("heart_rate", "heart rate"), ("cadence", "cadence"), ("speed", "speed"))
    for place, (channel, _) in enumerate(rows):
        for quality, colour in colours.items():
            spans = list(_spans(run, partial(_quality, channel=channel), quality))
            axes.broken_barh(spans, (place - 0.36, 0.72), facecolors=colour, linewidth=0)
            if quality is Quality.UNRELIABLE and spans:
                axes.broken_barh(
                    spans, (place - 0.36, 0.72), facecolors="none", edgecolor=INK, hatch="////", linewidth=0
                )
    _strip(axes, [name for _, name in rows])
    axes.plot([], [], color=colours[Quality.GOOD], linewidth=6, label="good")
    axes.fill_between(
        [], [], [], facecolor=colours[Quality.UNRELIABLE], hatch="////", edgecolor=INK, linewidth=0, label="unreliable"
    )
    axes.plot([], [], color="#E6EBF0", linewidth=6, label="missing")
    axes.set_facecolor("#F1F4F7")
    _key(axes)


def gates(axes: Axes, run: Watched, listed: Sequence[Event], held: Sequence[Gate]) -> None:
    """Which gates held, as strips."""
    if not held:
        _absent(axes, "no gate held: nothing was kept quiet")
        return
    end_s = run.duration_ms / SECOND_MS
    for place, gate in enumerate(held):
        spans = [
            (event.at_s, max(1.0, (end_s if event.until_s is None else event.until_s) - event.at_s))
            for event in listed
            if event.what == "gate" and event.name == gate
        ]
        axes.broken_barh(spans, (place - 0.36, 0.72), facecolors="#6F7F91", linewidth=0)
    _strip(axes, [GATE_NAMES[gate] for gate in held])
    axes.text(1.005, 0.5, " kept quiet by", transform=axes.transAxes, va="center", fontsize=8)


def _quality(view: View, channel: str) -> Quality | None:
    return view.quality.get(channel)


def _added(view: View, letters: Sequence[str]) -> float:
    return sum(view.parts.get(one, 0.0) for one in letters)


def _strip(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelsize=8)


def _spans(run: Watched, read: Callable[[View], object], wanted: object) -> Iterator[tuple[float, float]]:
    """Start and length of each stretch of one value."""
    index = 0
    for value, stretch in groupby(run.views, read):
        count = sum(1 for _ in stretch)
        first = run.views[index]
        index += count
        end = run.views[min(index, len(run.views) - 1)]
        if value == wanted:
            yield (first.at_ms - run.first_ms) / SECOND_MS, max(1.0, (end.at_ms - first.at_ms) / SECOND_MS)


def signs(axes: Axes, run: Watched) -> None:
    """What each kind of sign adds, stacked, on the scale on which the levels stand."""
    kinds: dict[str, tuple[str, ...]] = {"U": ("U", "V", "Q"), "H": ("H",), "L": ("L", "P", "F")}
    names = {"U": "unsteady", "H": "hitches", "L": "lower cadence"}
    columns: list[list[float]] = []
    for letters in kinds.values():
        times, values = _column(run, partial(_added, letters=letters))
        columns.append([0.0 if value != value else value for value in values])  # noqa: PLR0124 - NaN
    axes.stackplot(
        times,
        columns,
        colors=[SIGN_COLOURS[kind] for kind in kinds],
        labels=[names[kind] for kind in kinds],
        linewidth=0,
    )
    highest = 0.0
    for level, needed in _thresholds(run):
        highest = max(highest, needed)
        axes.axhline(needed, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.text(
            0.004,
            needed + 0.06,
            LEVEL_WORDS[level].lower(),
            transform=axes.get_yaxis_transform(),
            fontsize=7,
            color=FAINT,
        )
    axes.set_ylim(0, max(5.2, highest + 0.5))
    axes.set_yticks([])
    _name(axes, "signs", "what they weigh")
    _key(axes)


def _thresholds(run: Watched) -> Iterator[tuple[Level, float]]:
    for level, threshold in zip(LADDER[1:], thresholds_of(marks_of(run.profile)), strict=True):
        yield level, above_quiet(threshold)


def fatigue(axes: Axes, run: Watched) -> None:
    """The fatigue index with its marks."""
    times, values = _column(run, lambda view: view.fatigue)
    _name(axes, "fatigue index", "0 to 100")
    axes.set_ylim(0, 100)
    if not _has(values):
        _absent(axes, "no index: fewer than two of its terms could be measured")
        return
    axes.fill_between(times, values, color="#D9B98A", linewidth=0)
    axes.plot(times, values, color="#8A5A14", linewidth=1)
    axes.set_yticks([0, 40, 70, 100])
    for mark, word in ((40, "rising"), (70, "high")):
        axes.axhline(mark, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.text(1.006, mark / 100, word, transform=axes.transAxes, fontsize=8, color=FAINT, va="center")


def levels(axes: Axes, run: Watched, listed: Sequence[Event]) -> None:
    """Which level stood when; grey while there was nothing to compare with."""
    shown = [*LADDER, Level.NOW]
    from_s, end_s = max(0, run.views[0].at_ms - run.first_ms) / SECOND_MS, run.duration_ms / SECOND_MS
    spans = [event for event in listed if event.what == "level"]
    known_s = next(((view.at_ms - run.first_ms) / SECOND_MS for view in run.views if view.base is not None), end_s)
    if known_s > from_s:
        axes.axvspan(from_s, known_s, color="#F1F4F7", linewidth=0)
        if known_s - from_s > 0.12 * (end_s - from_s) or known_s == end_s:
            middle_s, words = (from_s + known_s) / 2, "nothing to compare\nwith yet"
            axes.text(middle_s, 2, words, ha="center", va="center", fontsize=8, color=FAINT)
    axes.plot([known_s, end_s], [0, 0], color=LOOKS[Level.OK][1], linewidth=2)
    for event in spans:
        colour, until = LOOKS[event.level][1], end_s if event.until_s is None else event.until_s
        rank = shown.index(event.level)
        axes.fill_between([event.at_s, until], [0, 0], [rank, rank], color=colour, alpha=0.35, linewidth=0)
        axes.plot([event.at_s, until], [rank, rank], color=colour, linewidth=2.5, solid_capstyle="butt")
        axes.plot([event.at_s], [rank], MARKERS[event.level], color=colour, markeredgecolor=INK, markersize=7, zorder=5)
    axes.set_ylim(-0.4, 4.5)
    axes.set_yticks(range(len(shown)), [f"{LOOKS[one][0]} {LEVEL_WORDS[one]}" for one in shown])
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.text(1.005, 0.5, " level", transform=axes.transAxes, va="center", fontsize=8)


def ticks(axes: Axes, run: Watched, kinds: Sequence[tuple[FindingKind, str]]) -> None:
    """Each finding as a tick, a row a kind."""
    if not kinds:
        _absent(axes, "no findings")
        return
    for place, (kind, _) in enumerate(kinds):
        found = [one for one in run.findings if one.kind is kind]
        at_s = [(one.at_ms - run.first_ms) / SECOND_MS for one in found]
        colour = LOOKS[Level.NOW][1] if kind is FindingKind.CRAMP_STOP else INK
        axes.plot(at_s, [place] * len(at_s), "|", color=colour, markersize=8, markeredgewidth=1.6)
    _strip(axes, [name for _, name in kinds])
    axes.text(1.005, 0.5, " findings", transform=axes.transAxes, va="center", fontsize=8)


def line(
    axes: Axes, run: Watched, name: str, unit: str, read: Callable[[View], float | None], marks: Sequence[float] = ()
) -> None:
    """One value that a detector wrote, with marks where it begins to count."""
    times, values = _column(run, read)
    _name(axes, name, unit)
    if not _has(values):
        _absent(axes, "not measured")
        return
    axes.plot(times, values, color=SIGN_COLOURS["L"], linewidth=1.2)
    for mark in marks:
        axes.axhline(mark, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.yaxis.set_major_locator(MaxNLocator(4))
