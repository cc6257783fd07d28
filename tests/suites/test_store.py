"""What every store promises, asked of each of them. A further backend joins ``BACKENDS`` and passes the same."""

import contextlib
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crampwatch.events import (
    AlertKind,
    AlertState,
    BatteryReported,
    CadenceMeasured,
    FindingKind,
    HeartRateMeasured,
)
from crampwatch.storage import Batch, RunKey
from crampwatch.units import CadenceUnit, Level
from tests.suites.stores import OTHER, RUN, alert, assessed, finding, in_order, named_once, second, stretch
from tests.support import facts
from tests.support.clocks import START_MS

# --- what was recorded is what is read ----------------------------------------------------------------------


async def test_facts_come_back_equal_after_recording_and_after_reopening(backend):
    samples = [*stretch(0, 700), BatteryReported(at_ms=START_MS, device="watch-1", seq=9_999, percent=80)]
    batch = Batch(RUN, samples, (finding(),), tuple(assessed(n) for n in range(700)), (alert(),))
    store = await backend.open()
    await store.record([batch])
    for _ in range(2):
        assert list(await store.samples(RUN)) == in_order(samples)
        assert list(await store.findings(RUN)) == [finding()]
        assert list(await store.alerts(RUN)) == [alert()]
        await store.close()
        store = await backend.open()
    await store.close()


def of_the_run(facts):
    return facts.map(lambda one: one.model_copy(update={"session": RUN.session}))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(facts.samples, max_size=12).map(named_once),
    st.lists(of_the_run(facts.findings), max_size=4, unique_by=lambda one: one.id),
    st.lists(of_the_run(facts.assessments), max_size=4),
    st.lists(of_the_run(facts.alerts), max_size=4, unique_by=lambda one: one.id),
)
async def test_any_facts_come_back_equal(tmp_path_factory, backend, samples, findings, assessments, alerts):
    samples, findings, alerts = backend.admitted(samples, findings, alerts)
    store = await type(backend)(tmp_path_factory.mktemp("store")).open()
    async with contextlib.aclosing(Closing(store)):
        for _ in range(2):
            await store.record([Batch(RUN, samples, findings, assessments, alerts)])
        assert list(await store.samples(RUN)) == in_order(samples)
        assert list(await store.findings(RUN)) == sorted(findings, key=lambda one: (one.at_ms, one.id))
        assert list(await store.alerts(RUN)) == sorted(alerts, key=lambda one: (one.raised_at_ms, one.id))
        if samples or findings or assessments or alerts:
            summary = await store.run(RUN)
            own = sum(one.kind != "fault" for one in alerts)
            assert (summary.samples, summary.findings, summary.alerts) == (len(samples), len(findings), own)


class Closing:
    """A store as something ``aclosing`` closes."""

    def __init__(self, store) -> None:
        self.aclose = store.close


async def test_a_reading_that_a_sensor_did_not_have_stays_none(store):
    empty = HeartRateMeasured(at_ms=START_MS, device="strap-1", seq=1, bpm=None)
    undecided = CadenceMeasured(
        at_ms=START_MS,
        device="pod-1",
        seq=1,
        spm=None,
        raw_per_min=84.0,
        unit=CadenceUnit.UNDECIDED,
        decided_by="too early",
    )
    await store.record([Batch(RUN, (empty, undecided))])
    assert list(await store.samples(RUN)) == [undecided, empty]
    summary = await store.run(RUN)
    assert (summary.mean_bpm, summary.mean_spm, summary.distance_m) == (None, None, None)


async def test_runs_of_one_name_in_two_teams_or_two_athletes_are_apart(store):
    elsewhere = RunKey("school", "ada", "morning")
    for n, key in enumerate((RUN, OTHER, elsewhere)):
        await store.record([Batch(key, second(n))])
    for n, key in enumerate((RUN, OTHER, elsewhere)):
        assert list(await store.samples(key)) == in_order(second(n))


async def test_a_run_nobody_knows_is_empty(store):
    assert await store.run(RUN) is None
    assert list(await store.runs()) == []
    assert [list(await ask(RUN)) for ask in (store.samples, store.findings, store.alerts)] == [[], [], []]
    series = await store.series(RUN)
    assert list(series.at_ms) == []
    assert {"bpm", "spm", "mps", "score", "fatigue"} <= series.columns.keys()
    assert not any(series.columns.values())


async def test_a_batch_of_nothing_makes_no_run(store):
    await store.record([Batch(RUN)])
    await store.record([])
    assert list(await store.runs()) == []


async def test_samples_of_a_part_are_those_between_its_ends_which_do_not_count(store):
    await store.record([Batch(RUN, stretch(0, 900))])
    part = await store.samples(RUN, after_ms=START_MS + 299_000, before_ms=START_MS + 605_000)
    assert list(part) == in_order(stretch(300, 605))
    assert list(await store.samples(RUN, after_ms=START_MS + 10_000_000)) == []
    assert list(await store.samples(RUN, before_ms=START_MS)) == []


