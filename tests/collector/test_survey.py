"""Who is in the air: ids that show no address, and a survey of what is there."""

import re

import pytest

from collector.ble import SensorReport, pseudonym, survey
from collector.gatt.rsc import RunningSpeedCadence
from collector.radio.watch import Watch
from crampwatch.clock import PacedClock
from tests.collector.field import DEVICE, Field
from tests.collector.radio.rig import ADDRESS, Steady
from tests.support.clocks import START_MS


def test_a_device_keeps_its_pseudonym_and_it_shows_no_address():
    assert pseudonym("c1:00:00:00:00:01") == DEVICE
    assert pseudonym("C1:00:00:00:00:02") != DEVICE
    assert re.fullmatch(r"ble-[0-9a-f]{10}", DEVICE)
    assert ADDRESS.replace(":", "").lower() not in DEVICE


async def test_with_a_secret_of_its_own_a_collector_gives_ids_that_nobody_can_undo(field: Field):
    await field.watch()
    reader = await field.reader(field.source(secret=b"ours"), wants=False)
    await reader.until(lambda: bool(reader.seen()))
    assert {one.sensor.device for one in reader.seen()} == {pseudonym(ADDRESS, b"ours")}


async def test_the_makers_word_for_a_sensor_becomes_known_while_data_flows(field: Field):
    _, reader = await field.running()
    await reader.until(lambda: reader.seen()[-1].sensor.model == "Virtual Watch")


async def test_a_survey_tells_what_is_in_the_air(field: Field):
    clock = PacedClock(50, START_MS)
    async with clock.running():
        watch = Watch(field.air, Steady(600), ADDRESS, clock, name="Anna's watch", battery_percent=42, rssi_dbm=-55)
        async with watch:
            (report,) = await survey(1.0, field.adapter)
    assert (report.name, report.address, report.battery_percent, report.rssi_dbm) == (
        "Anna's watch",
        ADDRESS,
        42,
        -55,
    )
    assert {"heart rate", "running speed and cadence", "battery"} <= set(report.services)
    assert report.serial == watch.serial
    assert {one.cadence_per_min for _, one in report.running} == {170}


@pytest.mark.parametrize(
    ("cadence", "guess"), [(172, "steps"), (86, "strides"), (0, "undecided")], ids=["steps", "strides", "standing"]
)
def test_a_survey_guesses_what_a_cadence_counts(cadence: int, guess: str):
    reading = RunningSpeedCadence(3.0 if cadence else 0.0, cadence, None, None, running=cadence > 0)
    report = SensorReport("d", "n", "a", (), running=tuple((1_000 * one, reading) for one in range(20)))
    assert report.cadence_guess.startswith(guess)
