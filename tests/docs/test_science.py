"""What docstrings call "science 3.4" is there to be read, and says the numbers that the code has."""

import re

import pytest

from collector.simulation.scenario import SCENARIOS
from docs import score_tables
from processor.detect.pattern import PatternSettings
from processor.fatigue_index import FatigueSettings
from processor.features.baseline import BaselineSettings
from processor.score import CHANNELS, ScoreSettings
from tests.support.needs import ROOT

PAGE = ROOT / "docs" / "detectors.md"
CITING = ("crampwatch", "collector", "processor", "alerts", "dashboard", "benchmarks", "scripts", "tests", "docs")
CITED = re.compile(r"\bscience,? (\d\.\d)((?:(?:,| and|, and) \d\.\d)*)", re.IGNORECASE)
NUMBER = re.compile(r"\d\.\d")
#: Sections that more than a docstring leans on: wording, red flags, the simulated runner.
ALSO = {"1.6", "1.7", "4.1", "4.2", "4.3", "4.4"}


def sections():
    """Text of each numbered section of the page, by number."""
    parts = re.split(r"^### (\d\.\d) ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def cited():
    """Every section number that something in the repository cites, with who does."""
    found = {number: {"tests/docs"} for number in ALSO}
    for folder in CITING:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix not in {".py", ".md", ".toml", ".ts", ".tsx", ".sql"} or "node_modules" in path.parts:
                continue
            for match in CITED.finditer(re.sub(r"\s+(?:#:? )?", " ", path.read_text(encoding="utf-8"))):
                for number in NUMBER.findall(match[0]):
                    found.setdefault(number, set()).add(str(path.relative_to(ROOT)))
    return found


def rows(section):
    """The cells of a section's table rows, by their first cell."""
    lines = (line for line in sections()[section].splitlines() if line.startswith("|"))
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row for row in table}


def test_every_section_that_is_cited_is_there():
    missing = {number: sorted(who) for number, who in cited().items() if number not in sections()}
    assert missing == {}
    assert {"2.5", "3.2", "3.4", "3.5", "3.6"} <= set(cited())


def test_every_source_that_is_cited_is_listed_and_every_source_listed_is_cited():
    text, _, listed = PAGE.read_text(encoding="utf-8").partition("\n## References")
    assert set(re.findall(r"\[(\d+)\]", text)) == set(re.findall(r"^(\d+)\. ", listed, re.MULTILINE))


def test_what_it_says_of_the_fitted_numbers_is_what_the_weights_say():
    text = PAGE.read_text(encoding="utf-8")
    assert text == score_tables.page(text), "run `make docs` and commit the result"
    assert [name for name in score_tables.BLOCKS if f"<!-- {name}: made by" not in text] == []


def test_every_channel_of_the_pattern_score_is_there_with_its_curve():
    assert set(CHANNELS) <= set(rows("3.5"))
    for name, curve in ScoreSettings().curves.items():
        told = [float(number) for number in re.findall(r"(?<= at )[-\d.]+", rows("3.5")[name][2])]
        assert told == ([x for x, _ in curve] if any(y for _, y in curve) else [])


@pytest.mark.parametrize("term", ["decoupling", "decline", "slowing", "alpha1", "exposure"])
def test_the_terms_of_the_fatigue_index_are_those_of_the_code(term):
    weight, low, high = getattr(FatigueSettings(), term)
    assert [float(cell) for cell in rows("3.5")[term][2:]] == [low, high, weight]


@pytest.mark.parametrize(("rank", "level"), list(enumerate(["watch", "warning", "imminent"])))
def test_the_levels_are_those_of_the_code(rank, level):
    settings = PatternSettings()
    threshold, _, _, hold, refractory = rows("3.6")[level][1:]
    assert float(threshold) == settings.thresholds[rank]
    assert hold == f"{settings.hold_s[rank]:g} s"
    assert refractory == f"{settings.refractory_s[rank]:g} s"


def test_the_holds_are_told_to_runners_as_well():
    settings = PatternSettings()
    watch, warning, strong = settings.hold_s
    assert warning == 0
    said = f"did not last: {watch:g} s for a watch, {strong:g} s for strong signs; a warning needs no hold"
    assert f"{said}, as the score is a mean of {settings.tau_s:g} s" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("symbol", "setting"), [("s_b", "sigma_spm"), ("s_block", "block_sigma_spm"), ("u_b", "wobble_spm")]
)
def test_the_floors_of_the_baseline_are_those_of_the_code(symbol, setting):
    assert float(rows("3.3")[symbol][-1].split()[0]) == getattr(BaselineSettings(), setting)


def test_which_level_no_kind_of_sign_reaches_alone_is_said_by_the_curves():
    curves, marks = ScoreSettings().curves, PatternSettings().thresholds
    most = max(sum(curves[name][-1][1] for name in kind if name in curves) for kind in ("UVQ", "H", "LPF"))
    out_of_reach = [
        level
        for level, mark in zip(("watch", "warning", "imminent"), marks, strict=True)
        if most < score_tables.above_quiet(mark)
    ]
    said = re.findall(r"No kind of sign reaches (\w+) alone", sections()["3.5"])
    assert said == out_of_reach[:1]


def test_every_scenario_of_the_simulated_runner_is_named():
    assert [name for name in SCENARIOS if f"`{name}`" not in sections()["4.2"]] == []
