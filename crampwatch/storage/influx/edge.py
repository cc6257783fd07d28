"""The one place that speaks to InfluxDB: requests in, verdicts out. Its client's errors become ours, by remedy."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.settings import Influxdb
from crampwatch.storage.influx.verdicts import Answer, verdict

#: Line protocol shrinks to an eighth at this level; a higher one gains little and costs the sender twice the time.
GZIP_LEVEL = 1
_JSON = {"Content-Type": "application/json"}
_NO_EXTRA = "InfluxDB needs the influx extra: pip install 'crampwatch[influx]', or set it to sqlite"


class InfluxEdge:
    """Requests to one InfluxDB. Nothing is kept, repeated or logged here. Use :meth:`connect`.

    Each call makes one request, bounded by ``influxdb.timeout_s``, and raises

    - Unavailable: it cannot be reached, did not answer in time or broke off; Throttled: it says when to come again;
    - Misconfigured: it will not work until a setting is mended (``influxdb.token``, ``.org``, ``.bucket``, ``.url``);
      the message names it and never holds the token;
    - Refused: this content will never be taken (see :class:`crampwatch.storage.influx.verdicts.LinesRefused`).
    """

    def __init__(self, settings: Influxdb, token: str) -> None:
        self._settings = settings
        self._token = token
        self._client: Any = None

    @classmethod
    def connect(cls, settings: Influxdb) -> "InfluxEdge":
        """An edge that connects with its first request.

        Raises:
            Misconfigured: there is no token, the url is none, or the influx extra is not installed.
        """
        try:
            import influxdb_client.client.influxdb_client_async  # noqa: F401 - only whether it can be
        except ImportError:
            raise Misconfigured("storage.backend", _NO_EXTRA) from None
        _check_url(settings.url)
        token = settings.token.get_secret_value().strip() if settings.token else ""
        if not token:
            raise Misconfigured(
                "influxdb.token", "is not set; `influx auth create` makes one, keep it in a secret file influxdb__token"
            )
        if not (token.isascii() and token.isprintable()):
            raise Misconfigured("influxdb.token", "holds what no token can; write the token and nothing else")
        return cls(settings, token)

    async def write(self, lines: bytes, *, bucket: str) -> None:
        """Write line protocol with times in microseconds. All lines are stored when this returns."""
        await self.write_packed(gzip.compress(lines, GZIP_LEVEL, mtime=0), bucket=bucket)

    async def write_packed(self, body: bytes, *, bucket: str) -> None:
        """Write line protocol that is gzip already; several gzip bodies, one after another, are one."""
        place = {"org": self._settings.org, "bucket": bucket, "precision": "us"}
        headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"}
        async with self._translating(bucket, len(body)) as client:
            _, status, answered = await _call(client, "POST", "/api/v2/write", query=place, headers=headers, body=body)
            if status != 204:
                raise verdict(Answer(status, headers=answered, bucket=bucket), self._settings)

    async def query(self, flux: str) -> Sequence[Mapping[str, Any]]:
        """The rows of a Flux query, of all its tables one after another, with values of Python's types."""
        async with self._translating(None) as client:
            records = await client.query_api().query_stream(flux)
            return [record.values async for record in records]

    async def api(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> Mapping[str, Any]:
        """Any other request of its API, JSON in and out: ``api("GET", "/api/v2/buckets", query={"name": "runs"})``.

        An empty answer gives an empty mapping.
        """
        async with self._translating(None) as client:
            answer, _, _ = await _call(client, method, path, query=query or {}, headers=_JSON, body=body)
            if answer and not isinstance(answer, Mapping):
                raise ValueError("its answer is no JSON object")
            return dict(answer or {})

    async def close(self) -> None:
        """Let go of the connections; a second call does nothing, and another request connects again."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    @contextlib.asynccontextmanager
    async def _translating(self, bucket: str | None, size: int = 0) -> AsyncIterator[Any]:
        import aiohttp
        from influxdb_client.client.exceptions import InfluxDBError
        from influxdb_client.client.flux_csv_parser import FluxCsvParserException, FluxQueryException
        from influxdb_client.rest import ApiException

        url = self._settings.url
        try:
            # Not the client's own timeout: within an answer that one ends as a cancellation of our task.
            async with asyncio.timeout(self._settings.timeout_s):
                yield self._connected()
        except ApiException as error:
            answer = Answer(int(error.status or 0), error.body or b"", error.headers or {}, bucket, size)
            raise verdict(answer, self._settings) from None  # its text holds headers and a whole body
        except aiohttp.InvalidURL as error:
            raise Misconfigured("influxdb.url", f"{url} is no address; write http://host:8086") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise Misconfigured("influxdb.url", f"{url} cannot be trusted: {error}; mend its certificate") from error
        except TimeoutError as error:
            waited = f"{self._settings.timeout_s:g} s"
            raise Unavailable(f"InfluxDB at {url} did not answer within influxdb.timeout_s ({waited})") from error
        except (aiohttp.ClientError, InfluxDBError, OSError) as error:
            raise Unavailable(f"InfluxDB at {url} cannot be reached: {error or type(error).__name__}") from error
        except FluxQueryException as error:
            raise Unavailable(f"InfluxDB at {url} broke a query off: {error.message}") from error
        except (FluxCsvParserException, ValueError, LookupError) as error:
            raise Unavailable(f"what answers at {url} is no InfluxDB 2, or broke off: {error}") from error

    def _connected(self) -> Any:
        from aiohttp import ClientTimeout
        from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync

        if self._client is None:
            self._client = InfluxDBClientAsync(
                self._settings.url,
                token=self._token,
                org=self._settings.org,
                timeout=ClientTimeout(total=None),
                # A redirected POST becomes a GET, which succeeds and stores nothing.
                allow_redirects=False,
            )
        return self._client


async def _call(
    client: Any, method: str, path: str, *, query: Mapping[str, str], headers: Mapping[str, str], body: object
) -> tuple[Any, int, Mapping[str, str]]:
    """One request: what its JSON says, the status, the headers."""
    answer: tuple[Any, int, Mapping[str, str]] = await client.api_client.call_api(
        path,
        method,
        query_params=list(query.items()),
        header_params={"Accept": "application/json", **headers},
        body=body,
        response_type="object",
        _return_http_data_only=False,
    )
    return answer


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if "@" in url:
        # Every message about this address shows it.
        raise Misconfigured("influxdb.url", "holds a name or a password; write http://host:8086, and influxdb.token")
    if not sound:
        raise Misconfigured("influxdb.url", f"{url!r} is no address; write http://host:8086")
