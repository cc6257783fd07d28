"""What should not come, while a hundred run: poison, another client of an id, a token that is known no more."""

import asyncio
import contextlib
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from aiomqtt import Client, MqttError

from crampwatch.topics import Kind, Topic
from crampwatch.units import SECOND_MS
from tests.faults.house import TEAM, House
from tests.faults.parts import LOOK_EVERY_S, PATIENCE_S, until
from tests.faults.receiver import Receiver
from tests.faults.verdict import Stored, compare_findings, compare_samples

#: What is younger in run time is live: nothing here is backlog.
FRESH_S = 3_600.0
#: When it begins, in run time, and how often each kind of poison is sent.
BEGINS_MS, TIMES = 20 * SECOND_MS, 5
STRANGER = "stranger"
POISON = {
    "not_json": b"\x00\xffpoison",
    "schema_version": b'{"v": 99, "kind": "telemetry"}',
}
#: The id of the collector's link.
RIVAL = f"{TEAM}_collector-1"
#: As any client does, it waits before it dials again.
REDIALS_AFTER_S = 1.0


@dataclass
class Borne:
    """What came of it: what the services say of it when asked, and everything that they wrote."""

    stored: dict[str, Stored] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    #: Metrics and problems by service, when all of it was going on.
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    waited: float = 0.0

    def warnings(self, service: str, *words: str) -> list[str]:
        """The lines of a service at WARNING or above that hold these words."""
        lines = re.findall(r"^.*(?:WARNING|ERROR|CRITICAL).*$", self.logs[service], re.MULTILINE)
        return [line for line in lines if all(word in line for word in words)]


def metrics_of(port: int) -> dict[str, float]:
    """The metrics of a service by name, and reason where they have one; none when it does not answer now."""
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = re.findall(r"^(crampwatch_\w+)(\{.*\})? (\S+)$", answer.read().decode(), re.MULTILINE)
        reasons = {labels: re.search(r'reason="(\w+)"', labels) for _, labels, _ in lines}
        return {
            f"{name} {found[1]}" if (found := reasons[labels]) else name: float(value) for name, labels, value in lines
        }
    return {}


def problems_of(port: int) -> str:
    """What a service says is wrong with it."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def refused(service: str, reason: str) -> str:
    """The counter of what a service left out for a reason."""
    return f"crampwatch_{service}_refused_total {reason}"


async def bear(prepared: House, folder: Path, pace: float) -> Borne:
    """Run the life of a group through all of it at once, then mend it and wait until everything is stored."""
    borne = Borne()
    async with Receiver().listening() as phone:
        house = prepared.copy_to(folder, phone)
        async with house.running():
            assert house.database is not None
            ports = {**house.health, "dashboard": house.pages}
            house.collect("life", pace, FRESH_S)
            await until(lambda: house.newest_ms() >= house.plan.life_ms + BEGINS_MS, "the run goes on")
            await asyncio.to_thread(house.database.know, known=False)
            await _poison(house)
            await _contest(house)
            await until(lambda: _all_counted(ports), "everything is counted")
            await until(lambda: "influxdb.token" in problems_of(ports["processor"]), "the token is named")
            borne.metrics = {name: metrics_of(port) for name, port in ports.items()}
            borne.problems = {name: problems_of(port) for name, port in ports.items()}
            borne.waited = borne.metrics["processor"]["crampwatch_processor_outbox_points"]
            await asyncio.to_thread(house.database.know, known=True)
            await house.drained()
            await house.decided()
            borne.logs = {name: house.parts[name].said() for name in ports}
            await house.stop()
            kept = await house.kept()
    proved = [finding for findings in house.plan.proved.values() for finding in findings]
    for name, one in kept.items():
        borne.stored[name] = compare_samples(house.plan, one)
        borne.findings += [f"{name}: {line}" for line in compare_findings(proved, one.findings)]
    return borne


async def _poison(house: House) -> None:
    async with house.links("faults-stranger") as bus:
        for payload in list(POISON.values()) * TIMES:
            for kind in (Kind.TELEMETRY, Kind.FINDING):
                await bus.publish(Topic(TEAM, STRANGER, kind), payload)


async def _contest(house: House) -> None:
    """Take the collector's link as often as it is lost, until the collector knows and gives way."""
    port = house.health["collector"]
    rival = asyncio.create_task(_rival(house.mqtt_port), name="rival")
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (await _metrics_of(port)).get("crampwatch_collector_link_taken_over"):  # noqa: ASYNC110 - asked
                await asyncio.sleep(LOOK_EVERY_S)
    finally:
        rival.cancel()
        await asyncio.gather(rival, return_exceptions=True)


async def _rival(port: int) -> None:
    while True:
        with contextlib.suppress(MqttError):
            async with Client("127.0.0.1", port, identifier=RIVAL) as client:
                async for _ in client.messages:
                    pass
        await asyncio.sleep(REDIALS_AFTER_S)


async def _metrics_of(port: int) -> dict[str, float]:
    return await asyncio.to_thread(metrics_of, port)


def _all_counted(ports: dict[str, int]) -> bool:
    found = {name: metrics_of(port) for name, port in ports.items()}
    counted = (found[name].get(refused(name, reason), 0) for name in ("processor", "alerter") for reason in POISON)
    return min(counted) >= TIMES
