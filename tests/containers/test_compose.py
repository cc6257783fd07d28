"""compose.yaml, started for real: it watches, it alerts, every container may die once, and nothing is lost."""

import asyncio
import json
import urllib.request

import pytest

from collector.spool import SqliteSpool, file_name
from crampwatch.bus.address import Address
from crampwatch.clock import WallClock
from crampwatch.codec import decode
from crampwatch.events import AlertKind
from crampwatch.settings import Influxdb
from crampwatch.storage.influx.store import InfluxStore
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.topics import Kind, Topic, every
from tests.containers import machine
from tests.containers.machine import Deployment, until
from tests.containers.observer import Observer
from tests.containers.secrets import password

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1_800)]

TEAM = "home"
COLLECTOR = "collector-demo"
LASTING = ("broker", "influxdb", "processor", "alerter", "dashboard", "demo")
#: The simulated runner who stops short a minute after the start.
STRICKEN = "runner-01"
INFLUXDB_PORT = 8_086


@pytest.fixture(scope="module")
def deployment(engine, tmp_path_factory):
    made = Deployment(engine, tmp_path_factory.mktemp("compose"))
    try:
        made.up("setup", "processor", "alerter", "dashboard")
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module", autouse=True)
def observer(deployment):
    """Listens with the rights of the pages, from before the simulated runners set out."""
    broker = deployment.address("broker", "broker")
    address = Address(broker, 1_883, "dashboard-1", password(deployment.secrets, "dashboard-1"))
    with Observer(address, [*every(Kind.ALERT, TEAM), *every(Kind.DELIVERY, TEAM)]) as listening:
        deployment.up()
        yield listening


