"""``crampwatch plot``: a recorded run as a picture."""

import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from tests.cli.rig import csv_of
from tests.support.stories import Story

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def recording(tmp_path):
    return csv_of(Story().running(600).hitching(8, every_s=20).standing(60), tmp_path / "build_up.csv")


def words_of(svg):
    return " ".join("".join(one.itertext()) for one in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text"))


@pytest.fixture
def drawn(crampwatch, recording, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "run.svg"
    said = crampwatch("plot", recording, "-o", picture)
    assert (said.code, said.err) == (0, "")
    return picture


def test_a_picture_lies_beside_you_named_like_the_run(crampwatch, recording, tmp_path):
    pytest.importorskip("matplotlib")
    said = crampwatch("plot", recording)
    assert said.code == 0
    assert "wrote build_up.png" in said.out
    assert (tmp_path / "build_up.png").read_bytes().startswith(PNG)


def test_the_picture_names_its_panels_levels_and_findings(drawn):
    words = words_of(drawn)
    for name in ("heart rate", "cadence", "signs", "fatigue index", "Watch", "Check now", "hitch", "sudden stop"):
        assert name in words


def test_the_picture_claims_nothing_about_a_cramp(drawn):
    words = words_of(drawn)
    assert "cannot show or rule out a cramp" in words
    assert "%" not in words
    assert "risk" not in words


def test_the_same_run_gives_the_same_bytes(crampwatch, recording, drawn, tmp_path):
    again = tmp_path / "again.svg"
    crampwatch("plot", recording, "-o", again)
    assert again.read_bytes() == drawn.read_bytes()


def test_a_run_without_heart_rate_or_speed_says_so_in_its_picture(crampwatch, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "bare.svg"
    recording = csv_of(Story(heart=False, speed=False).running(300), tmp_path / "bare.csv")
    assert crampwatch("plot", recording, "-o", picture).code == 0
    words = words_of(picture)
    assert "no heart rate" in words
    assert "no speed" in words


@pytest.mark.parametrize("name", ["run.jpg", "run", "run.pdf"])
def test_another_kind_of_picture_is_refused_before_any_work(crampwatch, recording, name):
    said = crampwatch("plot", recording, "-o", name)
    assert said.code != 0
    assert ".png or a .svg" in said.err


def test_a_place_that_cannot_be_written_is_named(crampwatch, recording, tmp_path):
    pytest.importorskip("matplotlib")
    said = crampwatch("plot", recording, "-o", tmp_path / "no" / "such" / "folder.png")
    assert said.code != 0
    assert "cannot be written" in said.err


def test_a_run_too_short_to_say_anything_is_not_called_well(crampwatch, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "short.svg"
    assert crampwatch("plot", csv_of(Story().running(300), tmp_path / "short.csv"), "-o", picture).code == 0
    assert "Nothing could be said of it" in words_of(picture)


def test_without_the_extra_the_message_says_how_to_install_it(crampwatch, recording, monkeypatch):
    monkeypatch.delitem(sys.modules, "crampwatch.cli.plotting", raising=False)
    monkeypatch.delattr("crampwatch.cli.plotting", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = crampwatch("plot", recording)
    assert said.code != 0
    assert "pip install" in said.err
    assert "[plot]" in said.err


@pytest.mark.parametrize("from_s", [0, 240, 600])
def test_words_about_what_is_not_known_yet_lie_within_what_is_shown(recording, from_s):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    from crampwatch.cli import panels
    from crampwatch.cli.offline import watched

    (whole,) = watched(recording)
    shown = replace(whole, views=[view for view in whole.views if view.at_ms >= whole.first_ms + 1_000 * from_s])
    axes = Figure().add_subplot()
    panels.levels(axes, shown, [])
    told = [one for one in axes.texts if one.get_text().startswith("nothing to compare")]
    assert len(told) == (from_s < 480)
    known_s = next(view.at_ms - whole.first_ms for view in whole.views if view.base is not None) / 1_000
    for words in told:
        assert words.get_position()[0] == pytest.approx((from_s + known_s) / 2, abs=1)
