"""What a finding, an answer, a fault or the time makes of an athlete's case."""

from dataclasses import replace

import pytest

from alerts.case import Case, Fault, Run
from alerts.guidance import Flow
from alerts.policy import Outcome, Pushed, Reason
from alerts.sight import Sight
from crampwatch.events import AlertKind, AlertState, Answer, FindingKind, SensorState, SensorStatus, ServiceStatus
from crampwatch.units import MINUTE_MS, Level
from tests.alerts.builders import RULES, SESSION, answer, check_in, desk, filed, finding
from tests.support.clocks import START_MS as NOW

ALONE = Case("ada", SESSION)


def with_open(*alerts, **more):
    return replace(ALONE, open={one.alert.kind: one for one in alerts}, **more)


def prompt():
    return desk().on_finding(ALONE, finding(FindingKind.CRAMP_STOP, Level.NOW), NOW).filed[-1]


def test_a_warning_says_why_and_what_to_do():
    told = finding()
    verdict = desk().on_finding(ALONE, told, NOW)
    alert = verdict.filed[0].alert
    assert (verdict.reason, alert.state, alert.level) == (Reason.FIRST, AlertState.RAISED, Level.WARNING)
    assert alert.because == told.because
    assert [step.id for step in alert.steps][:3] == ["ease.off", "relief.stop", "relief.stretch"]


@pytest.mark.parametrize("kind", [FindingKind.HITCH, FindingKind.UNSTEADY, FindingKind.SIGNAL, FindingKind.WALK_BREAK])
def test_a_single_break_is_recorded_only(kind):
    verdict = desk().on_finding(ALONE, finding(kind, Level.WARNING), NOW)
    assert (verdict.reason, verdict.filed) == (Reason.NOT_ALERTING, ())


def test_fatigue_alone_never_rises_above_watch():
    alert = desk().on_finding(ALONE, finding(FindingKind.FATIGUE, Level.IMMINENT), NOW).filed[0].alert
    assert alert.level is Level.WATCH


@pytest.mark.parametrize("flow", [Flow.FATIGUE_WATCH, Flow.PATTERN_WATCH])
def test_the_end_of_the_pattern_level_ends_whatever_raised_it(flow):
    watch = filed(ALONE, flow=flow, level=Level.WATCH)
    over = desk().on_finding(with_open(watch), finding(FindingKind.PATTERN, Level.OK), NOW)
    assert (over.reason, over.filed[0].alert.state) == (Reason.ENDED, AlertState.CLEARED)


@pytest.mark.parametrize("flow", [Flow.FATIGUE_WATCH, Flow.PATTERN_WARNING])
def test_that_fatigue_is_rising_is_recorded_and_ends_nothing(flow):
    rising = desk().on_finding(with_open(filed(ALONE, flow=flow)), finding(FindingKind.FATIGUE, Level.OK), NOW)
    assert (rising.reason, rising.filed) == (Reason.NOT_ALERTING, ())


def test_the_end_of_a_pattern_clears_its_alert_even_when_it_comes_as_backlog():
    over = finding(level=Level.OK, at_ms=NOW + MINUTE_MS, late=True)
    verdict = desk().on_finding(with_open(filed(ALONE)), over, NOW + 5 * MINUTE_MS)
    assert (verdict.reason, verdict.filed[0].alert.state) == (Reason.ENDED, AlertState.CLEARED)


def test_the_end_of_something_earlier_ends_nothing():
    earlier = finding(level=Level.OK, at_ms=NOW - 1, late=True)
    assert desk().on_finding(with_open(filed(ALONE)), earlier, NOW).reason is Reason.OUTDATED


def test_word_that_comes_too_late_is_shown_and_nobody_is_told():
    verdict = desk().on_finding(ALONE, finding(at_ms=NOW - RULES.deadline_ms - 1), NOW)
    shown = verdict.filed[0]
    assert (verdict.reason, shown.audible, shown.overdue) == (Reason.TOO_LATE, False, True)
    assert not desk().on_finding(ALONE, finding(), NOW).filed[0].overdue


