"""``crampwatch demo`` as a newcomer starts it: it ends by itself or by Ctrl-C, and leaves the run and nothing else."""

import asyncio
import itertools
import json
import re
import signal
import urllib.request

import pytest

from crampwatch.events import FindingKind
from crampwatch.storage.sqlite import SqliteStore
from tests.cli.rig import csv_of, left_of
from tests.support import needs
from tests.support.brokers import until
from tests.support.stories import Story

KEPT = re.compile(r"kept in (?P<store>\S+); review it on the next start at (?P<page>/runs/demo/\S+)")


@pytest.fixture(autouse=True)
def _a_broker():
    needs.mosquitto()


@pytest.fixture
def demo(start):
    """Start the demo at full speed on a port of its own."""
    return lambda *arguments: start("demo", "--speed", "100", "--port", "0", *arguments)


def short(tmp_path, seconds=300):
    return csv_of(Story().running(seconds), tmp_path / "short.csv")


async def stored(tmp_path):
    store = await SqliteStore.open(tmp_path / "state" / "demo" / "crampwatch.db")
    try:
        return [(one, await store.samples(one.run), await store.findings(one.run)) for one in await store.runs()]
    finally:
        await store.close()


async def nothing_left(process):
    await until(lambda: left_of(process.pid) == [])


def kept(process):
    """The last line: where the run is."""
    found = KEPT.fullmatch(process.said[-1])
    assert found, process.said
    return found


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.read().decode()


async def test_a_recorded_run_ends_by_itself_stored_at_its_own_pace_and_length(demo, tmp_path):
    process = demo("--run", short(tmp_path), "--until-end")
    assert await asyncio.to_thread(process.ended) == 0, process.said
    ((summary, samples, _),) = await stored(tmp_path)
    seconds = [sample.at_ms for sample in samples if sample.kind == "heart_rate"]
    assert 298 <= len(seconds) <= 300, "as many seconds as the recording has"
    assert abs((seconds[-1] - seconds[0]) - 299_000) <= 1_500, "and its length, whatever the speed"
    assert all(500 <= b - a <= 1_500 for a, b in itertools.pairwise(seconds)), "one a second"
    assert kept(process)["page"].endswith(f"/{summary.run.athlete}/{summary.run.session}")
    await nothing_left(process)


async def test_the_relief_steps_come_to_the_terminal(demo, tmp_path):
    recording = csv_of(Story().running(400).hitching(8, every_s=20).standing(60), tmp_path / "build_up.csv")
    process = demo("--run", recording, "--until-end")
    assert await asyncio.to_thread(process.ended) == 0
    said = "\n".join(process.said)
    assert "First: " in said
    ((_, _, findings),) = await stored(tmp_path)
    assert FindingKind.CRAMP_STOP in {one.kind for one in findings}


async def test_ctrl_c_twice_in_the_middle_ends_it_in_order(demo, tmp_path):
    process = demo()
    line = await asyncio.to_thread(process.until, "live page: ")
    status, page = await asyncio.to_thread(fetch, line.removeprefix("live page: "))
    assert status == 200
    assert "<html" in page
    await until(lambda: (tmp_path / "state" / "demo" / "crampwatch.db").stat().st_size > 60_000, within_s=20)
    process.tell(signal.SIGINT)
    process.tell(signal.SIGINT)
    assert await asyncio.to_thread(process.ended) == 0, process.said
    assert "Traceback" not in "\n".join(process.said)
    ((summary, samples, _),) = await stored(tmp_path)
    assert kept(process)["page"].endswith(f"/{summary.run.athlete}/{summary.run.session}")
    assert samples
    await nothing_left(process)


async def test_the_next_start_finds_the_run_and_opens_its_review(demo, tmp_path):
    first = demo("--run", short(tmp_path, 120), "--until-end")
    assert await asyncio.to_thread(first.ended) == 0, first.said
    second = demo("--runners", "2")
    line = await asyncio.to_thread(second.until, "live page: ")
    home = line.removeprefix("live page: ").removesuffix("/board")
    status, page = await asyncio.to_thread(fetch, home + kept(first)["page"])
    assert status == 200
    assert "<html" in page
    assert kept(first)["page"].rsplit("/", 1)[1] in (await asyncio.to_thread(fetch, f"{home}/api/runs"))[1]
    second.tell(signal.SIGTERM)
    assert await asyncio.to_thread(second.ended) == 0, second.said
    await nothing_left(second)


async def test_a_second_demo_beside_the_first_is_told_to_wait(demo, tmp_path):
    first = demo()
    await asyncio.to_thread(first.until, "live page: ")
    second = demo()
    assert await asyncio.to_thread(second.ended) == 2
    assert "another crampwatch collector uses" in second.said[-1]
    first.tell(signal.SIGINT)
    assert await asyncio.to_thread(first.ended) == 0
    assert json.loads((tmp_path / "state" / "demo" / "broker" / "broker.json").read_text())["pid"] not in {
        int(row[0]) for row in left_of(first.pid)
    }
    await nothing_left(first)
