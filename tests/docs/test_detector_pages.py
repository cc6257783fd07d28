"""A page for every detector, whose settings and figures are those of now."""

import hashlib
import importlib
import pkgutil
import re

import pytest

import processor.context
import processor.detect
from docs import detector_pages
from tests.dashboard.test_wording import NEVER
from tests.support import needs

HEADINGS = [
    "What it notices, and for whom",
    "Formula",
    "Settings",
    "On a recorded run",
    "When it is wrong",
    "References",
]
PERMISSIVE = ("MIT", "Apache-2.0", "BSD", "CC-BY-4.0", "CC0")
#: A picture that is larger makes a page slow to open on a phone.
LARGEST_BYTES = 72_000


def detectors():
    """Module and name of every class that observes."""
    for package in (processor.detect, processor.context):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for value in vars(module).values():
                own = isinstance(value, type) and value.__module__ == module.__name__
                if own and hasattr(value, "observe") and not getattr(value, "_is_protocol", False):
                    yield found.name.removeprefix("processor.").replace(".", "/"), value.name


def text_of(name):
    return (detector_pages.FOLDER / f"{name}.md").read_text(encoding="utf-8")


def test_every_detector_and_every_circumstance_has_a_page_that_shows_its_settings():
    shown = {module for page in detector_pages.PAGES.values() for module in page.modules}
    assert [module for module, _ in detectors() if module not in shown] == []


def test_every_page_is_listed():
    listed = {path.stem for path in detector_pages.FOLDER.glob("*.md")} - {"index"}
    assert listed == set(detector_pages.PAGES)


@pytest.mark.parametrize("name", detector_pages.PAGES)
class TestEveryPage:
    def test_it_has_every_part(self, name):
        text = text_of(name)
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
        parts = re.split(r"^## .+$", text, flags=re.MULTILINE)
        assert all(part.strip() for part in parts)
        title, line = text.split("\n\n")[:2]
        assert title.startswith("# ")
        assert line.endswith(".")

    def test_what_is_generated_is_what_the_code_says_now(self, name):
        path = detector_pages.FOLDER / f"{name}.md"
        assert text_of(name) == detector_pages.pages()[path], "run `make docs` and commit the result"

    def test_every_setting_says_where_its_default_comes_from(self, name):
        block = re.search(r"<!-- settings: made.*?end of settings -->", text_of(name), re.DOTALL)[0]
        rows = [line.split(" | ") for line in block.splitlines() if line.startswith("| `")]
        assert [row[0] for row in rows if not row[3].strip() or not row[4].strip()] == []

    def test_it_promises_nothing_that_cannot_be_known(self, name):
        assert NEVER.findall(text_of(name)) == []

    def test_its_figure_is_there_and_small(self, name):
        figure = detector_pages.IMAGES / f"{name}.svg"
        assert figure.read_text(encoding="utf-8").startswith("<?xml")
        assert figure.stat().st_size < LARGEST_BYTES

    def test_its_figure_credits_a_recording_that_may_be_shown(self, name):
        recording = detector_pages.RECORDINGS[detector_pages.PAGES[name].recording]
        assert recording.licence.startswith(PERMISSIVE)
        assert f"github.com/{recording.repository}" in text_of(name)
        assert recording.licence in text_of(name)


def test_the_list_of_pages_is_current():
    path = detector_pages.FOLDER / "index.md"
    assert path.read_text(encoding="utf-8") == detector_pages.pages()[path], "run `make docs` and commit the result"


def test_the_figures_were_drawn_from_the_recordings_that_are_credited():
    folder = needs.data() / "runs"
    for recording in detector_pages.RECORDINGS.values():
        assert hashlib.sha256((folder / recording.file).read_bytes()).hexdigest() == recording.sha256, recording.file


def test_the_figures_are_those_of_the_detectors_of_now(tmp_path, monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_DATA", str(needs.data()))
    if (why := detector_pages.can_draw()) is not None:
        needs.missing(f"what draws the figures ({why})", ".venv/bin/pip install -c constraints.txt -e '.[plot]'")
    list(detector_pages.draw(tmp_path))
    changed = [
        path.name
        for path in sorted(tmp_path.iterdir())
        if path.read_bytes() != (detector_pages.IMAGES / path.name).read_bytes()
    ]
    assert changed == [], "run `make docs` where CRAMPWATCH_DATA is set, look at them, and commit the result"


def test_without_the_recordings_the_figures_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_DATA", str(tmp_path / "nowhere"))
    (said,) = detector_pages.draw(tmp_path / "images")
    assert "stay as they are" in said
    assert not (tmp_path / "images").exists()