def test_a_higher_level_takes_the_place_of_the_lower_in_its_slot():
    old = filed(ALONE)
    verdict = desk().on_finding(with_open(old), finding(level=Level.IMMINENT), NOW)
    assert [(one.alert.level, one.alert.state) for one in verdict.filed] == [
        (Level.WARNING, AlertState.CLEARED),
        (Level.IMMINENT, AlertState.RAISED),
    ]


def test_a_sudden_stop_is_asked_about_with_the_relief_steps_beside_it():
    alert = prompt().alert
    assert alert.question == "Is it a cramp?"
    assert [step.id for step in alert.steps][:2] == ["relief.stop", "relief.stretch"]


def test_yes_turns_the_question_into_relief_and_asks_whether_it_has_eased():
    asked = prompt()
    verdict = desk().on_answer(with_open(asked), answer(asked.alert.id, Answer.CRAMP), NOW + 1)
    alert = verdict.filed[0].alert
    assert (alert.id, alert.state, alert.question) == (asked.alert.id, AlertState.ACKNOWLEDGED, "Has it eased?")
    assert verdict.hush.level is Level.IMMINENT  # the pattern is quiet; another sudden stop is not


def test_no_clears_the_question_and_quiets_nothing_above_a_warning():
    asked = prompt()
    verdict = desk().on_answer(with_open(asked), answer(asked.alert.id, Answer.OK), NOW)
    assert (verdict.filed[0].alert.state, verdict.paused_until_ms) == (AlertState.CLEARED, None)
    assert verdict.hush.level is Level.WARNING


def test_just_a_pause_clears_the_question_and_expects_stops_for_a_while():
    asked = prompt()
    verdict = desk().on_answer(with_open(asked), answer(asked.alert.id, Answer.PAUSE), NOW)
    assert verdict.filed[0].alert.state is AlertState.CLEARED
    assert verdict.paused_until_ms == NOW + 15 * MINUTE_MS
    assert verdict.hush.level is Level.WARNING


def test_a_coach_who_has_seen_the_question_quiets_the_pattern_and_no_other_question():
    asked = prompt()
    verdict = desk().on_answer(with_open(asked), answer(asked.alert.id, by="coach"), NOW)
    assert verdict.hush.level is Level.IMMINENT


@pytest.mark.parametrize(("word", "by"), [(Answer.OK, "runner"), (Answer.OK, "coach"), (Answer.CRAMP, "runner")])
def test_a_second_sudden_stop_four_minutes_later_is_asked_about(word, by):
    first = prompt()
    answered = desk().on_answer(with_open(first), answer(first.alert.id, word, by), NOW)
    later = NOW + 4 * MINUTE_MS
    since = replace(
        ALONE, pushed=(Pushed(NOW, Level.NOW, first.alert.id, slot=AlertKind.CRAMP),), hushes=(answered.hush,)
    )
    again = desk().on_finding(since, finding(FindingKind.CRAMP_STOP, Level.NOW, at_ms=later), later)
    assert (again.reason, again.filed[-1].audible) == (Reason.REPEAT_DUE, True)


def test_strong_signs_after_a_no_are_told():
    first = prompt()
    answered = desk().on_answer(with_open(first), answer(first.alert.id), NOW)
    since = replace(
        ALONE, pushed=(Pushed(NOW, Level.NOW, first.alert.id, slot=AlertKind.CRAMP),), hushes=(answered.hush,)
    )
    later = NOW + 4 * MINUTE_MS
    strong = desk().on_finding(since, finding(level=Level.IMMINENT, at_ms=later), later)
    assert strong.reason.outcome is Outcome.PUSH
    mild = desk().on_finding(since, finding(level=Level.WARNING, at_ms=later), later)
    assert mild.reason is Reason.ACKNOWLEDGED


