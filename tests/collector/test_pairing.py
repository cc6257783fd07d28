"""Whose sensor is it: settings before persons before automatism, and remembered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.pairing import Pairing, provisional_athlete
from collector.source import SensorInfo
from crampwatch.errors import Refused
from crampwatch.settings import Athlete, Sensor
from crampwatch.units import CadenceUnit
from tests.support import facts

ANN = Athlete(
    id="ann", sensors=(Sensor(address="AA:BB:CC:00:00:01"), Sensor(name="Pod 7", cadence_unit="steps_per_min"))
)


def sensor(device="hrm-1", address="11:22:33:44:55:66", name="HRM", serial=None):
    return SensorInfo(device, address=address, name=name, serial=serial)


def test_a_sensor_is_known_by_its_address_in_any_case():
    pairing = Pairing([ANN])
    assert pairing.seen(sensor(address="aa:bb:cc:00:00:01")).athlete == "ann"


def test_a_sensor_is_known_by_its_name_and_brings_its_cadence_unit():
    pairing = Pairing([ANN])
    assert pairing.seen(sensor("pod-7", name="Pod 7")).athlete == "ann"
    assert pairing.cadence_unit("pod-7") is CadenceUnit.STEPS


def test_where_an_address_is_given_the_same_name_is_not_enough():
    strap = Athlete(id="bea", sensors=(Sensor(address="AA:BB:CC:00:00:02", name="HRM"),))
    assert Pairing([strap]).seen(sensor(name="HRM")).athlete is None


def test_a_serial_number_stands_for_an_address_that_changes():
    athlete = Athlete(id="bea", sensors=(Sensor(address="SN-123"),))
    pairing = Pairing([athlete])
    assert pairing.seen(sensor()).athlete is None
    known = pairing.seen(sensor(serial="sn-123"))
    assert (known.athlete, known.changed) == ("bea", True)


def test_a_stranger_belongs_to_nobody_until_somebody_claims_it():
    pairing = Pairing(claiming="ask")
    assert pairing.seen(sensor()).athlete is None
    claimed = pairing.claim("hrm-1", "cem")
    assert (claimed.athlete, claimed.before, claimed.changed) == ("cem", None, True)
    assert pairing.athlete_of("hrm-1") == "cem"


def test_claimed_again_a_sensor_leaves_whoever_had_it():
    pairing = Pairing()
    pairing.claim("hrm-1", "cem")
    moved = pairing.claim("hrm-1", "dov")
    assert (moved.athlete, moved.before) == ("dov", "cem")


def test_an_automatic_claim_gives_the_same_pseudonym_each_time_and_yields_to_a_person():
    pairing = Pairing(claiming="auto")
    assert pairing.seen(sensor()).athlete == provisional_athlete("hrm-1")
    assert Pairing(claiming="auto").seen(sensor()).athlete == provisional_athlete("hrm-1")
    pairing.claim("hrm-1", "cem")
    assert pairing.seen(sensor()).athlete == "cem"


def test_the_settings_win_over_a_claim_and_say_where_to_change_it():
    pairing = Pairing([ANN])
    pairing.seen(sensor(name="Pod 7"))
    with pytest.raises(Refused, match=r"athletes\.sensors"):
        pairing.claim("hrm-1", "cem")
    assert pairing.athlete_of("hrm-1") == "ann"


def test_an_athlete_may_wear_several_sensors():
    pairing = Pairing([ANN])
    pairing.seen(sensor("strap", address="AA:BB:CC:00:00:01"))
    pairing.seen(sensor("pod", name="Pod 7"))
    assert pairing.athlete_of("strap") == pairing.athlete_of("pod") == "ann"


@given(st.lists(st.tuples(facts.ids, facts.ids), max_size=12))
def test_claims_survive_a_restart(claims):
    pairing = Pairing()
    for device, athlete in claims:
        pairing.claim(device, athlete)
    restored = Pairing(state=pairing.snapshot())
    assert dict(restored.claims) == dict(pairing.claims)
    assert restored.snapshot() == pairing.snapshot()


def test_a_state_that_cannot_be_read_is_refused():
    with pytest.raises(Refused, match="cannot be read"):
        Pairing(state=b'{"v":9}')
