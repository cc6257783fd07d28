"""The generated parts of the pages on detectors: their settings, and a figure each of a recorded run.

Prose is written by hand; what stands between two markers is made here. A figure is drawn from a recorded run of a
public repository under a permissive licence; without those recordings, or without the matplotlib that is pinned, the
figures that are there stay.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from docs.setting_tables import settings_tables

FOLDER = Path(__file__).parent / "detectors"
IMAGES = FOLDER / "images"
ROOT = Path(__file__).parent.parent
PROCESSOR = ROOT / "processor"
#: What makes the same bytes of a figure.
MATPLOTLIB = "3.11.2"
_BLOCK = "<!-- {0}: made by docs/generate.py -->\n{1}\n<!-- end of {0} -->"
_BLOCKS = re.compile(r"<!-- (settings|figure): made by docs/generate.py -->\n(.*?)\n<!-- end of \1 -->", re.DOTALL)
#: What makes a row of a picture, from the run that is drawn and the run with all its seconds.
Panel = Callable[[Any, Any], tuple[float, Callable[[Any], None]]]


@dataclass(frozen=True)
class Recording:
    """A recorded run that may be shown: its file among the recordings, where it comes from, and its licence."""

    file: str
    repository: str
    path: str
    licence: str
    sha256: str

    @property
    def credit(self) -> str:
        """Who is to be thanked."""
        address = f"https://github.com/{self.repository}"
        return f"Recording: [{self.repository}]({address}), `{self.path}`, {self.licence}."


@dataclass(frozen=True)
class Page:
    """What is generated of a page: settings of these modules, and a figure.

    Attributes:
        modules: paths under ``processor``, without their ending.
        recording: the run that is drawn.
        from_s: from this time into the run.
        to_s: to this one.
        rows: the panels, by the names of :data:`PANELS`.
        caption: what is to be seen.
        pause_s: "just a pause" is answered at this time; None: nobody answers.
    """

    modules: tuple[str, ...]
    recording: str
    from_s: int
    to_s: int
    rows: tuple[str, ...]
    caption: str
    pause_s: int | None = None


def pages() -> dict[Path, str]:
    """Every page as it should be, and the list of them."""
    texts = {FOLDER / f"{name}.md": _filled(name, page) for name, page in PAGES.items()}
    texts[FOLDER / "index.md"] = _index()
    return texts


def _filled(name: str, page: Page) -> str:
    made = {"settings": _settings(page), "figure": _figure(name, page)}
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    return _BLOCKS.sub(lambda found: _BLOCK.format(found[1], made[found[1]]), text)


def _settings(page: Page) -> str:
    tables = [table for module in page.modules for table in settings_tables(PROCESSOR / f"{module}.py")]
    return "\n".join(tables).rstrip() if tables else "It has no settings."


def _figure(name: str, page: Page) -> str:
    recording = RECORDINGS[page.recording]
    alt = f"{name} on a recorded run"
    return f"![{alt}](images/{name}.svg)\n\n{page.caption} {recording.credit}\n\n<!-- drawn from {drawn_from(page)} -->"


def drawn_from(page: Page) -> str:
    """What a figure was drawn from, as a number: the recording's bytes and what of it is shown."""
    recording = RECORDINGS[page.recording]
    shown = f"{recording.sha256}/{page.from_s}/{page.to_s}/{page.rows}/{page.pause_s}"
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def _index() -> str:
    rows = [
        "# What each detector does\n",
        "<!-- Made by docs/generate.py from the pages. -->\n",
        "A page each: what it notices and for whom, its formula, its settings with their origin, how it looks on a",
        "recorded run, and when it is wrong. The algorithm as a whole, with its sources, is in",
        "[Detectors](../detectors.md); how to add one of your own in [plug-ins](../plugins.md).\n",
        "| page | in a line |",
        "|---|---|",
    ]
    for name in PAGES:
        title, line = _head((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
        rows.append(f"| [{title}]({name}.md) | {line} |")
    return "\n".join(rows) + "\n"


def _head(text: str) -> tuple[str, str]:
    """A page's title and the sentence below it."""
    title, _, rest = text.partition("\n\n")
    return title.removeprefix("# "), rest.partition("\n\n")[0].replace("\n", " ")


def can_draw() -> str | None:
    """Why no figure can be drawn here, in words; None when all can."""
    if importlib.util.find_spec("matplotlib") is None or importlib.metadata.version("matplotlib") != MATPLOTLIB:
        return f"figures are drawn by matplotlib {MATPLOTLIB} only; they stay as they are"
    folder = Path(os.environ.get("CRAMPWATCH_DATA", "")) / "runs"
    if not all((folder / one.file).is_file() for one in RECORDINGS.values()):
        return "figures need CRAMPWATCH_DATA, a folder that holds the recorded runs; they stay as they are"
    return None


def draw(into: Path = IMAGES) -> Iterator[str]:
    """Draw every figure; says what was done."""
    if (why := can_draw()) is not None:
        yield why
        return
    into.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        path = into / f"{name}.svg"
        _draw(page, path)
        yield f"drew docs/detectors/images/{path.name}, {path.stat().st_size // 1024} KB"


def _draw(page: Page, path: Path) -> None:
    from crampwatch.cli import plotting

    whole = _watched(page.recording, page.pause_s)
    from_ms, to_ms = (whole.first_ms + at_s * 1_000 for at_s in (page.from_s, page.to_s))
    run = replace(
        whole,
        views=[view for view in whole.views if from_ms <= view.at_ms <= to_ms],
        findings=[one for one in whole.findings if from_ms <= one.at_ms <= to_ms],
    )
    # A picture that is shown 9 inches wide has no room for more points than this.
    step = max(1, len(run.views) // 400)
    drawn = replace(run, views=run.views[::step])
    rows = [PANELS[row](drawn, run) for row in page.rows]
    plotting.save(drawn, rows, path, wide=9)
    text = path.read_text(encoding="utf-8")
    short = re.sub(r' d="[^"]*"', lambda found: re.sub(r"(\d+\.\d)\d+", r"\1", found[0]), text)
    path.write_text("\n".join(line.rstrip() for line in short.splitlines()) + "\n", encoding="utf-8")


@cache
def _watched(recording: str, pause_s: int | None) -> Any:
    from collector.offline import samples_of
    from collector.recordings import load
    from crampwatch.cli.offline import ATHLETE, SESSION, Watched
    from processor.athlete import Athlete
    from processor.labels import Label

    file = Path(os.environ["CRAMPWATCH_DATA"]) / "runs" / RECORDINGS[recording].file
    (loaded,) = load(file)
    samples = samples_of(loaded)
    machine = Athlete(ATHLETE, SESSION)
    if pause_s is not None:
        machine.tell(Label(samples[0].at_ms + pause_s * 1_000, "pause"))
    outcomes = [machine.observe(samples), machine.flush()]
    views = [view for outcome in outcomes for view in outcome.views]
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    return Watched(loaded.name, samples[0].at_ms, views, findings)


def _panel(height: float, name: str) -> Panel:
    """A panel of the pictures that needs the run and nothing else."""

    def made(drawn: Any, _run: Any) -> tuple[float, Callable[[Any], None]]:
        from crampwatch.cli import panels

        return height, lambda axes: getattr(panels, name)(axes, drawn)

    return made


def _value(name: str, unit: str, field: str, *marks: float) -> Panel:
    """A panel of one field of the view."""

    def made(drawn: Any, _run: Any) -> tuple[float, Callable[[Any], None]]:
        from crampwatch.cli import panels

        return 1.1, lambda axes: panels.line(axes, drawn, name, unit, lambda view: getattr(view, field), marks)

    return made


def _strip(which: int) -> Panel:
    """The strips of the pictures whose height depends on the run: of the last panels by their place."""

    def made(_drawn: Any, run: Any) -> tuple[float, Callable[[Any], None]]:
        from crampwatch.cli import plotting

        return plotting.rows_of(run)[which]

    return made


PANELS: dict[str, Panel] = {
    "heart": _panel(1.2, "heart"),
    "cadence": _panel(1.4, "cadence"),
    "speed": _panel(1.0, "speed"),
    "qualities": _panel(0.7, "qualities"),
    "signs": _panel(1.4, "signs"),
    "index": _panel(1.0, "fatigue"),
    "gates": _strip(4),
    "levels": _strip(7),
    "findings": _strip(8),
    "unsteadiness": _value("unsteadiness", "times usual", "unsteadiness", 1.3, 1.6),
    "roughening": _value("roughening", "logarithm", "roughening", 0.0),
    "quick": _value("quick roughening", "logarithm", "quick_roughening", 0.0),
    "shortfall": _value("shortfall", "spreads", "shortfall_sigma", 0.0),
    "falling": _value("fall", "spreads", "falling_sigma", 0.0),
    "cusum": _value("CUSUM", "S", "cusum", 8.0),
    "deficit": _value("cadence down", "percent", "decline_percent", 2.0, 3.0, 6.0),
    "decoupling": _value("decoupling", "share", "decoupling", 0.025, 0.20),
    "load": _value("hitches", "fading", "hitch_load"),
    "burden": _value("breaks", "fading", "break_load", 0.5),
    "alpha1": _value("alpha 1", "", "alpha1", 0.75, 0.5),
    "run_s": _value("running", "s", "run_s"),
}


_TABLES = tomllib.loads((FOLDER / "pages.toml").read_text(encoding="utf-8"))
RECORDINGS = {name: Recording(**values) for name, values in _TABLES["recordings"].items()}
PAGES = {
    name: Page(**values | {"modules": tuple(values["modules"]), "rows": tuple(values["rows"])})
    for name, values in _TABLES["pages"].items()
}