def test_a_coach_who_has_seen_the_question_does_not_answer_it_for_the_runner():
    asked = prompt()
    seen = desk().on_answer(with_open(asked), answer(asked.alert.id, by="coach"), NOW).filed[0]
    assert (seen.alert.state, seen.alert.question) == (AlertState.ACKNOWLEDGED, "Is it a cramp?")
    said = desk().on_answer(with_open(seen), answer(asked.alert.id, Answer.CRAMP), NOW).filed[0]
    assert said.flow is Flow.CRAMP_RELIEF


def test_an_answer_to_an_alert_that_is_over_is_kept_as_a_label_and_changes_nothing():
    assert desk().on_answer(ALONE, answer("long-gone"), NOW).reason is Reason.NO_SUCH_ALERT


def test_saying_cramp_to_a_warning_raises_help_beside_it():
    warning = filed(ALONE)
    verdict = desk().on_answer(with_open(warning), answer("a1", Answer.CRAMP), NOW)
    assert verdict.reason is Reason.ASKED
    assert [(one.alert.kind, one.alert.state) for one in verdict.filed] == [
        (AlertKind.PATTERN, AlertState.ACKNOWLEDGED),
        (AlertKind.CRAMP, AlertState.ACKNOWLEDGED),
    ]


def test_a_cramp_that_is_told_unasked_brings_relief_then_the_walk_back_then_it_closes():
    told = desk().on_check_in(ALONE, check_in(), NOW)
    relief = told.filed[0]
    assert (told.reason, relief.audible, relief.flow) == (Reason.ASKED, True, Flow.CRAMP_RELIEF)
    eased = desk().on_check_in(with_open(relief), check_in("eased"), NOW + 1).filed[0]
    assert eased.alert.steps[0].id == "relief.walk_back"
    closed = desk().on_finding(with_open(eased), finding(FindingKind.RESUMED, Level.OK), NOW + 2).filed[0]
    assert (closed.alert.state, closed.alert.steps[0].id) == (AlertState.CLEARED, "relief.walk_back")


def test_a_second_cramp_after_easing_turns_back_to_relief():
    eased = filed(ALONE, flow=Flow.CRAMP_EASED, level=Level.NOW, slot=AlertKind.CRAMP)
    assert desk().on_check_in(with_open(eased), check_in(), NOW).filed[0].flow is Flow.CRAMP_RELIEF


def test_running_on_closes_a_cramp_flow_even_when_it_comes_as_backlog():
    late = finding(FindingKind.RESUMED, Level.OK, at_ms=NOW + 30_000, late=True)
    verdict = desk().on_finding(with_open(prompt()), late, NOW + 5 * MINUTE_MS)
    assert (verdict.reason, verdict.filed[0].alert.state) == (Reason.RESUMED, AlertState.CLEARED)


def test_running_on_before_the_cramp_was_said_closes_nothing():
    asked = prompt()
    yes = desk().on_answer(with_open(asked), answer(asked.alert.id, Answer.CRAMP), NOW + 60_000).filed[0]
    before = finding(FindingKind.RESUMED, Level.OK, at_ms=NOW + 30_000, late=True)
    assert desk().on_finding(with_open(yes), before, NOW + 5 * MINUTE_MS).filed == ()


def test_a_push_that_nobody_took_by_its_deadline_expires_and_a_question_after_five_minutes():
    warning = filed(ALONE)
    assert desk().on_time(with_open(warning), NOW + RULES.deadline_ms - 1, active=True) is None
    late = desk().on_time(with_open(warning), NOW + RULES.deadline_ms, active=True)
    assert late.filed[0].alert.state is AlertState.EXPIRED
    asked = replace(prompt(), audible=False)
    assert desk().on_time(with_open(asked), NOW + 5 * MINUTE_MS, active=True).filed[0].alert.state is AlertState.EXPIRED


def test_a_shown_pattern_lasts_as_long_as_the_run_is_watched():
    shown = replace(filed(ALONE, level=Level.WATCH, flow=Flow.PATTERN_WATCH), audible=False)
    later = NOW + 30 * MINUTE_MS
    kept = desk().on_time(with_open(shown), later, active=True).filed[0]
    assert (kept.alert.state.open, kept.ends_at_ms) == (True, later + 30 * MINUTE_MS)
    assert not desk().on_time(with_open(shown), later, active=False).filed[0].alert.state.open


