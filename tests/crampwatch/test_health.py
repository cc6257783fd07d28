"""What a process answers to who operates it: alive, ready, and a port that somebody else has."""

import asyncio
import contextlib
import logging
import socket

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from crampwatch.health import Health, HealthServer
from crampwatch.service import running
from tests.support.brokers import until
from tests.support.clocks import ManualClock
from tests.support.services import Patient


@pytest.fixture
def health():
    return Health()


@pytest.fixture
async def ask(health):
    transport = httpx.ASGITransport(app=Starlette(routes=health.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client.get


async def test_a_process_is_alive_before_its_services_are_ready(health, ask):
    health.watch(Patient())
    assert ((await ask("/healthz")).status_code, (await ask("/readyz")).status_code) == (200, 503)


async def test_a_process_is_ready_when_all_of_its_services_are(health, ask):
    one, other = Patient(), Patient("processor-1", "processor")
    health.watch(one, other)
    one.ready.set()
    assert (await ask("/readyz")).status_code == 503
    other.ready.set()
    assert (await ask("/readyz")).status_code == 200


async def test_a_service_with_a_problem_may_still_be_ready_and_says_what_is_wrong(health, ask):
    one = Patient()
    one.ready.set()
    one.problems = ["no broker yet: check mqtt.url"]
    health.watch(one)
    answer = await ask("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "services": [
            {
                "service": "collector-1",
                "kind": "collector",
                "ready": True,
                "problems": ["no broker yet: check mqtt.url"],
            }
        ],
    }


async def test_a_process_without_services_is_not_ready(ask):
    assert (await ask("/readyz")).status_code == 503


async def test_a_service_that_ended_by_itself_leaves_a_process_that_is_not_alive(health, ask):
    one = Patient()
    one.ready.set()
    health.watch(one)
    health.ended(one, "failed: OSError: gone")
    answer = await ask("/healthz")
    assert (answer.status_code, answer.json()["services"]) == (503, {"collector-1": "failed: OSError: gone"})
    assert (await ask("/readyz")).status_code == 503


async def test_what_a_process_answers_is_never_kept_by_a_proxy(ask):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await ask(path)).headers["cache-control"] == "no-store"


async def test_metrics_are_of_all_services(health, ask):
    health.watch(Patient("track-1"), Patient("track-2"))
    answer = await ask("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert {sample.labels["service"] for sample in families["crampwatch_ready"].samples} == {"track-1", "track-2"}


@contextlib.asynccontextmanager
async def served(health, port=0, wait=asyncio.sleep):
    server = HealthServer(health, "127.0.0.1", port, setting="collector.health_port", clock=ManualClock(), wait=wait)
    async with running([server]):
        yield server


async def test_a_health_server_answers_on_its_port_and_leaves_it_at_the_end(health):
    health.watch(Patient())
    async with served(health) as server, httpx.AsyncClient() as client:
        url = server.url
        assert (await client.get(f"{url}/healthz")).status_code == 200
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(url.rsplit(":", 1)[1]))) != 0


async def test_a_port_that_is_taken_stops_nothing_is_told_once_and_tried_again(health, caplog):
    health.watch(Patient())
    tries = asyncio.Queue()

    async def wait(_seconds):
        await tries.get()

    taken = socket.socket()
    with taken, caplog.at_level(logging.DEBUG, "crampwatch.health"):
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with served(health, taken.getsockname()[1], wait) as server:
            assert server.url is None
            tries.put_nowait(None)
            await until(lambda: len(caplog.records) == 2)
            (warning,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
            assert "collector.health_port" in warning.getMessage()
            taken.close()
            tries.put_nowait(None)
            await until(lambda: server.url is not None)
            async with httpx.AsyncClient() as client:
                assert (await client.get(f"{server.url}/healthz")).status_code == 200
            assert any("can be asked again" in one.getMessage() for one in caplog.records)


async def test_an_address_that_is_none_of_this_machines_stops_nothing(health, caplog):
    server = HealthServer(health, "192.0.2.1", 0, setting="collector.health_port", clock=ManualClock())
    async with running([server]):
        assert "health_host" in caplog.text


async def test_who_watches_hears_of_a_service_that_failed_while_the_others_still_close(health):
    other, failing = Patient("other"), Patient("failing")
    break_it = asyncio.Event()
    heard = []

    async def run():
        failing.ready.set()
        await break_it.wait()
        raise OSError("gone")

    async def serve():
        async with running([other, failing], lambda service, why: heard.append((service.name, why))):
            break_it.set()
            await asyncio.Event().wait()

    failing.run = run
    with pytest.raises(ExceptionGroup):
        await serve()
    assert heard == [("failing", "failed: OSError: gone")]


async def test_a_service_that_was_asked_to_end_is_no_loss(health):
    heard = []
    async with running([Patient()], lambda *told: heard.append(told)):
        pass
    assert heard == []
