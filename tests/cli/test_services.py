"""Each service alone, over one broker that they share: starts, says so, ends on SIGTERM with 0."""

import asyncio
import contextlib
import json
import signal
import socket
import sys
import urllib.request

import httpx
import pytest

from crampwatch.bus.address import Address
from crampwatch.bus.links import MqttLinks
from crampwatch.codec import decode
from crampwatch.topics import SYSTEM, Kind, Topic, every
from tests.cli.rig import PATIENCE_S, csv_of, left_of
from tests.support.brokers import until
from tests.support.stories import Story

#: ``crampwatch collect`` with a recording in the place of this machine's Bluetooth, which a test cannot count on.
COLLECT = """
import asyncio, sys
from collector.recorded import RecordedSource
from collector.recordings import load
from crampwatch.cli import serving
from crampwatch.cli.console import set_up_logging
from crampwatch.clock import WallClock
from crampwatch.settings import load as settings

set_up_logging("info")
source = RecordedSource([("strap", load(sys.argv[1])[0])], WallClock().now_ms() - 60_000)
asyncio.run(serving.alone(settings(), "collector", lambda home: home.collector(source)))
"""
INSTANCES = {"process": "processor-1", "alert": "alerter-1", "serve": "dashboard-1", "collect": "collector-1"}
NAMES = {"process": "processor", "alert": "alerter", "serve": "dashboard", "collect": "collector"}


@pytest.fixture
def alone(start, shared, tmp_path):
    """Start a service in a process of its own."""

    def starting(service, **more):
        variables = {**shared, "CRAMPWATCH_DASHBOARD__PORT": 0, **more}
        if service == "collect":
            recording = csv_of(Story().running(60), tmp_path / "short.csv")
            variables["CRAMPWATCH_COLLECTOR__CLAIM"] = "auto"
            return start("-c", COLLECT, recording, command=[sys.executable], **variables)
        return start(service, **variables)

    return starting


def link(shared):
    return MqttLinks(Address("127.0.0.1", int(shared["CRAMPWATCH_MQTT__URL"].rpartition(":")[2])))


class Statuses:
    """What the services say of themselves."""

    def __init__(self):
        self.now = {}

    async def read(self, bus):
        async for delivery in bus.deliveries():
            topic = Topic.parse(delivery.topic)
            if delivery.payload and topic.device is None:
                self.now[topic.athlete] = decode(topic.kind, delivery.payload).state
            await delivery.ack()


async def test_each_alone_starts_and_stops_over_one_broker(alone, shared):
    statuses = Statuses()
    async with link(shared)("watcher", subscribe=every(Kind.STATUS, SYSTEM)) as bus:
        reader = asyncio.create_task(statuses.read(bus))
        running = {service: alone(service) for service in INSTANCES}
        for service, process in running.items():
            line = await asyncio.to_thread(process.until, f"{NAMES[service]} is up")
            assert line.endswith("(Ctrl-C ends it)")
        await until(lambda: statuses.now == dict.fromkeys(INSTANCES.values(), "up"))
        for service in reversed(INSTANCES):
            running[service].tell()
            assert await asyncio.to_thread(running[service].ended) == 0, running[service].said
            await until(lambda service=service: statuses.now[INSTANCES[service]] == "down")
            assert left_of(running[service].pid) == []
            assert "Traceback" not in "\n".join(running[service].said)
        reader.cancel()


async def test_together_they_are_a_house(alone, tmp_path):
    pages = alone("serve")
    url = (await asyncio.to_thread(pages.until, "dashboard is up at ")).split()[4]
    await asyncio.to_thread(alone("process").until, "is up")
    await asyncio.to_thread(alone("collect").until, "is up")

    def minutes():
        with urllib.request.urlopen(f"{url}/api/runs", timeout=10) as answer:
            return [run["duration_s"] / 60 for run in json.load(answer)["runs"]]

    await until(lambda: [round(one) for one in minutes()] == [1])


SECTIONS = {"collect": "COLLECTOR", "process": "PROCESSOR", "alert": "ALERTS"}


@pytest.mark.parametrize("service", INSTANCES)
async def test_each_alone_can_be_asked_how_it_is(alone, service):
    ports = {f"CRAMPWATCH_{SECTIONS[service]}__HEALTH_PORT": 0} if service in SECTIONS else {}
    process = alone(service, **ports)
    said = "the pages are at " if service == "serve" else "/metrics are at "
    url = (await asyncio.to_thread(process.until, said)).split()[-1]
    await asyncio.to_thread(process.until, "is up")
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, len(ready.json()["services"])) == (200, 1), ready.text
        metrics = (await client.get("/metrics")).text
    assert f'service="{ready.json()["services"][0]["service"]}"' in metrics
    process.tell()
    assert await asyncio.to_thread(process.ended) == 0


async def test_a_health_port_that_is_taken_keeps_no_service_from_serving(alone):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = alone("process", CRAMPWATCH_PROCESSOR__HEALTH_PORT=taken.getsockname()[1])
        warning = await asyncio.to_thread(process.until, "processor.health_port")
        await asyncio.to_thread(process.until, "processor is up")
    assert "WARNING" in warning


@pytest.mark.parametrize("service", ["process", "alert", "serve"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_asked_to_stop_while_it_still_waits_for_the_broker_it_ends_in_order(start, service, number):
    knocked = asyncio.Event()

    async def say_nothing(reader, writer):
        knocked.set()
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server:
        url = f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        process = start(service, CRAMPWATCH_MQTT__URL=url, CRAMPWATCH_DASHBOARD__PORT=0)
        await asyncio.wait_for(knocked.wait(), PATIENCE_S)
        process.tell(number)
        process.tell(number)
        assert await asyncio.to_thread(process.ended) == 0, process.said
        assert process.said == []
