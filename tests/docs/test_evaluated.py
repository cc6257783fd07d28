"""The simulated figures of docs/evaluation.md: what they come from, what flatters them, and what is not there."""

import json
import re

import pytest

from docs import evaluated
from evaluation.curve import Curve
from evaluation.result import baseline_part, result
from evaluation.scoring import Case
from tests.evaluation.builders import cramp, quiet

VERSIONS = {"package": "1", "generator": "1-a", "weights": "b", "machine": "c", "small": False, "opened": 3}


def a_result(split="tune", **more):
    cases = [Case(one) for one in (cramp(120, name="c"), quiet(name="q"))]
    found = result(cases, versions=VERSIONS | {"split": split, "command": "evaluate --json /somewhere"}, problems=[])
    found["baselines"] = {"ewma_z": baseline_part(Curve(cases), cases)}
    return json.loads(json.dumps(found)) | more


def test_without_the_full_evaluation_nothing_is_told():
    assert evaluated.block({}).strip() == evaluated.block({"other": a_result()}).strip() == "Not yet made."


def test_figures_of_seeds_that_thresholds_were_set_on_are_said_to_flatter():
    assert "of tune seeds" in evaluated.block({"full": a_result()})
    assert "flatters" in evaluated.block({"full": a_result()})
    assert "flatters" not in evaluated.block({"full": a_result("test")})


def test_what_was_not_evaluated_is_not_measured():
    lines = evaluated.block({"full": a_result()}).splitlines()
    (without,) = (line for line in lines if line.startswith("| no heart rate:"))
    assert without.endswith("| not measured |")
    assert not any(line.startswith("| no heart rate |") for line in lines)
    assert any(
        line.startswith("| no heart rate |")
        for line in evaluated.block({"full": a_result(), "no_heart": a_result()}).splitlines()
    )


def test_figures_of_different_seeds_are_not_put_beside_each_other():
    with pytest.raises(ValueError, match="test and tune seeds"):
        evaluated.block({"full": a_result("test"), "other": a_result()})


def test_it_names_no_place_on_the_machine_that_made_it():
    assert "/somewhere" not in evaluated.block({"full": a_result()})


def test_the_page_has_one_block_and_every_file_it_leads_to():
    page = evaluated.PAGE.read_text(encoding="utf-8")
    assert len(evaluated._BLOCK.findall(page)) == 1
    files = {one.partition("#")[0] for one in re.findall(r"\]\(([^)]+)\)", page) if "://" not in one}
    assert [one for one in files if one and not (evaluated.PAGE.parent / one).exists()] == []
