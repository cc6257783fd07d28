"""Answers that a real InfluxDB cannot be made to give, from a server that gives whatever a test says."""

import asyncio
import contextlib
import gzip
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crampwatch.clock import WallClock
from crampwatch.errors import CrampwatchError, Misconfigured, Throttled, Unavailable
from crampwatch.settings import Influxdb
from crampwatch.storage.drainer import Drainer
from crampwatch.storage.influx.edge import InfluxEdge
from crampwatch.storage.influx.verdicts import SMALL_BYTES, LinesRefused
from crampwatch.storage.outbox import Outbox
from tests.support.brokers import free_port, reset, silent_server, until

WITHIN_S = 30.0
LINES = [f"good x=1.0 {number}" for number in range(5)]
OK = b"HTTP/1.1 204 No Content\r\n\r\n"
CSV = b"".join(
    line + b"\r\n"
    for line in (
        b"#datatype,string,long,double",
        b"#group,false,false,false",
        b"#default,_result,,",
        b",result,table,_value",
        b",,0,1.5",
    )
)


class Half(bytes):
    """An answer after which the server hangs up."""


class Stalled(bytes):
    """An answer after which the server says no more, and stays on the line."""


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    told = {"Content-Length": str(len(body)), **{name.replace("_", "-"): text for name, text in headers.items()}}
    head = "".join(f"{name}: {text}\r\n" for name, text in told.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def said(status: str, message: str, **headers: str) -> bytes:
    return answer(status, f'{{"code":"some","message":"{message}"}}'.encode(), **headers)


class Server:
    """Gives the answers it holds, one a request, and the last for ever; None hangs up without a word."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.taken: list[str] = []
        self.requests = 0
        self.port = 0
        self.open: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.open.add(task)
        # A server's task that ends cancelled is reported as an error.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                length = next(
                    (int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0
                )
                body = await reader.readexactly(length)
                self.requests += 1
                reply = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if reply == OK:
                    self.taken += gzip.decompress(body).decode().split("\n")[:-1]
                if reply is None:
                    reset(writer.get_extra_info("socket"))
                    break
                writer.write(reply)
                await writer.drain()
                if isinstance(reply, Half):
                    break
        writer.close()


@contextlib.asynccontextmanager
async def serving(*answers: bytes | None) -> AsyncIterator[Server]:
    server = Server(*answers)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in server.open:
            task.cancel()
        await asyncio.gather(*server.open)


@contextlib.asynccontextmanager
async def edge_to(port: int, timeout_s: float = WITHIN_S) -> AsyncIterator[InfluxEdge]:
    settings = Influxdb(url=f"http://127.0.0.1:{port}", token="a-token-of-a-test", timeout_s=timeout_s)
    edge = InfluxEdge.connect(settings)
    try:
        yield edge
    finally:
        await edge.close()


async def told_by(*answers: bytes | None) -> CrampwatchError:
    """What a write raises."""
    async with serving(*answers) as server, edge_to(server.port) as edge:
        with pytest.raises(CrampwatchError) as told:
            await edge.write(b"m x=1.0 1\n", bucket="crampwatch")
        return told.value


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_pause_that_is_asked_for_is_named(status: str) -> None:
    told = await told_by(said(status, "slow down", Retry_After="17"))
    assert isinstance(told, Throttled)
    assert told.retry_after_s == 17


@pytest.mark.parametrize(
    ("retry_after", "pause_s"),
    [
        ("Sun, 22 Nov 2026 10:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0.1),
        ("0", 0.1),
        ("99999999999", 3_600.0),
    ],
)
async def test_a_pause_may_be_a_date_and_is_never_endless(retry_after: str, pause_s: float) -> None:
    date = "Sun, 22 Nov 2026 10:00:00 GMT"
    told = await told_by(said("503 Service Unavailable", "slow down", Retry_After=retry_after, Date=date))
    assert isinstance(told, Throttled)
    assert told.retry_after_s == pause_s


@pytest.mark.parametrize(
    "reply",
    [
        said("503 Service Unavailable", "starting"),
        said("503 Service Unavailable", "starting", Retry_After="soon"),
        said("429 Too Many Requests", "slow down"),
        said("500 Internal Server Error", "panic"),
        answer("502 Bad Gateway", b"<html>nginx</html>"),
        None,
        Half(b"HTTP/1.1 204 No"),
        Half(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 100\r\n\r\nhalf"),
        Half(b"SSH-2.0-OpenSSH_9.2\r\n"),
    ],
    ids=["503", "503-nonsense", "429", "500", "proxy", "reset", "half-a-head", "half-a-body", "no-http"],
)
async def test_whatever_breaks_on_the_way_can_be_tried_again(reply: bytes | None) -> None:
    told = await told_by(reply)
    assert isinstance(told, Unavailable)
    assert not isinstance(told, Throttled)


@pytest.mark.parametrize(
    "reply",
    [
        answer("200 OK", b"<html>Please log in to this network</html>"),
        answer("302 Found", Location="http://127.0.0.1:1/login"),
        answer("400 Bad Request", b"<html>The plain HTTP request was sent to HTTPS port</html>"),
        answer("404 Not Found", b"404 page not found"),
        answer("403 Forbidden", b"<html>proxy</html>"),
        answer("405 Method Not Allowed"),
    ],
    ids=["portal", "redirect", "proxy-400", "404", "proxy-403", "405"],
)
async def test_what_is_no_influxdb_is_never_taken_for_one_and_our_lines_are_not_to_blame(reply: bytes) -> None:
    told = await told_by(reply)
    assert isinstance(told, Misconfigured)
    assert told.setting == "influxdb.url"


PROXY_413 = answer("413 Request Entity Too Large", b"<html>nginx</html>")


async def test_a_request_that_is_too_large_may_be_halved() -> None:
    told = await told_by(said("413 Request Entity Too Large", "too large"))
    assert isinstance(told, LinesRefused)
    assert (told.reason, told.alone) == ("too_large", None)
    async with serving(PROXY_413) as server, edge_to(server.port) as edge:
        with pytest.raises(LinesRefused) as large:
            await edge.write_packed(random.Random(1).randbytes(SMALL_BYTES), bucket="crampwatch")
    assert isinstance(large.value.alone, Misconfigured), "halving may help, but no single line is to blame"


async def test_a_proxy_that_takes_not_even_little_is_to_be_mended_and_buries_nothing(tmp_path: Path) -> None:
    async with serving(PROXY_413) as server, draining(tmp_path, server.port) as (outbox, drainer):
        await outbox.put("crampwatch", LINES)
        await until(lambda: bool(drainer.problems()), WITHIN_S)
        (problem,) = drainer.problems()
        assert "influxdb.url: what stands before InfluxDB" in problem
        assert (outbox.depth.points, outbox.depth.dead) == (len(LINES), 0)


FORGED = "unable to parse 'm name=dropped=99999 x 1': bad; dropped=99999"


@pytest.mark.parametrize(
    ("status", "message", "dropped"),
    [
        ("400 Bad Request", FORGED, None),
        ("422 Unprocessable Entity", "field type conflict: 'dropped=99999' is a text", None),
        ("422 Unprocessable Entity", f"partial write: {'x' * 5_000} dropped=3", 3),
    ],
)
async def test_how_many_lines_were_dropped_is_believed_only_where_no_line_can_say_it(
    status: str, message: str, dropped: int | None
) -> None:
    told = await told_by(said(status, message))
    assert isinstance(told, LinesRefused)
    assert told.dropped == dropped


async def test_a_line_that_says_that_all_were_dropped_buries_no_other(tmp_path: Path) -> None:
    refusals = [said("422 Unprocessable Entity", "partial write dropped=99999")]
    async with serving(*refusals, OK) as server, draining(tmp_path, server.port) as (outbox, drainer):
        await outbox.put("crampwatch", LINES)
        assert await drainer.delivered(10**9, WITHIN_S)
        assert (server.taken, outbox.depth.dead) == (LINES, 0)


async def test_the_token_stands_in_no_error() -> None:
    for reply in (said("401 Unauthorized", "unauthorized access"), said("500 Internal Server Error", "x"), None):
        assert "a-token-of-a-test" not in str(await told_by(reply))


async def test_nobody_there_and_nobody_who_answers() -> None:
    async with edge_to(free_port()) as edge:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await edge.write(b"m x=1.0 1\n", bucket="crampwatch")
    async with silent_server() as port, edge_to(port, timeout_s=0.2) as edge:
        with pytest.raises(Unavailable, match=r"influxdb\.timeout_s"):
            await edge.write(b"m x=1.0 1\n", bucket="crampwatch")
        with pytest.raises(Unavailable, match=r"influxdb\.timeout_s"):
            await edge.query("anything")


BY_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + CSV
BY_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(CSV), CSV)


@pytest.mark.parametrize(
    "reply",
    [answer("200 OK", b"<html>Please log in</html>"), Half(BY_LENGTH), Half(BY_CHUNKS), None],
    ids=["portal", "half-by-length", "half-by-chunks", "reset"],
)
async def test_half_an_answer_to_a_query_is_no_answer(reply: bytes | None) -> None:
    async with serving(reply) as server, edge_to(server.port) as edge:
        with pytest.raises(Unavailable):
            await edge.query("anything")


@pytest.mark.parametrize("half", [BY_LENGTH, BY_CHUNKS], ids=["length", "chunks"])
async def test_an_answer_that_stalls_is_late_and_does_not_look_like_a_cancellation(half: bytes) -> None:
    async with serving(Stalled(half)) as server, edge_to(server.port, timeout_s=0.3) as edge:
        with pytest.raises(Unavailable, match=r"influxdb\.timeout_s"):
            await edge.query("anything")


async def test_a_query_that_is_cancelled_is_cancelled() -> None:
    async with serving(Stalled(BY_LENGTH)) as server, edge_to(server.port) as edge:
        asking = asyncio.create_task(edge.query("anything"))
        await until(lambda: server.requests == 1, WITHIN_S)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_a_whole_answer_to_a_query_is_its_rows() -> None:
    async with serving(answer("200 OK", CSV)) as server, edge_to(server.port) as edge:
        assert [row["_value"] for row in await edge.query("anything")] == [1.5]


@contextlib.asynccontextmanager
async def draining(folder: Path, port: int) -> AsyncIterator[tuple[Outbox, Drainer]]:
    outbox = await Outbox.open(folder / "outbox-processor.db", WallClock())
    async with edge_to(port) as edge:
        drainer = Drainer(outbox, edge, WallClock())
        task = asyncio.create_task(drainer.run())
        try:
            yield outbox, drainer
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await outbox.close()


@pytest.mark.parametrize(
    "first",
    [
        said("503 Service Unavailable", "slow down", Retry_After="1"),
        said("500 Internal Server Error", "panic"),
        Half(b"HTTP/1.1 204 No"),
        None,
    ],
    ids=["throttled", "500", "half", "reset"],
)
async def test_after_trouble_of_any_kind_everything_arrives_in_order(tmp_path: Path, first: bytes | None) -> None:
    async with serving(first, OK) as server, draining(tmp_path, server.port) as (outbox, drainer):
        for line in LINES:
            row = await outbox.put("crampwatch", [line])
        assert await drainer.delivered(row, WITHIN_S)
        assert list(dict.fromkeys(server.taken)) == LINES
        await until(lambda: not drainer.problems(), WITHIN_S)


async def test_a_portal_that_answers_for_influxdb_gets_nothing_and_nothing_is_lost(tmp_path: Path) -> None:
    portal = answer("200 OK", b"<html>Please log in</html>")
    async with serving(portal) as server, draining(tmp_path, server.port) as (outbox, drainer):
        await outbox.put("crampwatch", LINES)
        await until(lambda: bool(drainer.problems()), WITHIN_S)
        assert "influxdb.url" in drainer.problems()[0]
        assert (outbox.depth.points, outbox.depth.dead) == (len(LINES), 0)


CONNECT: list[tuple[dict[str, object], str]] = [
    ({"token": None}, "influxdb.token"),
    ({"token": "  "}, "influxdb.token"),
    ({"token": "two\nlines"}, "influxdb.token"),
    ({"url": "127.0.0.1:8086"}, "influxdb.url"),
    ({"url": "ftp://127.0.0.1"}, "influxdb.url"),
    ({"url": "http://"}, "influxdb.url"),
    ({"url": "http://host:port"}, "influxdb.url"),
]


@pytest.mark.parametrize(("change", "setting"), CONNECT)
def test_settings_that_cannot_work_are_named_before_anything_is_sent(change: dict[str, object], setting: str) -> None:
    with pytest.raises(Misconfigured) as told:
        InfluxEdge.connect(Influxdb(**{"token": "a-token", **change}))
    assert told.value.setting == setting
    assert "two" not in str(told.value)


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "influxdb_client.client.influxdb_client_async", None)
    with pytest.raises(Misconfigured, match=r"pip install 'crampwatch\[influx\]'"):
        InfluxEdge.connect(Influxdb(token="a-token"))