def asked(deployment, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{deployment.page}{path}", timeout=20) as answer:
        return answer.read().decode()


def board(deployment):
    """Rows of the board by athlete; none while the page does not answer."""
    try:
        told = asked(deployment, "/api/board")
    except OSError:
        return {}
    return {row["id"]: row for row in json.loads(told)["athletes"]}


def alerts_heard(observer, kind):
    told = [json.loads(body) for topic, body in observer.heard if Topic.parse(topic).kind is Kind.ALERT and body]
    return [one for one in told if one["kind"] == kind]


def test_every_container_is_healthy_and_the_setup_has_ended_well(deployment):
    assert deployment.services() == sorted((*LASTING, "setup"))
    assert all(deployment.healthy(service) for service in LASTING)
    setup = deployment.inspected("setup")["State"]
    assert (setup["Status"], setup["ExitCode"]) == ("exited", 0)


@pytest.mark.parametrize("service", [*LASTING, "setup"])
def test_a_container_runs_as_nobody_on_a_root_that_it_cannot_write(deployment, service):
    told = deployment.inspected(service)
    host = told["HostConfig"]
    assert told["Config"]["User"].split(":")[0] not in {"", "0", "root"}
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"]["max-size"]


def test_only_the_page_is_published_and_to_this_machine_alone(deployment):
    published = {
        (service, place["HostIp"], int(place["HostPort"]))
        for service in deployment.services()
        for places in (deployment.inspected(service)["NetworkSettings"]["Ports"] or {}).values()
        for place in places or ()
    }
    assert published == {("dashboard", "127.0.0.1", deployment.page)}


def test_the_page_answers_and_shows_the_runners(deployment):
    assert "<title>" in asked(deployment, "/board")
    runners = {"runner-01", "runner-02", "runner-03"}
    until(lambda: set(board(deployment)) >= runners, "the board shows the simulated runners")


def test_a_runner_who_stops_short_is_an_alert_on_the_broker_and_a_push(deployment, observer):
    until(lambda: alerts_heard(observer, AlertKind.CRAMP), "the alert is on the broker", within_s=300)
    alert = alerts_heard(observer, AlertKind.CRAMP)[0]["id"]
    until(lambda: alert in pushed(observer), "it is pushed")


def pushed(observer):
    """Moments of pushes by alert; a push that the broker hands out again has the same moment."""
    told = [json.loads(body) for topic, body in observer.heard if Topic.parse(topic).kind is Kind.DELIVERY]
    moments = {}
    for one in told:
        moments.setdefault(one["alert_id"], {}).setdefault(one["level"], set()).add(one["at_ms"])
    return moments


@pytest.mark.parametrize("service", LASTING)
def test_a_container_that_is_killed_comes_back_and_is_healthy(deployment, service):
    deployment.kill(service)
    until(lambda: all(deployment.healthy(one) for one in LASTING), f"all are healthy after {service} was killed")


def test_the_page_answers_again_and_shows_the_runners_live(deployment):
    until(lambda: STRICKEN in board(deployment), "the board shows the runner again")


def test_no_secret_shows_where_the_engine_can_be_asked_or_in_a_log(deployment):
    secret = {path.name: path.read_text().strip() for path in deployment.secrets.iterdir() if "broker" not in path.name}
    for service in deployment.services():
        told = json.dumps(deployment.inspected(service)) + deployment.compose("logs", service)
        assert [name for name, value in secret.items() if value and value in told] == [], service


async def test_what_was_measured_is_stored_once_in_both_stores(deployment, observer, tmp_path):
    """The collector's own count of what it has taken is the measure; what still waits in its spool is not lost."""
    deployment.compose("stop", "demo")
    taken, waiting = await of_the_collector(deployment.copy("demo", tmp_path / "demo"))
    assert len(taken) == 3
    settings = Influxdb(
        url=f"http://{deployment.address('influxdb', 'influxdb')}:{INFLUXDB_PORT}",
        token=(deployment.secrets / "influxdb.token").read_text(encoding="utf-8"),
    )
    influx = await InfluxStore.open(settings, tmp_path / "outbox.db", WallClock())
    try:
        in_influx = await until_all_is_there(influx, taken, waiting)
        alerts = await alerts_of(influx)
    finally:
        await influx.close()
    deployment.compose("stop", "processor")
    sqlite = await SqliteStore.open(deployment.copy("processor", tmp_path / "processor") / "crampwatch.db")
    try:
        in_sqlite = await stored(sqlite)
    finally:
        await sqlite.close()
    assert complete(in_influx, taken, waiting)
    assert complete(in_sqlite, taken, waiting)
    asked_about = [one.id for one in alerts if one.kind is AlertKind.CRAMP]
    assert len(set(asked_about)) == len(asked_about) > 0
    assert {one["id"] for one in alerts_heard(observer, AlertKind.CRAMP)} == set(asked_about)
    moments = {
        (alert, level): at_ms for alert in asked_about for level, at_ms in pushed(observer).get(alert, {}).items()
    }
    assert [pushed for pushed, at_ms in moments.items() if len(at_ms) != 1] == []


def test_taken_down_it_leaves_nothing(deployment):
    deployment.down()
    assert deployment.left() == []


async def of_the_collector(state):
    """Samples that it took, by (athlete, session, device), and the numbers of those that still wait in its spool."""
    spool = await SqliteSpool.open(state / file_name(COLLECTOR), COLLECTOR)
    try:
        progress = {
            key.removeprefix("athlete/"): json.loads(value)
            for key, value in (await spool.state()).items()
            if key.startswith("athlete/")
        }
        rows = await spool.read(spool.forgotten + 1, 100_000)
    finally:
        await spool.close()
    taken = {
        (athlete, told["session"], device): how["next_seq"]
        for athlete, told in progress.items()
        for device, how in told["devices"].items()
    }
    waiting = {key: set() for key in taken}
    for row in rows:
        message = decode(Kind.TELEMETRY, row.payload)
        for sample in message.samples:
            waiting[row.athlete, message.session, sample.device].add(sample.seq)
    return taken, waiting


async def stored(store):
    """The numbers of stored samples, in order, by (athlete, session, device)."""
    numbers = {}
    for summary in await store.runs(team=TEAM):
        for sample in await store.samples(summary.run):
            numbers.setdefault((summary.run.athlete, summary.run.session, sample.device), []).append(sample.seq)
    return {key: sorted(one) for key, one in numbers.items()}


def complete(numbers, taken, waiting):
    """Whether each sample is there, and once; those that still wait may be there or not."""
    return numbers.keys() == taken.keys() and all(
        len(set(mine)) == len(mine) and {*mine, *waiting[key]} == set(range(taken[key]))
        for key, mine in numbers.items()
    )


async def until_all_is_there(store, taken, waiting):
    async with asyncio.timeout(machine.PATIENCE_S):
        while not complete(numbers := await stored(store), taken, waiting):  # noqa: ASYNC110 - a store sends no event
            await asyncio.sleep(1)
    return numbers


async def alerts_of(store):
    return [alert for summary in await store.runs(team=TEAM) for alert in await store.alerts(summary.run)]
