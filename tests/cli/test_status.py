"""``crampwatch status`` asks a house that runs elsewhere how it is."""

import asyncio
import json

import pytest

from crampwatch.cli.report import Ear
from crampwatch.cli.status import as_dict, drawn
from crampwatch.events import AlertKind, AlertState, ServiceStatus
from crampwatch.topics import SYSTEM, Kind, Topic
from tests.cli.test_foreign_words import NASTY
from tests.cli.test_foreign_words import drawn as on_paper
from tests.dashboard.desk import TEAM, alert, telemetry
from tests.support import needs
from tests.support.brokers import free_port
from tests.support.clocks import START_MS

NOW = START_MS
KINDS = {"collector-1": "collector", "processor-1": "processor", "alerter-1": "alerter", "dashboard-1": "dashboard"}


class House:
    """A house as it was heard."""

    def __init__(self, *ids):
        self.ear = Ear(KINDS, {"ana": "Ana Adler"})
        for one in ids or KINDS:
            self.says(one)

    def says(self, instance, state="up", *, at_ms=NOW, retained=False, **detail):
        message = ServiceStatus(service=instance, state=state, at_ms=at_ms, detail=detail)
        self.ear.heard(Topic(SYSTEM, instance, Kind.STATUS), message, NOW, retained=retained)

    def hears(self, message, kind, athlete="ana", device=None):
        self.ear.heard(Topic(TEAM, athlete, kind, device), message, NOW, retained=False)

    @property
    def report(self):
        return self.ear.report("a broker", NOW)

    @property
    def problems(self):
        return list(self.report.problems)


def test_a_house_in_which_everybody_is_up_is_well():
    house = House()
    house.hears(telemetry(NOW - 700), Kind.TELEMETRY)
    assert house.report.well
    assert [(one.athlete, one.age_s) for one in house.report.athletes] == [("Ana Adler", 0.7)]
    assert "all is well" in on_paper(drawn(house.report))


def test_an_athlete_of_whom_nothing_came_is_told_without_being_a_problem():
    house = House()
    assert (house.report.athletes[0].age_s, house.report.well) == (None, True)
    assert "nothing came" in on_paper(drawn(house.report))


def test_a_service_that_is_down_is_missed():
    house = House()
    house.says("processor-1", "down", ended="in order")
    assert house.problems == ["processor-1 is down"]


def test_a_service_that_ended_is_not_missed_when_another_of_its_kind_does_the_work():
    house = House()
    house.says("processor-2", kind="processor")
    house.says("processor-1", "down", ended="in order")
    assert house.problems == []


def test_every_collector_that_is_down_is_missed_each_has_its_own_runners():
    house = House()
    house.says("track-2", kind="collector")
    house.says("track-2", "down", kind="collector")
    assert house.problems == ["track-2 is down"]


def test_a_word_that_the_broker_kept_for_long_is_no_proof_of_life():
    house = House("collector-1", "processor-1")
    house.says("alerter-1", at_ms=NOW - 95_000, retained=True)
    assert house.problems == ["alerter-1 said that it is up, and nothing for 95 s since"]
    house.says("alerter-1", at_ms=NOW - 9_000, retained=True)
    assert house.problems == []


def test_a_service_without_which_nobody_is_watched_is_missed_though_it_never_spoke():
    assert House("collector-1", "processor-1").problems == ["no alerter has ever spoken on this broker"]


def test_a_broker_on_which_nobody_ever_spoke_is_told_as_that():
    house = House("collector-1")
    house.ear.heard(Topic(SYSTEM, "collector-1", Kind.STATUS), None, NOW, retained=False)
    (line,) = house.problems
    assert "crampwatch run" in line


def test_what_a_service_says_is_wrong_and_what_waits_is_told():
    house = House()
    house.says("collector-1", problem="no link to the broker", spool_rows=120, refused=2)
    assert house.problems == ["collector-1: no link to the broker"]
    assert "120 rows kept until they are stored" in on_paper(drawn(house.report))


def test_an_open_fault_is_a_problem_until_it_is_over():
    house = House()
    fault = alert(NOW, kind=AlertKind.FAULT, title="No signal from Strap H10")
    house.hears(fault, Kind.ALERT, device="fault")
    assert house.problems == ["Ana Adler: No signal from Strap H10"]
    house.hears(fault.model_copy(update={"state": AlertState.CLEARED}), Kind.ALERT, device="fault")
    assert house.problems == []


def test_clocks_that_are_apart_are_told_by_name():
    house = House()
    house.says("collector-1", at_ms=NOW - 65_000)
    (line,) = house.problems
    assert "collector-1" in line
    assert "65 s apart" in line


def test_the_ages_in_a_house_of_another_time_are_told_by_its_own_clock():
    house = House()
    for one in KINDS:
        house.says(one, at_ms=NOW - 1_200_000)
    house.hears(telemetry(NOW - 1_201_000), Kind.TELEMETRY)
    assert house.report.athletes[0].age_s == 1.0
    assert house.report.well


def test_words_of_others_steer_no_terminal():
    house = House()
    house.says("collector-1", problem=NASTY)
    assert "\x1b" not in on_paper(drawn(house.report))


def test_json_holds_all_of_it():
    house = House()
    house.says("collector-1", spool_rows=3)
    told = json.loads(json.dumps(as_dict(house.report)))
    assert told["well"] is True
    assert told["services"][1]["figures"] == {"spool_rows": 3}
    assert told["services"][1]["standing"] == "up"


def test_without_a_broker_it_ends_with_3_and_starts_none(crampwatch, tmp_path):
    told = crampwatch("status")
    assert told.code == 3
    assert "state folder" in told.err
    assert not (tmp_path / "state" / "broker").exists()


def test_a_broker_that_does_not_answer_is_none(crampwatch, monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_MQTT__URL", f"mqtt://127.0.0.1:{free_port()}")
    monkeypatch.setenv("CRAMPWATCH_MQTT__CONNECT_TIMEOUT_S", "0.3")
    assert crampwatch("status").code == 3


@pytest.fixture
def status(start):
    """Ask in a process of its own, to its end: what it told, as JSON."""

    async def asking(**variables):
        process = start("status", "--json", **variables)
        code = await asyncio.to_thread(process.ended)
        return code, json.loads("\n".join(process.said))

    return asking


async def test_it_finds_the_house_that_runs_with_its_own_broker(start, status):
    needs.mosquitto()
    process = start("process")
    await asyncio.to_thread(process.until, "processor is up")
    code, told = await status()
    assert code == 1
    assert [(one["id"], one["standing"]) for one in told["services"]] == [("processor-1", "up")]
    assert "no collector has ever spoken on this broker" in told["problems"]
    process.tell()
    assert await asyncio.to_thread(process.ended) == 0


async def test_it_sees_who_went_down_on_a_broker_of_others(start, status, shared):
    process = start("process", **shared)
    await asyncio.to_thread(process.until, "processor is up")
    process.tell()
    assert await asyncio.to_thread(process.ended) == 0
    _, told = await status(**shared)
    (service,) = told["services"]
    assert (service["standing"], service["since_ms"] is not None) == ("down", True)
