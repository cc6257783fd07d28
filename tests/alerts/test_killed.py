"""The alerter as a process of its own, killed with -9 at moments that nobody chose: each alert reaches people once."""

import asyncio
import json
import random
import sqlite3
from collections import Counter

import pytest

from alerts.service import FILE_NAME
from crampwatch.bus.address import Address
from crampwatch.bus.links import MqttLinks
from crampwatch.clock import WallClock
from crampwatch.codec import decode, encode
from crampwatch.storage import RunKey
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.topics import Kind, Topic, every
from tests.alerts.builders import finding
from tests.cli.rig import OPEN_BROKER, SCRIPT, Process
from tests.suites.test_channels import WebHook, needs_apprise
from tests.support.brokers import strict_mosquitto, until

TEAM = "home"
ATHLETES = 30
KILLS = 5
#: Wall seconds for what a busy machine may take its time over.
PATIENCE_S = 60.0


def alerter(folder, port, hook):
    return Process(
        [SCRIPT, "alert"],
        CRAMPWATCH_STATE_DIR=folder / "state",
        CRAMPWATCH_MQTT__URL=f"mqtt://127.0.0.1:{port}",
        CRAMPWATCH_ALERTS__APPRISE=json.dumps([hook.address.get_secret_value()]),
        CRAMPWATCH_ALERTS__DEADLINE_S=600,
        HOME=folder,
    )


def journal(folder, query):
    try:
        with sqlite3.connect(f"file:{folder / 'state' / FILE_NAME}?mode=ro", uri=True, timeout=10) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []  # it is not there yet


def told(folder):
    return len(journal(folder, "SELECT 1 FROM fact WHERE kind = 'finding'"))


def settled(folder):
    owed = journal(folder, "SELECT 1 FROM push WHERE state IN ('pending', 'trying')")
    waiting = journal(folder, "SELECT 1 FROM change")
    return told(folder) == ATHLETES and not owed and not waiting


@pytest.mark.timeout(400)
async def test_an_alerter_that_is_killed_again_and_again_reaches_everybody_once(tmp_path):
    needs_apprise()
    chance, clock, hook = random.Random(7), WallClock(), WebHook()
    delivered, child = [], None
    async with strict_mosquitto(tmp_path, *OPEN_BROKER) as port:
        links = MqttLinks(Address("127.0.0.1", port), versions=(5,))
        async with links("watcher", subscribe=every(Kind.DELIVERY, TEAM)) as bus:
            hearing = asyncio.create_task(hear(bus, delivered))
            try:
                child = alerter(tmp_path, port, hook)
                await asyncio.to_thread(child.until, "alerter is up")
                names = [f"r{number:02}" for number in range(ATHLETES)]
                for burst in range(KILLS):
                    for name in names[burst::KILLS]:
                        one = finding(name=f"{name}-warning", at_ms=clock.now_ms())
                        await bus.publish(Topic(TEAM, name, Kind.FINDING), encode(one))
                    # Somewhere among what this burst sets off.
                    goal = told(tmp_path) + chance.randint(1, ATHLETES // KILLS)
                    await until(lambda goal=goal: told(tmp_path) >= goal, PATIENCE_S)
                    await asyncio.sleep(chance.uniform(0.0, 0.05))
                    child.kill()
                    child = alerter(tmp_path, port, hook)
                await until(lambda: settled(tmp_path), PATIENCE_S)
            finally:
                if child is not None:
                    child.kill()
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)
                hook.close()
    await each_once(tmp_path, names, hook, delivered)


async def hear(bus, delivered):
    async for delivery in bus.deliveries():
        delivered.append(decode(Kind.DELIVERY, delivery.payload).alert_id)
        await delivery.ack()


async def each_once(folder, names, hook, delivered):
    alerts = {f"{name}-warning" for name in names}
    felt = Counter(one["title"].rpartition("(")[2].strip(")") for one in hook.posts)
    assert max(felt.values()) == 1, "a phone buzzed twice"
    unknown = journal(folder, "SELECT alert FROM push WHERE channel = 'apprise-1' AND state = 'unknown'")
    assert set(names) - set(felt) <= {alert.removesuffix("-warning") for (alert,) in unknown}
    assert set(delivered) == alerts
    store = await SqliteStore.open(folder / "state" / "crampwatch.db")
    try:
        for name in names:
            (kept,) = await store.alerts(RunKey(TEAM, name, "run-1"))
            assert (kept.id, kept.state.value) == (f"{name}-warning", "delivered")
    finally:
        await store.close()
