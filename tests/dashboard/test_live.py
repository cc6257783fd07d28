"""The board of everybody running now: pure, and told the time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from crampwatch.events import AlertKind, AlertState, SensorState, ServiceStatus
from crampwatch.units import HOUR_MS, Gate, Level, Mode
from dashboard.context import AthleteView
from dashboard.live import CARDS, CLOSED_SHOWN, Board
from dashboard.runner import FRESH_MS, STALE_MS, UNJUDGED_MS
from tests.dashboard.desk import BECAUSE, COLLECTOR, alert, assessed, cramp_question, pattern, sensor, telemetry
from tests.support import facts
from tests.support.clocks import START_MS

NOW = START_MS


def board(*configured: str) -> Board:
    return Board("club", {"ana": "Ana Adler"}, configured)


def running(level: Level = Level.OK, score: float = 0.2) -> Board:
    made = board()
    made.measured("ana", telemetry(NOW, 152, 171.6))
    made.judged("ana", assessed(NOW, level, score))
    return made


def only(made: Board, now_ms: int = NOW) -> AthleteView:
    (row,) = made.view(now_ms).athletes
    return row


def test_a_runner_is_shown_with_the_latest_values_and_the_level_as_a_word():
    row = only(running(Level.WATCH, 0.5))
    assert (row.name, row.hr_bpm, row.cadence_spm) == ("Ana Adler", 152, 172)
    assert (row.level, row.tone, row.word, row.gauge) == ("watch", "watch", "Watch", 0.375)


def test_a_configured_runner_waits_before_the_first_sample():
    row = only(board("ana"))
    assert (row.tone, row.word, row.hr_bpm, row.age_s, row.gauge) == ("stale", "Waiting", None, None, None)


def test_a_missing_value_is_missing_and_not_the_last_one():
    made = running()
    made.measured("ana", telemetry(NOW + 1_000, None, None))
    row = only(made, NOW + 1_000)
    assert (row.hr_bpm, row.cadence_spm) == (None, None)


def test_a_value_is_not_shown_as_present_once_it_is_old():
    assert only(running(), NOW + FRESH_MS).hr_bpm == 152
    assert only(running(), NOW + FRESH_MS + 1).hr_bpm is None


@pytest.mark.parametrize(("later_ms", "word"), [(STALE_MS, "High"), (STALE_MS + 1, "No signal")])
def test_a_silent_runner_turns_stale_whatever_the_level_was(later_ms, word):
    assert only(running(Level.WARNING), NOW + later_ms).word == word


def test_samples_that_nobody_judges_have_no_level():
    made = running()
    later = NOW + UNJUDGED_MS + 1
    made.measured("ana", telemetry(later))
    row = only(made, later)
    assert (row.tone, row.word, row.hr_bpm) == ("stale", "Not assessed", 150)


def test_a_low_level_before_anything_can_be_said_is_no_all_clear():
    made = board()
    made.measured("ana", telemetry(NOW))
    made.judged("ana", assessed(NOW, settled=False))
    row = only(made)
    assert (row.level, row.tone, row.word, row.gauge) == ("new", "new", "Not yet", None)
    assert (row.hr_bpm, row.motion) == (150, "run")


def test_a_raised_level_and_a_question_are_shown_whether_settled_or_not():
    made = board()
    made.measured("ana", telemetry(NOW))
    made.judged("ana", assessed(NOW, Level.WATCH, settled=False))
    assert (only(made).tone, only(made).word) == ("watch", "Watch")
    made.judged("ana", assessed(NOW, settled=False))
    made.alerted("ana", cramp_question(NOW))
    assert (only(made).tone, only(made).word) == ("high", "Check now")


def test_an_unsettled_runner_who_falls_silent_is_stale_like_any_other():
    made = board()
    made.measured("ana", telemetry(NOW))
    made.judged("ana", assessed(NOW, settled=False))
    assert (only(made, NOW + STALE_MS + 1).tone, only(made, NOW + STALE_MS + 1).word) == ("stale", "No signal")


def test_late_arrivals_do_not_turn_the_values_back():
    made = running()
    made.measured("ana", telemetry(NOW - 5_000, 90, 100))
    made.judged("ana", assessed(NOW - 5_000, Level.NOW))
    row = only(made)
    assert (row.hr_bpm, row.level) == (152, "ok")


def test_a_new_session_starts_the_time_again_and_drops_the_old_level():
    made = running(Level.WARNING)
    made.found("ana", pattern(NOW, Level.WARNING))
    assert made.measured("ana", telemetry(NOW + 60_000, session="s2"))
    row = only(made, NOW + 60_000)
    assert (row.session, row.elapsed_s, row.word, row.because) == ("s2", 0, "Not assessed", ())


def test_a_straggler_of_the_old_session_does_not_bring_it_back():
    made = running()
    made.measured("ana", telemetry(NOW + 60_000, session="s2"))
    assert not made.measured("ana", telemetry(NOW + 1_000, session="s1"))
    assert only(made).session == "s2"


def test_the_store_knows_the_true_start_of_a_run_that_this_page_joined_late():
    made = running()
    made.started("ana", "s1", NOW - 90_000)
    made.started("ana", "another", NOW - 900_000)
    assert only(made).elapsed_s == 90


def test_the_pattern_says_why_until_it_is_low_again():
    made = running(Level.WATCH)
    made.found("ana", pattern(NOW, Level.WATCH))
    assert only(made).because == BECAUSE
    made.found("ana", pattern(NOW + 1, Level.OK, ("calm again",)))
    assert only(made).because == ()


def test_an_unanswered_alert_raises_the_shown_level_and_an_answer_lets_it_go():
    made = running(Level.OK)
    made.alerted("ana", cramp_question(NOW))
    assert (only(made).word, only(made).tone, only(made).alert) == ("Check now", "high", "c1")
    made.alerted(
        "ana", cramp_question(NOW).model_copy(update={"state": AlertState.ACKNOWLEDGED, "updated_at_ms": NOW + 1})
    )
    assert (only(made).word, only(made).alert) == ("OK", None)


def test_who_stopped_suddenly_is_shown_for_that_and_not_for_the_pattern_before():
    made = running(Level.NOW)
    made.found("ana", pattern(NOW, Level.IMMINENT, ("Cadence down 3 %",)))
    made.alerted("ana", cramp_question(NOW).model_copy(update={"because": ("A sudden stop",)}))
    assert (only(made).word, only(made).because) == ("Check now", ("A sudden stop",))


def test_a_fault_is_no_level_of_a_person():
    made = running(Level.OK)
    made.alerted("ana", alert(NOW, kind=AlertKind.FAULT, level=Level.WARNING))
    row = only(made)
    assert (row.word, row.alert) == ("OK", None)
    assert made.view(NOW).alerts[0].tone == "stale"


def test_an_older_state_of_an_alert_changes_nothing():
    made = running()
    assert made.alerted("ana", alert(NOW, state=AlertState.CLEARED, updated_at_ms=NOW + 9))
    assert not made.alerted("ana", alert(NOW, updated_at_ms=NOW + 3))
    assert made.view(NOW).alerts[0].state is AlertState.CLEARED


def test_a_cleared_slot_closes_what_was_open_in_it_and_nothing_else():
    made = running()
    made.alerted("ana", alert(NOW, name="p"))
    made.alerted("ana", cramp_question(NOW, "c"))
    made.alerted("bea", alert(NOW, name="b"))
    made.alert_gone("ana", "pattern")
    assert {one.id: one.open for one in made.view(NOW).alerts} == {"p": False, "c": True, "b": True}


def test_only_the_last_closed_alerts_stay():
    made = running()
    for number in range(20):
        made.alerted("ana", alert(NOW, name=f"a{number}", state=AlertState.EXPIRED, updated_at_ms=NOW + number))
    assert len(made.view(NOW).alerts) == CLOSED_SHOWN


def test_an_unclaimed_sensor_is_offered_until_somebody_owns_it():
    made = board()
    made.unclaimed(COLLECTOR, "strap-1", sensor(SensorState.UNCLAIMED))
    assert [one.device for one in made.view(NOW).unclaimed] == ["strap-1"]
    assert made.collector_of("strap-1") == COLLECTOR
    made.sensor("ana", sensor())
    assert made.view(NOW).unclaimed == ()
    assert [one.name for one in made.runner_view("ana", NOW).sensors] == ["Strap H10"]


def said(made, instance, state="up", **detail):
    status = ServiceStatus(service=instance, state=state, at_ms=NOW, detail=detail)
    made.roll.heard(instance, status, NOW, 0.0, retained=False)


def test_services_that_need_a_look_stand_first_each_with_shape_and_word():
    made = board()
    said(made, "collector-1", kind="collector", since_ms=NOW - 90_000, spool_rows=7, version="1.0")
    said(made, "alerter-1", kind="alerter", problem="the store is away")
    said(made, "processor-1", "down", kind="processor")
    rows = made.view(NOW, 0.0).services
    assert [(one.id, one.tone, one.word, one.missed) for one in rows] == [
        ("processor-1", "high", "Down", True),
        ("alerter-1", "watch", "Trouble", False),
        ("collector-1", "ok", "Up", False),
    ]
    assert (rows[2].since_s, rows[2].waits, rows[2].version) == (90, ("7 rows kept until they are stored",), "1.0")
    assert rows[1].problem == "the store is away"


def test_a_service_that_says_nothing_more_is_silent_and_neither_up_nor_down():
    made = board()
    said(made, "processor-1", kind="processor")
    (row,) = made.view(NOW + 31_000, 31.0).services
    assert (row.tone, row.word, row.quiet_s, row.missed) == ("stale", "Silent", 31, True)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("collector", "No new values: x-1 is down"),
        ("processor", "The level stands still: x-1 is down"),
        ("alerter", "No new alerts: x-1 is down"),
    ],
)
def test_a_runner_is_told_what_is_missed_when_a_service_is_away(kind, line):
    made = board("ana")
    said(made, "x-1", kind=kind)
    assert made.runner_view("ana", NOW, 0.0).misses == ()
    said(made, "x-1", "down", kind=kind)
    assert made.runner_view("ana", NOW, 0.0).misses == (line,)


def test_a_runner_misses_nothing_by_pages_or_a_collector_of_others():
    made = board("ana")
    made.sensor("ana", sensor().model_copy(update={"collector": "mine"}))
    said(made, "dashboard-2", "down", kind="dashboard")
    said(made, "theirs", "down", kind="collector")
    assert made.runner_view("ana", NOW, 0.0).misses == ()
    said(made, "mine", "down", kind="collector")
    assert made.runner_view("ana", NOW, 0.0).misses == ("No new values: mine is down",)


def test_sparks_are_sent_where_there_is_room_or_need():
    made = running(Level.WATCH)
    for number in range(CARDS):
        made.measured(f"r{number}", telemetry(NOW))
        made.judged(f"r{number}", assessed(NOW))
    assert [row.id for row in made.view(NOW).athletes if row.spark] == ["ana"]


def test_a_gap_in_the_spark_is_a_gap():
    made = running()
    made.measured("ana", telemetry(NOW + 20_000, 160))
    spark = only(made, NOW + 20_000).spark
    assert (spark[-1], spark[-2], spark[-5]) == (160, None, 152)


def test_a_runner_nobody_configured_is_forgotten_after_hours_and_a_configured_one_is_not():
    made = board("ana")
    made.measured("ana", telemetry(NOW))
    made.measured("guest", telemetry(NOW))
    made.prune(NOW + 6 * HOUR_MS + 1)
    assert made.athletes == ("ana",)


def test_an_athlete_without_a_name_is_called_by_the_id():
    assert board().name_of("runner-7") == "Runner 7"


messages = st.one_of(
    facts.telemetry.map(lambda message: ("measured", message)),
    facts.assessments.map(lambda message: ("judged", message)),
    facts.findings.map(lambda message: ("found", message)),
    facts.alerts.map(lambda message: ("alerted", message)),
)


@given(st.lists(messages, max_size=12), facts.epochs)
def test_whatever_comes_the_board_can_be_shown(said, now_ms):
    made = board("ana")
    for verb, message in said:
        getattr(made, verb)("ana", message)
    row = only(made, now_ms)
    assert row.gauge is None or 0 <= row.gauge <= 1
    assert (row.gauge is None) == (row.tone in {"new", "stale"})
    assert row.age_s is None or row.age_s >= 0
    assert to_json(made.view(now_ms))
    assert to_json(made.runner_view("ana", now_ms))


def judged(made: Board, level: Level = Level.OK, **more: object) -> Board:
    made.judged("ana", assessed(NOW, level, 0.5).model_copy(update=more))
    return made


def test_while_a_gate_holds_the_page_says_why_it_is_quiet():
    row = only(judged(running(), quiet=(Gate.HILL, Gate.TURN)))
    assert [one.name for one in row.quiet] == ["hill", "bend or turn"]
    assert all(one.words.endswith(".") for one in row.quiet)


@pytest.mark.parametrize(("mode", "said"), [(Mode.FULL, False), (Mode.NO_BEATS, False), (Mode.NO_SPEED, True)])
def test_only_what_is_missing_is_said_of_what_is_seen(mode, said):
    assert (only(judged(running(), mode=mode)).sees is not None) == said


def test_nothing_is_called_quiet_of_a_runner_who_is_not_heard():
    row = only(judged(running(), quiet=(Gate.HILL,), mode=Mode.NO_HEART), NOW + STALE_MS + 1)
    assert (row.quiet, row.sees) == ((), None)


def test_the_two_reasons_of_a_level_are_those_of_now():
    made = judged(running(Level.WATCH), Level.WATCH, because=("Your rhythm wavers.", "Short breaks."))
    made.found("ana", pattern(NOW, Level.WATCH))
    assert only(made).because == ("Your rhythm wavers.", "Short breaks.")


def test_a_level_without_reasons_of_its_own_keeps_those_of_its_finding():
    made = judged(running(Level.WATCH), Level.WATCH)
    made.found("ana", pattern(NOW, Level.WATCH))
    assert only(made).because == BECAUSE
