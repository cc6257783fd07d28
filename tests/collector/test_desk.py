"""What each arrival means: kept under the right athlete, said on the right topic, asked of the source."""

import pytest

from collector.desk import MESSAGE_SAMPLES, PAIRING, Desk
from collector.intake import Intake
from collector.pairing import Pairing
from crampwatch.codec import decode
from crampwatch.errors import Refused
from crampwatch.events import SensorClaimed, SensorState
from crampwatch.metrics import Counters
from crampwatch.settings import Athlete, Sensor
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.units import CadenceUnit
from tests.support.clocks import START_MS
from tests.support.sources import battery, gait, heart_rate, linked, seen, ticks

ANN = Athlete(id="ann", sensors=(Sensor(name="WATCH-1"), Sensor(name="POD", cadence_unit="steps_per_min")))
MINE = Topic("home", "ann", Kind.STATUS, "watch-1")
OFFERED = Topic(SYSTEM, "collector-1", Kind.STATUS, "watch-1")


def desk(*athletes, claiming="ask", state=None):
    counters = Counters()
    return Desk(
        team="home",
        collector="collector-1",
        pairing=Pairing(athletes, claiming, state),
        intake=Intake(counters=counters),
        counters=counters,
    )


def after(one, *arrivals):
    for arrival in arrivals:
        one.take(arrival)
    return one.batch()


def said(batch, topic):
    return decode(Kind.STATUS, batch.statuses[topic])


def claimed(device="watch-1", athlete="bea"):
    return SensorClaimed(device=device, athlete=athlete, at_ms=START_MS)


def test_a_sensor_of_the_settings_is_wanted_and_shown_under_its_athlete():
    batch = after(desk(ANN), seen())
    assert batch.wanted == ("watch-1",)
    status = said(batch, MINE)
    assert (status.state, status.name, status.measures) == (
        SensorState.SEARCHING,
        "sensor watch-1",
        ("heart_rate", "cadence"),
    )


def test_a_stranger_shows_its_own_name_until_it_is_somebodys_and_its_products_after():
    one = desk()
    anna = seen(name="Forerunner 255 of Anna")
    assert said(after(one, anna), OFFERED).name == "Forerunner 255 of Anna"
    assert said(after(one, claimed()), Topic("home", "bea", Kind.STATUS, "watch-1")).name == "Forerunner 255"
    after(one, seen(name="Forerunner 255 of Anna", model="FR255S"))
    later = after(one, linked())
    assert said(later, Topic("home", "bea", Kind.STATUS, "watch-1")).name == "FR255S"


def test_a_remembered_sensor_has_no_name_but_its_id_until_it_is_seen():
    pairing = Pairing()
    pairing.claim("watch-1", "bea")
    again = desk(state=pairing.snapshot())
    again.begin(START_MS)
    topic = Topic("home", "bea", Kind.STATUS, "watch-1")
    assert said(again.batch(), topic).name == "sensor watch-1"
    assert said(after(again, seen(name="Anna's Watch")), topic).name == "sensor watch-1"


def test_a_stranger_is_offered_under_the_collector_and_not_connected():
    batch = after(desk(), seen(), linked())
    assert batch.wanted == ()
    assert said(batch, OFFERED).state is SensorState.UNCLAIMED


def test_a_stranger_is_not_even_shown_when_claims_are_off():
    assert after(desk(claiming="off"), seen()).statuses == {}


def test_a_claim_moves_the_sensor_and_clears_where_it_stood():
    one = desk()
    after(one, seen())
    batch = after(one, claimed())
    assert batch.statuses[OFFERED] is None
    assert said(batch, Topic("home", "bea", Kind.STATUS, "watch-1")).state is SensorState.SEARCHING
    assert batch.wanted == ("watch-1",)
    moved = after(one, claimed(athlete="cem"))
    assert moved.statuses[Topic("home", "bea", Kind.STATUS, "watch-1")] is None


def test_a_claim_is_searched_for_after_a_restart_before_it_is_seen():
    one = desk()
    state = after(one, claimed()).state[PAIRING]
    again = desk(state=state)
    again.begin(START_MS)
    assert again.batch().wanted == ("watch-1",)


def test_frames_of_a_sensor_that_nobody_owns_are_refused_with_the_remedy():
    one = desk()
    with pytest.raises(Refused, match="claim it"):
        one.take(heart_rate())
    assert one.batch().messages == ()


def test_the_frames_of_one_athlete_make_one_message_whatever_their_sensor():
    one = desk(ANN)
    after(one, seen(), seen("pod", name="POD"))
    (message,) = after(one, heart_rate(), gait("pod", per_min=172)).messages
    assert message.athlete == "ann"
    assert [sample.device for sample in message.samples] == ["watch-1", "pod", "pod"]
    assert message.samples[1].decided_by == "override"


def test_a_long_silence_of_the_writer_makes_messages_of_bounded_size():
    one = desk(ANN)
    after(one, seen())
    messages = after(one, *ticks(seconds=400)).messages
    assert [len(message.samples) for message in messages] == [
        MESSAGE_SAMPLES,
        MESSAGE_SAMPLES,
        1_200 - 2 * MESSAGE_SAMPLES,
    ]


def test_a_batch_is_handed_over_once():
    one = desk(ANN)
    assert after(one, seen(), *ticks(seconds=1)).messages
    assert one.batch().messages == ()
    assert one.batch().state == {}


def test_what_is_learnt_of_a_sensor_is_said_when_it_changes_and_not_at_every_frame():
    one = desk(ANN)
    after(one, seen(services=frozenset()), linked())
    assert said(after(one, heart_rate()), MINE).measures == ("heart_rate",)
    assert after(one, heart_rate(at_ms=START_MS + 1_000)).statuses == {}
    assert said(after(one, battery(percent=55)), MINE).battery_percent == 55
    assert after(one, battery(at_ms=START_MS + 2_000, percent=55)).statuses == {}
    running = [gait(at_ms=START_MS + 3_000 + 1_000 * n, per_min=86) for n in range(6)]
    assert said(after(one, *running), MINE).cadence_unit is CadenceUnit.STRIDES


def test_a_signal_strength_that_is_no_strength_is_missing():
    assert said(after(desk(ANN), seen(rssi_dbm=127)), MINE).rssi_dbm is None


def test_connected_sensors_are_counted():
    one = desk(ANN)
    after(one, seen(), linked())
    assert one.connected == 1
    after(one, linked(state=SensorState.LOST))
    assert one.connected == 0