def test_a_new_run_ends_what_is_open_of_the_last():
    assert desk().on_session(with_open(filed(ALONE)), SESSION, NOW) is None
    assert desk().on_session(with_open(filed(ALONE)), "run-2", NOW).filed[0].alert.state is AlertState.CLEARED


def test_a_fault_is_shown_named_changed_and_cleared_at_once_on_recovery():
    strap = Fault(Flow.FAULT_SENSOR, NOW - 20_000, "no signal from the strap")
    part = Fault(Flow.FAULT_SERVICE, NOW - 20_000, "processor-1 has stopped")
    one = desk().on_faults(ALONE, (strap,), NOW, active=True)
    assert (one.reason, one.filed[0].audible) == (Reason.FAULT_SHOWN, False)
    assert desk().on_faults(with_open(one.filed[0]), (strap,), NOW, active=True) is None
    both = desk().on_faults(with_open(one.filed[0]), (strap, part), NOW, active=True)
    assert both.filed[0].alert.because == (strap.because, part.because)
    over = desk().on_faults(with_open(both.filed[0]), (), NOW, active=True)
    assert (over.reason, over.filed[0].alert.state) == (Reason.RECOVERED, AlertState.CLEARED)
    done = desk().on_faults(with_open(both.filed[0]), (), NOW, active=False)
    assert (done.reason, done.filed[0].alert.state) == (Reason.RUN_OVER, AlertState.EXPIRED)


# --- what can be seen -----------------------------------------------------------------------------------------


def sensor(state, at_ms, collector="collector-1"):
    return SensorStatus(
        device="strap", name="Strap", state=state, at_ms=at_ms, measures=("heart_rate",), collector=collector
    )


def sight(**more):
    runs = {"ada": Run(SESSION, NOW, NOW), "bo": Run(SESSION, NOW, NOW)}
    return Sight(lost_ms=20_000, gap_ms=1_800_000, runs=more.pop("runs", runs), processor="processor-1", **more)


def service(instance, state="down", at_ms=NOW - 3_600_000):
    return ServiceStatus(service=instance, state=state, at_ms=at_ms)


def test_a_sensor_is_missed_after_its_patience_and_found_at_once():
    eyes = sight()
    eyes.sensor("ada", "strap", sensor(SensorState.LOST, NOW + 1_000))
    assert eyes.wake_at_ms(NOW + 1_000) == NOW + 21_000
    assert eyes.faults("ada", NOW + 20_999) == ()
    assert eyes.faults("ada", NOW + 21_000)[0].because == "no signal from Strap (heart rate)"
    eyes.sensor("ada", "strap", sensor(SensorState.CONNECTED, NOW + 30_000))
    assert eyes.faults("ada", NOW + 30_000) == ()


def test_searching_for_a_lost_sensor_does_not_make_it_less_lost():
    eyes = sight()
    eyes.sensor("ada", "strap", sensor(SensorState.LOST, NOW))
    eyes.sensor("ada", "strap", sensor(SensorState.SEARCHING, NOW + 15_000))
    assert eyes.faults("ada", NOW + 20_000)[0].since_ms == NOW


def test_a_sensor_that_never_connected_in_this_run_is_not_missed():
    eyes = sight()
    eyes.sensor("ada", "strap", sensor(SensorState.SEARCHING, NOW))
    eyes.sensor("ada", "pod", sensor(SensorState.LOST, NOW - 1))
    assert eyes.faults("ada", NOW + 60_000) == ()


def test_nobody_is_missed_once_the_run_is_over():
    eyes = sight()
    eyes.sensor("ada", "strap", sensor(SensorState.LOST, NOW))
    assert eyes.faults("ada", NOW + 1_800_000) == ()


