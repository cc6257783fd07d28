"""Every relief row can be met, in the order of its evidence, in words that promise nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.case import Case
from alerts.guidance import RED_FLAGS, Flow, load_guidance, parse
from alerts.triage import Setting, body, steps
from crampwatch import wording
from crampwatch.errors import Misconfigured
from crampwatch.events import AlertKind
from crampwatch.units import Level
from tests.alerts.builders import filed

RELIEF = ("stop", "stretch", "pressure", "rest", "warm_cold", "walk_back", "fluids")
NEVER = re.compile(
    r"predict|prevent|cure|diagnos|\d\s?%|percent|risk|drink (a lot|plenty|lots|more)|stay hydrated|guarantee"
    r"|you have a cramp|cramp (in|detected)|imminent",
    re.IGNORECASE,
)
VALID = """
version = 1
[[steps]]
id = "relief.stop"
text = "Stop."
evidence = "A"
[[steps]]
id = "medical.red_flags"
text = "Get help."
evidence = "consensus"
""" + "".join(f'[flows.{flow}]\ntitle = "Title"\nsteps = ["relief.stop", "medical.red_flags"]\n' for flow in Flow)


def said():
    book = load_guidance()
    for row in book.steps:
        yield row.id, row.text
        yield row.id, row.note or ""
    for name, flow in book.flows.items():
        yield name, flow.title
        yield name, flow.question or ""


@pytest.mark.parametrize("row", RELIEF)
def test_every_relief_row_is_there_and_is_met_in_some_flow(row):
    book = load_guidance()
    assert book.row(f"relief.{row}").text
    assert any(f"relief.{row}" in flow.steps for flow in book.flows.values())


@pytest.mark.parametrize("flow", [Flow.CRAMP_PROMPT, Flow.CRAMP_RELIEF])
def test_at_a_cramp_stopping_and_a_gentle_stretch_come_first(flow):
    assert load_guidance().flows[flow].steps[:2] == ("relief.stop", "relief.stretch")
    assert load_guidance().row("relief.stretch").evidence == "A"


@pytest.mark.parametrize("flow", [flow for flow in Flow if flow.about_a_cramp])
def test_the_red_flags_close_every_cramp_flow(flow):
    assert load_guidance().flows[flow].steps[-1] == RED_FLAGS


@pytest.mark.parametrize(("where", "text"), [pair for pair in said() if pair[1]])
def test_no_text_promises_or_forecasts_anything(where, text):
    assert not NEVER.search(text), where


def test_no_stretch_is_advised_after_a_pop_in_the_muscle_or_with_a_swollen_calf():
    text = load_guidance().row("relief.stretch").text
    assert all(word in text for word in ("kick or pop", "swollen, hot or red"))


def test_the_page_says_at_once_what_the_alert_says_a_moment_later():
    book = load_guidance()
    for step in (*wording.FIRST_RELIEF, wording.WALK_BACK):
        assert step == book.row(step.id).said()


def test_a_watch_on_the_rhythm_says_nothing_of_the_heart():
    assert "heart" not in load_guidance().flows[Flow.PATTERN_WATCH].title


def test_a_push_gives_its_reasons_as_sentences():
    alert = filed(Case("ada", "run-1")).alert
    reasons = ("Short breaks in your rhythm: 3 in the last 4 minutes.", "Your rhythm wavers", "Why?")
    lines = body(alert.model_copy(update={"because": reasons})).splitlines()
    assert lines[0] == "Because: Short breaks in your rhythm: 3 in the last 4 minutes. Your rhythm wavers. Why?"
    assert not body(alert.model_copy(update={"because": ()})).startswith("Because")


def test_a_push_about_a_cramp_carries_the_red_flags_and_the_disclaimer():
    text = body(filed(Case("ada", "run-1"), flow=Flow.CRAMP_PROMPT, slot=AlertKind.CRAMP, level=Level.NOW).alert)
    assert "Yes / No / Just a pause" in text
    assert all(one.signs in text for one in wording.RED_FLAGS)
    assert wording.DISCLAIMER in text
    assert len(text) < 4_000


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (Setting(run_ms=20 * 60_000), False),
        (Setting(run_ms=60 * 60_000), True),
        (Setting(run_ms=20 * 60_000, temperature_c=28.0), True),
        (Setting(run_ms=20 * 60_000, temperature_c=12.0), False),
    ],
)
def test_fluids_are_a_word_only_on_long_or_hot_runs(setting, told):
    shown = {step.id for step in steps(Flow.CRAMP_RELIEF, load_guidance(), setting)}
    assert ("relief.fluids" in shown) is told


def test_walking_back_is_advised_once_it_has_eased_and_not_before():
    book = load_guidance()
    assert book.flows[Flow.CRAMP_EASED].steps[0] == "relief.walk_back"
    assert "relief.walk_back" not in book.flows[Flow.CRAMP_RELIEF].steps


def test_the_smallest_valid_file_is_read():
    assert parse(VALID).row("relief.stop").text == "Stop."


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (('text = "Stop."', 'text = ""'), "steps relief.stop, field text"),
        (('evidence = "A"', 'evidence = "AAA"'), "steps relief.stop, field evidence"),
        (('evidence = "A"', 'evidence = "A"\ncolour = "red"'), "steps relief.stop, field colour"),
        (('evidence = "A"', 'evidence = "A"\ntimer_s = -1'), "steps relief.stop, field timer_s"),
        (("[flows.cramp_eased]", "[flows.cramp_easy]"), "flows"),
        (('id = "relief.stop"', 'id = "relief.halt"'), "flows fatigue_watch, field steps: 'relief.stop' is no step"),
        (('id = "relief.stop"', 'id = "medical.red_flags"'), "steps medical.red_flags, field id: stands twice"),
        (("version = 1", "version = 2"), "version"),
    ],
)
def test_a_wrong_row_is_named_with_its_field(change, place):
    with pytest.raises(Misconfigured, match=re.escape(place)):
        parse(VALID.replace(*change, 1))


def test_a_cramp_flow_without_red_flags_is_refused():
    book = VALID.replace(
        '[flows.cramp_prompt]\ntitle = "Title"\nsteps = ["relief.stop", "medical.red_flags"]',
        '[flows.cramp_prompt]\ntitle = "Title"\nsteps = ["relief.stop"]',
    )
    with pytest.raises(Misconfigured, match="flows cramp_prompt, field steps"):
        parse(book)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_one_kind_of_error(text):
    with pytest.raises(Misconfigured):
        parse(text)
