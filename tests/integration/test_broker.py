"""Brokers that we start: they come up, come back, are shared, and never outlive us."""

import asyncio
import contextlib
import dataclasses
import json
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from crampwatch.bus.address import Address
from crampwatch.bus.broker import find_or_start
from crampwatch.bus.child import Child
from crampwatch.bus.keeper import Keeper, note_in
from crampwatch.bus.links import MqttLinks
from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.settings import Mqtt
from crampwatch.topics import SYSTEM, Kind, Topic, every
from tests.support.brokers import free_port, hurried, iotcore_brand, mosquitto_brand, reset, take, until

TELEMETRY = Topic("club", "r7", Kind.TELEMETRY)
STATUS = Topic(SYSTEM, "collector-1", Kind.STATUS)
BRANDS = {"mosquitto": mosquitto_brand, "iotcore": iotcore_brand}

#: A process that keeps the broker named in its first argument and says where it is.
HOST = """
import asyncio, sys
from pathlib import Path
from crampwatch.bus.brands import installed
from crampwatch.bus.keeper import Keeper

async def main(name, folder):
    async with Keeper((await installed())[name], Path(folder), 0).running() as keeper:
        print(keeper.port, flush=True)
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


def alive(pid: int) -> bool:
    """Running; a zombie that nobody has waited for yet is dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def noted_pid(folder: Path) -> int:
    note = note_in(folder)
    assert note is not None
    return note.pid


def buses(keeper: Keeper, brand) -> MqttLinks:
    return MqttLinks(
        Address("127.0.0.1", keeper.port),
        versions=brand.protocols,
        subscribe_qos=brand.subscribe_qos,
        apart=brand.apart,
        sleep=hurried,
    )


