"""What we lean on in influxdb-client. When one of these fails after an upgrade, read storage/influx/edge.py again."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.rest import ApiException

from tests.support import influx
from tests.support.brokers import free_port

NO_LIMIT = aiohttp.ClientTimeout(total=None)


@pytest.fixture
def home() -> influx.Home:
    return influx.home()


@contextlib.asynccontextmanager
async def client_of(home: influx.Home, **changed: object) -> AsyncIterator[InfluxDBClientAsync]:
    told = {"url": home.settings.url, "token": influx.TOKEN, "org": home.settings.org, "timeout": NO_LIMIT}
    async with InfluxDBClientAsync(**{**told, **changed}) as client:
        yield client


async def call(
    client: InfluxDBClientAsync, home: influx.Home, body: bytes, headers: Mapping[str, str] | None = None
) -> tuple[object, int, Mapping[str, str]]:
    """A write as the edge makes it."""
    return await client.api_client.call_api(
        "/api/v2/write",
        "POST",
        query_params=[("org", home.settings.org), ("bucket", home.settings.bucket), ("precision", "us")],
        header_params={"Content-Type": "text/plain; charset=utf-8", **(headers or {})},
        body=body,
        response_type="object",
        _return_http_data_only=False,
    )


async def test_a_write_returns_when_it_is_stored_and_tells_the_status(home: influx.Home) -> None:
    async with client_of(home) as client:
        answer, status, headers = await call(client, home, b"m x=1.0 1\n")
        assert (answer or None, status) == (None, 204)
        assert "X-Influxdb-Version" in headers
        assert home.count("m", "x") == 1


async def test_gzip_bodies_one_after_another_are_one_and_go_out_as_they_are(home: influx.Home) -> None:
    bodies = gzip.compress(b"m x=1.0 1\n") + gzip.compress(b"m x=2.0 2\n")
    async with client_of(home) as client:
        assert (await call(client, home, bodies, {"Content-Encoding": "gzip"}))[1] == 204
    assert home.count("m", "x") == 2


async def test_what_is_refused_raises_at_once_with_status_body_and_headers(home: influx.Home) -> None:
    async with client_of(home) as client:
        with pytest.raises(ApiException) as told:
            await call(client, home, b"m x= 1\n")
    assert told.value.status == 400
    assert b"unable to parse" in told.value.body
    assert told.value.headers.get("x-platform-error-code") == "invalid"


async def test_who_cannot_be_reached_raises_an_error_of_aiohttp(home: influx.Home) -> None:
    async with client_of(home, url=f"http://127.0.0.1:{free_port()}") as client:
        with pytest.raises(aiohttp.ClientConnectorError):
            await call(client, home, b"m x=1.0 1\n")
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.ping()


async def test_a_field_keeps_its_first_type_and_the_answer_counts_what_was_dropped(home: influx.Home) -> None:
    async with client_of(home) as client:
        await call(client, home, b"m x=1.0 1\n")
        with pytest.raises(ApiException) as told:
            await call(client, home, b"m x=2i 2\nm x=3.0 3\n")
    assert told.value.status == 422
    assert b"dropped=1" in told.value.body
    assert home.count("m", "x") == 2, "the other line is stored"


async def test_a_query_streams_records_whose_values_are_of_pythons_types(home: influx.Home) -> None:
    home.write('m,who=anna x=1.0,n=2i,b=true,s="word" 1')
    async with client_of(home) as client:
        records = await client.query_api().query_stream(f'from(bucket: "{home.settings.bucket}") |> range(start: 0)')
        values = {record.values["_field"]: record.values["_value"] async for record in records}
    assert values == {"x": 1.0, "n": 2, "b": True, "s": "word"}
    assert [type(values[name]) for name in "xnbs"] == [float, int, bool, str]


async def test_a_line_break_in_a_text_is_read_as_cr_lf(home: influx.Home) -> None:
    home.write('m s="two\nlines" 1')
    async with client_of(home) as client:
        records = await client.query_api().query_stream(f'from(bucket: "{home.settings.bucket}") |> range(start: 0)')
        assert [record.values["_value"] async for record in records] == ["two\r\nlines"]


async def test_its_own_timeout_within_an_answer_ends_as_a_cancellation_of_our_task() -> None:
    """Why the edge keeps the time itself."""

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n#datatype,string\r\n")
            await reader.read(-1)
        writer.close()

    server = await asyncio.start_server(stall, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def ask() -> None:
        async with InfluxDBClientAsync(url, token="token", org="org", timeout=200) as client:
            _ = [record async for record in await client.query_api().query_stream("anything")]

    asking = asyncio.create_task(ask())
    await asyncio.wait({asking}, timeout=30)
    assert asking.cancelled()
    server.close()