def test_the_processor_is_missed_by_everybody_from_when_its_last_will_came():
    eyes = sight()
    assert eyes.service("processor-1", service("processor-1"), NOW + 5_000, retained=False) == NOW + 5_000
    for athlete in ("ada", "bo"):
        assert eyes.faults(athlete, NOW + 25_000)[0].because == "processor-1 has stopped"
    assert eyes.service("processor-1", service("processor-1", "up"), NOW + 26_000, retained=False) is None
    assert eyes.faults("ada", NOW + 26_000) == ()


def test_a_collector_is_missed_by_those_whose_sensors_it_had_in_this_run():
    eyes = sight()
    eyes.sensor("ada", "strap", sensor(SensorState.CONNECTED, NOW))
    eyes.sensor("bo", "strap", sensor(SensorState.CONNECTED, NOW, "collector-2"))
    eyes.sensor("bo", "old-strap", sensor(SensorState.LOST, NOW - 86_400_000))
    eyes.service("collector-1", service("collector-1"), NOW + 5_000, retained=False)
    assert [one.because for one in eyes.faults("ada", NOW + 25_000)] == ["collector-1 has stopped"]
    assert eyes.faults("bo", NOW + 25_000) == ()


#: A collector of ``crampwatch replay``, as it names itself.
REPLAYING = "replay-0a1b2c3d4e"


@pytest.mark.parametrize("instance", ["dashboard-1", "collector-of-others", "processor-of-others", REPLAYING])
def test_pages_replays_and_other_teams_come_and_go_unmissed(instance):
    eyes = sight()
    eyes.sensor("ada", "strap", sensor(SensorState.CONNECTED, NOW))
    eyes.sensor("ada", "again", sensor(SensorState.CONNECTED, NOW, REPLAYING))
    eyes.service(instance, service(instance), NOW + 5_000, retained=False)
    assert eyes.faults("ada", NOW + 25_000) == ()


def restarted(known_ms=None, last_seen_ms=NOW):
    """Eyes that are opened in the middle of a run, after a will of a collector (dated when it linked) was told."""
    gone = {} if known_ms is None else {"collector-1": known_ms}
    eyes = sight(runs={"ada": Run(SESSION, NOW, last_seen_ms)}, gone=gone)
    eyes.sensor("ada", "strap", sensor(SensorState.CONNECTED, NOW))
    return eyes


def test_a_collector_that_was_seen_to_die_in_the_run_died_in_it_after_a_restart_too():
    eyes = restarted(known_ms=NOW + 60_000)
    eyes.service("collector-1", service("collector-1"), NOW + 300_000, retained=True)
    assert eyes.faults("ada", NOW + 300_000)[0].since_ms == NOW + 60_000


def test_a_collector_that_died_while_our_own_link_was_down_died_after_its_last_word():
    eyes = restarted()
    eyes.service("collector-1", service("collector-1", "up", NOW + 50_000), NOW + 50_000, retained=False)
    eyes.service("collector-1", service("collector-1"), NOW + 100_000, retained=True)
    assert eyes.faults("ada", NOW + 100_000)[0].since_ms == NOW + 50_000


def test_a_collector_that_died_before_the_run_is_not_missed_after_a_restart():
    eyes = restarted(known_ms=NOW - 60_000)
    eyes.service("collector-1", service("collector-1"), NOW + 300_000, retained=True)
    assert eyes.faults("ada", NOW + 300_000) == ()


def test_a_collector_that_nobody_saw_die_lived_as_long_as_somebody_looked():
    eyes = restarted(last_seen_ms=NOW + 120_000)
    eyes.service("collector-1", service("collector-1"), NOW + 300_000, retained=True)
    assert eyes.faults("ada", NOW + 300_000)[0].since_ms == NOW + 120_000
    eyes = restarted(known_ms=NOW - 60_000, last_seen_ms=NOW + 120_000)
    linked_again = service("collector-1", at_ms=NOW + 10_000)
    eyes.service("collector-1", linked_again, NOW + 300_000, retained=True)
    assert eyes.faults("ada", NOW + 300_000)[0].since_ms == NOW + 120_000
