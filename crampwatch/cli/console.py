"""What the terminal shows: a live line per runner, each alert as it comes, progress on anything long."""

import logging
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import TextIOWrapper

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.logging import RichHandler
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from crampwatch.errors import CrampwatchError, Refused
from crampwatch.events import Alert
from crampwatch.extras import as_installed, checkout
from crampwatch.logs import JsonLines, PlainLines, goes_to_journal, printable
from crampwatch.settings import Settings
from crampwatch.units import Level
from crampwatch.wording import LEVEL_WORDS

log = logging.getLogger(__name__)

out = Console()
errors = Console(stderr=True)

#: Shape and colour of a level, the same as on the pages: safe for the colour-blind, never colour alone.
LOOKS = {
    Level.OK: ("●", "#3E8FD0"),
    Level.WATCH: ("◆", "#F5C542"),
    Level.WARNING: ("▲", "#FF5C7A"),
    Level.IMMINENT: ("▲", "#FF5C7A"),
    Level.NOW: ("▲", "#FF5C7A"),
}
STALE_MS = 10_000


def plain(foreign: object, style: str = "") -> Text:
    """Words from elsewhere (a name, a sensor, a file) as they stand: no markup, and nothing that steers a terminal."""
    return Text(printable(str(foreign)), style=style)


def say_all(console: Console) -> None:
    """Let a console replace what its terminal has no letters for; a missing dot is better than no line."""
    if isinstance(console.file, TextIOWrapper):
        console.file.reconfigure(errors="replace")


def set_up_logging(level: str, settings: Settings | None = None, process: str = "crampwatch") -> None:
    """Log to stderr, one line a record, with what our own packages say from ``level`` up.

    As ``settings.log_format`` says: JSON; or text, which is coloured on a terminal, plain in a file or a pipe, and
    without a date of its own where the journal of systemd dates it.

    Args:
        level: the least that is said.
        settings: the format, and the ids under which services speak; None is text.
        process: who speaks in JSON where no service does, such as the service that runs alone.
    """
    logging.basicConfig(level=logging.WARNING, handlers=[_handler(settings, process)], force=True)
    for package in ("crampwatch", "collector", "processor", "alerts", "dashboard"):
        logging.getLogger(package).setLevel(level.upper())


def _handler(settings: Settings | None, process: str) -> logging.Handler:
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if settings is not None and settings.log_format == "json":
        sections = ("collector", "processor", "alerts", "dashboard")
        services = {name: str(getattr(settings, name).id) for name in sections}
        handler.setFormatter(JsonLines(services, services.get(process, process)))
    elif errors.is_terminal:
        handler = RichHandler(console=errors, show_path=False, markup=False, rich_tracebacks=True)
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s", "%H:%M:%S"))
    else:
        handler.setFormatter(PlainLines(journal=goes_to_journal(sys.stderr)))
    return handler


def tell_error(error: CrampwatchError) -> None:
    """Name what ended a command, on stderr in one line, in the log's own format where that is JSON."""
    said = as_installed(str(error), checkout())
    if any(isinstance(handler.formatter, JsonLines) for handler in logging.root.handlers):
        log.error("%s", said)
        return
    # As text, not as markup: a path or a value may hold brackets. Unwrapped: one error, one line.
    errors.print(Text.assemble(("error:", "bold red"), " ", plain(said)), soft_wrap=True)


def tell_refused(refused: Refused) -> None:
    """Name a file that cannot be used, on stderr in one line."""
    errors.print(Text.assemble(("refused", "red"), f" ({refused.reason}): ", plain(refused)), soft_wrap=True)


def progress() -> Progress:
    """A bar for anything that takes longer than two seconds; gone when done, and not there in a file or a pipe."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )


@dataclass
class Line:
    """What is known of one runner right now."""

    name: str
    started_ms: int | None = None
    at_ms: int | None = None
    bpm: int | None = None
    spm: float | None = None
    level: Level = Level.OK
    motion: str = ""
    because: str = ""
    sensors: dict[str, str] = field(default_factory=dict)


def clock_text(milliseconds: int) -> str:
    """``h:mm:ss`` of a duration."""
    seconds = max(0, milliseconds) // 1_000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def line_table(lines: Iterable[Line], now_ms: int) -> Table:
    """A row per runner: missing is missing, stale says how old."""
    table = Table(box=None, pad_edge=False, expand=False)
    for heading, justify in (("runner", "left"), ("time", "right"), ("bpm", "right"), ("spm", "right")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # rich names its literals privately
    table.add_column("state")
    table.add_column("because", overflow="ellipsis", no_wrap=True, max_width=58)
    for line in lines:
        name = plain(line.name)
        age_ms = None if line.at_ms is None else now_ms - line.at_ms
        if age_ms is None or line.at_ms is None or line.started_ms is None:
            table.add_row(name, "-", "-", "-", Text("○ waiting for a sensor", style="dim"), "")
            continue
        run_time = clock_text(line.at_ms - line.started_ms)
        if age_ms > STALE_MS:
            table.add_row(name, run_time, "-", "-", Text(f"○ no signal for {age_ms // 1000} s", style="dim"), "")
            continue
        (shape, colour), word = LOOKS[line.level], LEVEL_WORDS[line.level]
        table.add_row(
            name,
            run_time,
            "-" if line.bpm is None else str(line.bpm),
            "-" if line.spm is None else f"{line.spm:.0f}",
            Text(f"{shape} {word}" + (f" ({line.motion})" if line.motion else ""), style=colour),
            plain(line.because),
        )
    return table


def alert_panel(alert: Alert, name: str, run_ms: int) -> Panel:
    """One alert: whose, when in the run, why, and the first step."""
    _, colour = LOOKS[alert.level]
    rows: list[RenderableType] = [plain(one, "dim") for one in alert.because[:2]]
    if alert.steps:
        rows.append(Text.assemble(("First: ", "bold"), plain(alert.steps[0].text)))
    if alert.question:
        rows.append(plain(alert.question, "italic"))
    title = Text.assemble(plain(f"{clock_text(run_ms)}  {name}  ", "bold"), plain(alert.title))
    return Panel(Group(*rows), title=title, title_align="left", border_style=colour, expand=False)


class Screen:
    """The live lines at the bottom of the terminal, alerts scrolling above; plain lines when output is a file."""

    def __init__(self) -> None:
        self._live = Live(console=out, refresh_per_second=4, transient=True) if out.is_terminal else None

    def __enter__(self) -> "Screen":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, lines: Iterable[Line], now_ms: int) -> None:
        """Draw the live lines again."""
        if self._live is not None:
            self._live.update(line_table(lines, now_ms))

    def say(self, what: RenderableType) -> None:
        """Print above the live lines; it stays."""
        out.print(what)