async def test_what_was_found_lately_in_a_team_is_told_with_its_run_in_order(store):
    elsewhere, earlier = RunKey("school", "ada", "morning"), RunKey("club", "ada", "yesterday")
    found = {
        RUN: (finding("f-3", n=40), finding("f-1", n=20)),
        OTHER: (finding("f-2", n=20), finding("f-4", n=90, kind=FindingKind.SIGNAL)),
        elsewhere: (finding("f-5", n=30),),
        earlier: (finding("f-6", n=-600).model_copy(update={"session": "yesterday"}),),
    }
    await store.record([Batch(key, stretch(0, 2), findings) for key, findings in found.items()])
    wanted = [(RUN, "f-1"), (OTHER, "f-2"), (RUN, "f-3"), (OTHER, "f-4")]
    assert list(await store.recent_findings("club", START_MS + 20_000)) == [
        (run, next(one for one in found[run] if one.id == name)) for run, name in wanted
    ]
    assert [one.id for _, one in await store.recent_findings("club", START_MS + 20_001)] == ["f-3", "f-4"]
    assert next(run for run, _ in await store.recent_findings("club", 0)) == earlier
    assert list(await store.recent_findings("nobody", 0)) == []


# --- the same fact twice is one, whatever the order ---------------------------------------------------------


async def test_the_same_fact_twice_is_one_row(store):
    batch = Batch(RUN, stretch(0, 30), (finding(),), (assessed(1),), (alert(),))
    once = None
    for _ in range(3):
        await store.record([batch, batch])
        once = once or await store.run(RUN)
    assert list(await store.samples(RUN)) == in_order(stretch(0, 30))
    assert await store.run(RUN) == once
    assert (once.samples, once.findings, once.alerts) == (90, 1, 1)


async def test_facts_that_were_there_do_not_hide_those_that_are_new(store):
    await store.record([Batch(RUN, stretch(0, 20))])
    await store.record([Batch(RUN, stretch(10, 40)), Batch(OTHER, stretch(0, 5))])
    assert list(await store.samples(RUN)) == in_order(stretch(0, 40))
    assert (await store.run(RUN)).samples == 120
    assert (await store.run(OTHER)).samples == 15


async def test_any_order_of_arrival_gives_the_same_run(backend, tmp_path_factory):
    samples, random_order = list(stretch(0, 650)), random.Random(5)
    told = []
    for _ in range(3):
        store = await type(backend)(tmp_path_factory.mktemp("store")).open()
        for begin in range(0, len(samples), 97):
            await store.record([Batch(RUN, samples[begin : begin + 97])])
        told.append((await store.samples(RUN), await store.run(RUN), await store.series(RUN, points=60)))
        await store.close()
        random_order.shuffle(samples)
    assert told[0] == told[1] == told[2]


async def test_a_backlog_for_minutes_long_settled_finds_its_place(store):
    await store.record([Batch(RUN, (*stretch(0, 100), *stretch(200, 1_300)))])
    await store.record([Batch(RUN, stretch(100, 200))])
    await store.record([Batch(RUN, stretch(50, 250))])
    assert list(await store.samples(RUN)) == in_order(stretch(0, 1_300))
    assert (await store.run(RUN)).samples == 3_900
    assert None not in (await store.series(RUN)).columns["bpm"]


async def test_a_sequence_that_starts_again_hides_no_later_sample(store):
    before, after = second(0)[0], second(60)[0].model_copy(update={"seq": 0})
    await store.record([Batch(RUN, (before,))])
    await store.record([Batch(RUN, (after,))])
    assert list(await store.samples(RUN)) == [before, after]


@pytest.mark.parametrize("reverse", [False, True])
async def test_the_newest_state_of_an_alert_wins_in_any_order(store, reverse):
    life = [
        alert(),
        alert(state=AlertState.DELIVERED, updated=40),
        alert(state=AlertState.ACKNOWLEDGED, updated=9_000),
        alert(state=AlertState.CLEARED, updated=60_000),
    ]
    for state in reversed(life) if reverse else life:
        await store.record([Batch(RUN, alerts=(state,))])
    assert list(await store.alerts(RUN)) == [life[-1]]
    assert (await store.run(RUN)).alerts == 1


@pytest.mark.parametrize("reverse", [False, True])
async def test_of_two_states_of_one_moment_the_further_one_wins(store, reverse):
    both = [alert(), alert(state=AlertState.DELIVERED)]
    for state in reversed(both) if reverse else both:
        await store.record([Batch(RUN, alerts=(state,))])
    assert list(await store.alerts(RUN)) == [both[1]]


# --- the run list -------------------------------------------------------------------------------------------


async def test_the_newest_runs_come_first_and_can_be_narrowed(store):
    keys = [RunKey(team, athlete, f"s{n}") for n in range(3) for team in ("club", "school") for athlete in ("a", "b")]
    for n, key in enumerate(keys):
        await store.record([Batch(key, second(n * 10_000))])
    newest = list(reversed(keys))
    assert [one.run for one in await store.runs()] == newest
    assert [one.run for one in await store.runs(limit=2)] == newest[:2]
    assert [one.run for one in await store.runs(team="club")] == [key for key in newest if key.team == "club"]
    assert [one.run for one in await store.runs(athlete="a", team="school", limit=1)] == [RunKey("school", "a", "s2")]
    assert list(await store.runs(team="nobody")) == []


