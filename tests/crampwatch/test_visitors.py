"""Connections to a web server of ours: whoever opens many and asks nothing keeps nobody else out."""

import asyncio
import contextlib
import logging

import httpx
import pytest

from crampwatch import visitors
from crampwatch.web import MOST, listening, serving
from tests.support.brokers import until

IDLE = 300
#: The beginning of a request that never comes to its end.
HALF = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nhalf"


class Answering:
    """An application that answers ``/`` at once, and everything else when it is told to."""

    def __init__(self):
        self.asked = 0
        self.go_on = asyncio.Event()

    async def __call__(self, scope, _receive, send):
        self.asked += 1
        if scope["path"] != "/":
            await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def app():
    return Answering()


@pytest.fixture
async def port(app):
    with listening("127.0.0.1", 0) as (socket, _):
        async with serving(app, socket, "pages-web"):
            yield socket.getsockname()[1]


@pytest.fixture
async def connect(port):
    """Open a connection and say something on it, or nothing."""
    writers = []

    async def connecting(said=b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        writer.write(said)
        return reader

    yield connecting
    for writer in writers:
        writer.transport.abort()


async def ask(port, path="/"):
    async with httpx.AsyncClient(timeout=30) as client:
        return (await client.get(f"http://127.0.0.1:{port}{path}")).text


async def closed(reader):
    """Until the server has closed it."""
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionError):
            await reader.read()


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHos", HALF], ids=["nothing", "half a head", "half a body"])
async def test_three_hundred_connections_that_ask_nothing_keep_nobody_out(port, connect, caplog, said):
    caplog.set_level(logging.WARNING, logger="crampwatch")
    readers = [await connect(said) for _ in range(IDLE)]
    assert await ask(port) == "ok"
    for reader in readers[: IDLE - MOST]:
        await closed(reader)
    told = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert told == [
        f"more than {MOST} connections to pages-web; those that ask nothing are closed, look at who opens them"
    ]


async def test_who_is_being_answered_is_not_sent_away_for_a_newcomer(app, port, connect):
    asking = asyncio.create_task(ask(port, "/later"))
    await until(lambda: app.asked == 1)
    for _ in range(IDLE):
        await connect()
    app.go_on.set()
    assert await asking == "ok"


async def test_while_all_are_being_answered_a_newcomer_is_sent_away(app, port, connect):
    asking = [asyncio.create_task(ask(port, "/later")) for _ in range(MOST)]
    await until(lambda: app.asked == MOST)
    await closed(await connect())
    app.go_on.set()
    assert await asyncio.gather(*asking) == ["ok"] * MOST


async def test_a_connection_without_a_whole_request_is_closed_in_time(connect, monkeypatch):
    monkeypatch.setattr(visitors, "REQUEST_WITHIN_S", 0.1)
    for said in (b"", b"GET / HT", HALF):
        await closed(await connect(said))


async def test_an_answer_may_take_longer_than_a_request(app, port, monkeypatch, connect):
    monkeypatch.setattr(visitors, "REQUEST_WITHIN_S", 0.1)
    asking = asyncio.create_task(ask(port, "/later"))
    await until(lambda: app.asked == 1)
    # One that asks nothing, and came later, is closed in the meantime.
    await closed(await connect())
    app.go_on.set()
    assert await asking == "ok"