@contextlib.asynccontextmanager
async def host(name: str, folder: Path):
    """Another crampwatch process that keeps a broker; yields it and the port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOST, name, str(folder), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(15):
            assert process.stdout is not None
            port = int(await process.stdout.readline())
        yield process, port
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.fixture(params=BRANDS)
async def brand(request):
    return await BRANDS[request.param]()


async def test_without_an_address_a_broker_is_started_on_loopback_and_ended(tmp_path):
    await mosquitto_brand()
    async with find_or_start(Mqtt(), tmp_path) as broker:
        pid = noted_pid(tmp_path / "broker")
        assert broker.describe().startswith(f"mosquitto {broker.version} at mqtt://127.0.0.1:")
        async with broker("taker", subscribe=every(Kind.TELEMETRY)) as taker, broker("giver") as giver:
            await giver.publish(TELEMETRY, b"hello")
            assert [one.payload for one in await take(taker.deliveries(), 1)] == [b"hello"]
    assert not alive(pid)


async def test_a_mosquitto_installed_since_the_last_run_is_used_in_this_one(tmp_path):
    await mosquitto_brand()
    earlier = Keeper(await iotcore_brand(), tmp_path / "broker", 0)
    async with earlier.running(), find_or_start(Mqtt(), tmp_path) as joined:
        assert joined.name == "iotcore"
    async with find_or_start(Mqtt(), tmp_path) as own:
        assert own.name == "mosquitto"


async def test_mosquitto_killed_comes_back_with_sessions_and_retained_messages(tmp_path, caplog):
    brand = await mosquitto_brand()
    folder = tmp_path / "broker"
    async with Keeper(brand, folder, 0).running() as keeper:
        links = buses(keeper, brand)
        async with (
            links("taker", subscribe=every(Kind.TELEMETRY), persistent=True) as taker,
            links("giver") as giver,
        ):
            await giver.publish(STATUS, b"up")
            for body in (b"0", b"1", b"2"):
                await giver.publish(TELEMETRY, body)
            first, *_ = await take(taker.deliveries(), 3)
            await first.ack()
            await giver.publish(TELEMETRY, b"3")
            await take(taker.deliveries(), 1)
            await saved(folder)
            os.kill(noted_pid(folder), signal.SIGKILL)
            await until(lambda: not taker.connected and not giver.connected)
            await until(lambda: taker.connected and giver.connected)
            again = await take(taker.deliveries(), 3)
            assert [one.payload for one in again] == [b"1", b"2", b"3"]
            await giver.publish(TELEMETRY, b"4")
            assert [one.payload for one in await take(taker.deliveries(), 1)] == [b"4"]
            async with links("late", subscribe=every(Kind.STATUS)) as late:
                (kept,) = await take(late.deliveries(), 1)
                assert (kept.payload, kept.retained) == (b"up", True)
    assert "mosquitto ended with code -9; starting it again" in caplog.text


async def saved(folder: Path) -> None:
    """mosquitto writes its state every 5 s, or when told to."""
    database = folder / "mosquitto.db"
    before = database.stat().st_mtime_ns if database.exists() else 0
    os.kill(noted_pid(folder), signal.SIGUSR1)
    await until(lambda: database.exists() and database.stat().st_mtime_ns > before)


async def test_a_broker_that_hangs_fails_publishers_in_time_and_does_not_hold_up_the_end(tmp_path):
    brand = await mosquitto_brand()
    async with Keeper(brand, tmp_path, 0).running() as keeper:
        links = MqttLinks(Address("127.0.0.1", keeper.port), answer_within_s=0.3, sleep=hurried)
        pid = noted_pid(tmp_path)
        async with links("taker", subscribe=every(Kind.TELEMETRY)) as taker:
            async with links("giver") as giver, links("quiet"):
                os.kill(pid, signal.SIGSTOP)
                with pytest.raises(Unavailable, match=r"did not answer a publish within 0\.3 s"):
                    await giver.publish(TELEMETRY, b"lost or not")
                await until(lambda: not giver.connected)
                began_s = time.monotonic()
            assert time.monotonic() - began_s < 30
            os.kill(pid, signal.SIGCONT)
            async with links("next") as following:
                await following.publish(TELEMETRY, b"later")
                assert (await take(taker.deliveries(), 2))[-1].payload == b"later"


async def test_iotcore_hands_out_every_retained_state(tmp_path):
    brand = await iotcore_brand()
    sensors = {f"hrm-{number}" for number in range(600)}
    async with Keeper(brand, tmp_path, 0).running() as keeper:
        links = buses(keeper, brand)
        async with links("giver") as giver:
            for sensor in sensors:
                await giver.publish(Topic("club", "r7", Kind.STATUS, sensor), b"up")
            async with links("taker", subscribe=every(Kind.STATUS)) as taker:
                kept = await take(taker.deliveries(), len(sensors))
        assert {Topic.parse(one.topic).device for one in kept} == sensors


async def test_iotcore_killed_comes_back_and_is_told_again_what_stands(tmp_path):
    brand = await iotcore_brand()
    folder = tmp_path / "broker"
    async with Keeper(brand, folder, 0).running() as keeper:
        links = buses(keeper, brand)
        async with links("taker", subscribe=every(Kind.TELEMETRY)) as taker, links("giver") as giver:
            await giver.publish(STATUS, b"up")
            os.kill(noted_pid(folder), signal.SIGKILL)
            await until(lambda: not taker.connected and not giver.connected)
            await until(lambda: taker.connected and giver.connected)
            async with links("late", subscribe=every(Kind.STATUS)) as late:
                assert [one.payload for one in await take(late.deliveries(), 1)] == [b"up"]
            await giver.publish(TELEMETRY, b"again")
            assert [one.payload for one in await take(taker.deliveries(), 1)] == [b"again"]


async def test_iotcore_that_accepts_and_answers_nobody_is_noticed_and_started_again(tmp_path, caplog):
    brand = dataclasses.replace(await iotcore_brand(), probe_every_s=0.2)
    folder = tmp_path / "broker"
    async with Keeper(brand, folder, 0).running() as keeper:
        first = noted_pid(folder)
        links = buses(keeper, brand)
        async with links("taker", subscribe=every(Kind.TELEMETRY)) as taker, links("giver") as giver:
            for _ in range(200):
                connect_and_reset(keeper.port)
                if noted_pid(folder) != first:
                    break
                await asyncio.sleep(0.02)
            await until(lambda: noted_pid(folder) != first, within_s=20)
            assert not alive(first)
            await until(lambda: taker.connected and giver.connected)
            async with links("new") as newcomer:
                await newcomer.publish(TELEMETRY, b"in spite of all")
                assert [one.payload for one in await take(taker.deliveries(), 1)] == [b"in spite of all"]
    assert "accepts connections and answers none" in caplog.text


def connect_and_reset(port: int) -> None:
    """A CONNECT, and gone before its answer: what stops the Rust broker from answering anybody."""
    connect = bytes.fromhex("1010 0004 4d515454 04 02 003c 0004") + b"evil"
    with socket.socket() as one:
        one.settimeout(1)
        with contextlib.suppress(OSError):
            one.connect(("127.0.0.1", port))
            one.sendall(connect)
            reset(one)


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel kills a child with its parent")
async def test_no_broker_is_left_when_its_process_is_killed(brand, tmp_path):
    async with host(brand.name, tmp_path) as (process, _):
        pid = noted_pid(tmp_path)
        assert alive(pid)
        process.kill()
        await process.wait()
        await until(lambda: not alive(pid))


async def test_a_broker_that_was_left_behind_is_ended_at_the_next_start(tmp_path, caplog):
    brand = await mosquitto_brand()
    port = free_port()
    leftover = await Child.start(brand.command(tmp_path, port), tmp_path / "leftover.log")
    (tmp_path / "broker.json").write_text(json.dumps({"name": "mosquitto", "port": port, "pid": leftover.pid}))
    async with Keeper(brand, tmp_path, 0).running() as keeper:
        assert await leftover.ended() == -signal.SIGKILL
        assert noted_pid(tmp_path) != leftover.pid
        assert keeper.port
    assert "an earlier run had left behind" in caplog.text


async def test_a_strangers_process_of_the_noted_id_is_left_alone(tmp_path):
    brand = await mosquitto_brand()
    (tmp_path / "broker.json").write_text(json.dumps({"name": "mosquitto", "port": 1, "pid": os.getpid()}))
    async with Keeper(brand, tmp_path, 0).running():
        assert alive(os.getpid())


async def test_two_processes_of_one_state_folder_share_a_broker_and_the_second_inherits_it(tmp_path, brand):
    async with host(brand.name, tmp_path) as (process, port):
        first = noted_pid(tmp_path)
        async with Keeper(brand, tmp_path, 0).running() as keeper:
            assert keeper.port == port
            assert noted_pid(tmp_path) == first
            links = buses(keeper, brand)
            async with links("taker", subscribe=every(Kind.TELEMETRY)) as taker, links("giver") as giver:
                process.kill()
                await until(lambda: noted_pid(tmp_path) != first)
                await until(lambda: taker.connected and giver.connected)
                assert keeper.port == port
                await giver.publish(TELEMETRY, b"inherited")
                assert [one.payload for one in await take(taker.deliveries(), 1)] == [b"inherited"]
            second = noted_pid(tmp_path)
    assert not alive(second)


async def test_a_broker_that_cannot_start_again_is_tried_until_it_can(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    real = await mosquitto_brand()
    program = tmp_path / "mosquitto"
    program.symlink_to(real.path)
    folder = tmp_path / "broker"
    async with Keeper(dataclasses.replace(real, path=str(program)), folder, 0).running():
        first = noted_pid(folder)
        program.unlink()  # an upgrade, half done
        os.kill(first, signal.SIGKILL)
        await until(lambda: caplog.text.count("cannot start mosquitto again yet") >= 2)
        program.symlink_to(real.path)
        await until(lambda: noted_pid(folder) != first)
    assert [one.levelname for one in caplog.records if "cannot start" in one.message][:2] == ["WARNING", "DEBUG"]


async def test_a_damaged_file_of_the_broker_is_set_aside_and_it_starts_anew(tmp_path, caplog):
    folder = tmp_path / "broker"
    folder.mkdir()
    (folder / "mosquitto.db").write_bytes(os.urandom(400))
    async with Keeper(await mosquitto_brand(), folder, 0).running() as keeper:
        assert keeper.port
    assert "set aside" in caplog.text
    assert (folder / "mosquitto.db.set-aside").exists()


async def test_a_note_with_another_kind_of_port_is_no_note(tmp_path):
    (tmp_path / "broker.json").write_text('{"name": "mosquitto", "port": "x", "pid": 1}')
    assert note_in(tmp_path) is None


async def test_a_port_that_is_taken_names_the_setting(tmp_path):
    await mosquitto_brand()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Misconfigured, match=rf"mqtt.port: port {port} is taken"):
            async with find_or_start(Mqtt(port=port), tmp_path):
                pass


async def test_a_state_folder_that_cannot_be_made_names_the_setting(tmp_path):
    await mosquitto_brand()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Misconfigured, match="state_dir"):
        async with find_or_start(Mqtt(), tmp_path / "file"):
            pass


async def test_what_a_broker_keeps_is_for_nobody_else_on_the_machine(tmp_path):
    brand = await mosquitto_brand()
    async with Keeper(brand, tmp_path / "broker", 0).running():
        assert (tmp_path / "broker").stat().st_mode & 0o077 == 0