async def test_a_summary_says_what_a_runner_wants_to_know(store):
    await store.record([Batch(RUN, stretch(0, 100), (finding(level=Level.WARNING),), (assessed(100),), (alert(),))])
    standing = [one for n in range(101, 111) for one in second(n, bpm=130, spm=0.0)[:2]]
    await store.record([Batch(RUN, standing)])
    summary = await store.run(RUN)
    assert summary.run == RUN
    assert (summary.started_ms, summary.ended_ms) == (START_MS, START_MS + 110_000)
    assert summary.samples == 320
    assert summary.mean_bpm == pytest.approx((100 * 150 + 10 * 130) / 110)
    assert summary.mean_spm == pytest.approx(170.0), "standing still is no cadence"
    assert summary.distance_m == pytest.approx(297.0), "the odometer did not start at 0"
    assert (summary.worst, summary.findings, summary.alerts) == ("warning", 1, 1)
    assert await store.runs() == [summary]


async def test_two_odometers_are_not_added_up(store):
    await store.record([Batch(RUN, (*stretch(0, 100), *(second(n, device="pod-1")[2] for n in range(50))))])
    assert (await store.run(RUN)).distance_m == pytest.approx(297.0)


async def test_a_lost_sensor_does_not_make_a_bad_run(store):
    fault = alert(kind=AlertKind.FAULT, level=Level.WARNING, raised=500_000)
    lost = finding(kind=FindingKind.SIGNAL, level=Level.WARNING)
    await store.record([Batch(RUN, stretch(0, 20), (lost,), alerts=(fault,))])
    summary = await store.run(RUN)
    assert summary.worst == "ok"
    assert summary.ended_ms == START_MS + 19_000, "a fault about the silence after a run does not lengthen it"


async def test_a_run_of_which_only_an_alert_is_known_has_its_date(store):
    await store.record([Batch(RUN, alerts=(alert(raised=7_000),))])
    assert (await store.run(RUN)).started_ms == START_MS + 7_000


# --- columns for a page -------------------------------------------------------------------------------------


async def test_a_short_run_is_drawn_second_by_second(store):
    samples = [one for n in range(120) for one in second(n, bpm=100 + n, spm=150.0 + n)]
    scores = [assessed(n, score=n / 1_000, fatigue=n / 4) for n in range(120)]
    await store.record([Batch(RUN, samples, assessments=scores)])
    series = await store.series(RUN)
    assert list(series.at_ms) == [START_MS + n * 1_000 for n in range(120)]
    assert list(series.columns["bpm"]) == [100 + n for n in range(120)]
    assert list(series.columns["spm"]) == [150.0 + n for n in range(120)]
    assert list(series.columns["mps"]) == pytest.approx([3.0078125] * 120)
    assert list(series.columns["score"]) == pytest.approx([n / 1_000 for n in range(120)], abs=1e-4)
    assert list(series.columns["fatigue"]) == pytest.approx([n / 4 for n in range(120)], abs=1e-2)


async def test_a_long_run_is_drawn_in_about_as_many_points_as_asked(store):
    samples = [one for n in range(3_600) for one in second(n, bpm=100 + n // 60)[:1]]
    await store.record([Batch(RUN, samples)])
    series = await store.series(RUN, points=60)
    assert list(series.at_ms) == [START_MS + n * 60_000 for n in range(60)]
    assert list(series.columns["bpm"]) == pytest.approx([100 + n for n in range(60)])
    assert list(series.columns["spm"]) == [None] * 60


async def test_a_gap_is_drawn_as_a_gap(store):
    await store.record([Batch(RUN, (*stretch(0, 60), *stretch(120, 180)))])
    column = (await store.series(RUN)).columns["bpm"]
    assert [n for n, value in enumerate(column) if value is None] == list(range(60, 120))


async def test_the_worst_of_a_span_is_what_is_drawn_of_score_and_level(store):
    scores = [assessed(n, score=0.9 if n == 77 else 0.1) for n in range(600)]
    scores[300] = assessed(300, score=0.1, level=Level.IMMINENT)
    await store.record([Batch(RUN, assessments=scores)])
    series = await store.series(RUN, points=10)
    assert list(series.columns["score"]) == pytest.approx([0.1, 0.9, *[0.1] * 8])
    assert list(series.columns["level"]) == [0, 0, 0, 0, 0, Level.IMMINENT.rank, 0, 0, 0, 0]


# --- names --------------------------------------------------------------------------------------------------


async def test_a_display_name_is_kept_and_can_be_changed(backend):
    store = await backend.open()
    await store.name("ada", "Ada L.")
    await store.name("bea", "Bea")
    await store.name("ada", "Ada Løve 🏃")
    await store.close()
    store = await backend.open()
    assert await store.names() == {"ada": "Ada Løve 🏃", "bea": "Bea"}
    await store.close()
