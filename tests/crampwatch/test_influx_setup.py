"""What InfluxDB must have is made once, mended when a setting changes, and looked at from outside."""

import asyncio
import contextlib
import http.server
import threading
import time

import pytest

from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.settings import Influxdb, Settings
from crampwatch.storage.influx import setup
from crampwatch.storage.influx.edge import InfluxEdge
from crampwatch.storage.influx.look import look
from crampwatch.storage.influx.setup import Bucket, Found, Task, plan, set_up
from crampwatch.storage.influx.tasks import tasks
from crampwatch.units import MINUTE_MS
from tests.support import influx

PATIENCE_S = 30.0


async def made(settings, **wanted):
    edge = InfluxEdge.connect(settings)
    try:
        return await set_up(edge, settings, **wanted)
    finally:
        await edge.close()


@pytest.fixture
def home():
    return influx.home(buckets=False)


# --- the plan -----------------------------------------------------------------------------------------------


def test_where_nothing_is_everything_is_made_in_order():
    settings = Influxdb(bucket="runs", bucket_long="years", keep_days=30)
    words = [step.words for step in plan(settings, Found(None))]
    assert words == [
        "make the organisation 'crampwatch'",
        "make the bucket 'runs', kept for 30 days",
        "make the bucket 'years', kept for ever",
        "make the task 'crampwatch: minutes of runs to years'",
        "make the task 'crampwatch: notes of runs to years'",
    ]


def test_where_all_is_as_it_should_be_nothing_is_done():
    settings = Influxdb(bucket="runs", bucket_long="years", keep_days=30)
    found = Found(
        "o1",
        {"runs": Bucket("b1", 30 * 86_400), "years": Bucket("b2", 0)},
        {name: Task(name, flux) for name, flux in tasks(settings).items()},
    )
    assert plan(settings, found) == []


def test_what_has_changed_is_mended_and_the_rest_is_left_alone():
    settings = Influxdb(bucket="runs", bucket_long="years", keep_days=30)
    known = {name: Task(name, flux) for name, flux in tasks(settings).items()}
    known["crampwatch: notes of runs to years"] = Task("t2", "option task = {}")
    found = Found("o1", {"runs": Bucket("b1", 0), "years": Bucket("b2", 0)}, known)
    first, second = plan(settings, found)
    assert (first.words, first.path) == ("keep the bucket 'runs' for 30 days instead of for ever", "/api/v2/buckets/b1")
    assert (second.words, second.path) == (
        "update the task 'crampwatch: notes of runs to years'",
        "/api/v2/tasks/t2",
    )


# --- a real server ------------------------------------------------------------------------------------------


async def test_an_empty_server_is_set_up_and_a_second_time_there_is_nothing_to_do(home):
    settings = home.changed(org=f"{home.settings.org}-new", keep_days=7)
    shown = await made(settings, only_plan=True)
    assert shown[0] == f"make the organisation '{settings.org}'"
    assert await made(settings, only_plan=True) == shown, "to plan is to change nothing"
    assert await made(settings) == shown
    assert await made(settings) == []
    assert "downsampling tasks seen" in await look(Settings(influxdb=settings))


async def test_a_changed_retention_is_updated(home):
    await made(home.settings)
    settings = home.changed(keep_days=30, keep_long_days=3_650)
    with pytest.raises(Misconfigured, match=r"influxdb\.bucket: .*for 30 days instead of for ever.*influx setup"):
        await look(Settings(influxdb=settings))
    assert await made(settings) == [
        f"keep the bucket '{settings.bucket}' for 30 days instead of for ever",
        f"keep the bucket '{settings.bucket_long}' for 3650 days instead of for ever",
    ]
    assert await made(settings) == []
    told = await look(Settings(influxdb=settings))
    assert f"{settings.bucket} kept for 30 days, {settings.bucket_long} kept for 3650 days" in told
    assert await made(home.settings), "and back"
    assert await made(home.settings) == []


async def test_the_tasks_keep_minutes_and_copy_notes_and_a_repetition_changes_nothing(home):
    await made(home.settings)
    minute_ms = (int(time.time() * 1_000) // MINUTE_MS - 30) * MINUTE_MS
    tags = "group=club,runner=ada"
    for n in range(120):
        at_us = (minute_ms + n * 1_000) * 1_000 + n
        home.write(
            f'telemetry,{tags},src=strap session="s",seq={n}i,what="heart_rate",bpm={100 + n % 60}.0 {at_us}',
            f'assessment,{tags} session="s",level="ok",level_rank=0i,score={n % 60 / 100} {at_us}',
        )
    home.write(
        f'run,{tags} session="s" {minute_ms * 1_000}',
        f'finding,{tags},kind=hitch,algo=1 id="f",session="s",late=false {minute_ms * 1_000}',
        f'alert,{tags},kind=cramp,level=now id="a",session="s",raised_at_ms={minute_ms}i {minute_ms * 1_000}',
    )
    long = home.settings.bucket_long
    for _ in range(2):
        await run_tasks(home)
        assert home.count("minute", "bpm", bucket=long) == 4, "mean and max of two minutes"
        assert home.count("minute", "score", bucket=long) == 4
        assert [home.count(one, "session", bucket=long) for one in ("run", "finding", "alert")] == [1, 1, 1]
    rows = home.query(
        f'from(bucket: "{long}") |> range(start: -2h) |> filter(fn: (r) => r._measurement == "minute"'
        ' and r._field == "bpm") |> group() |> sort(columns: ["_time", "stat"])'
    )
    assert [(row["stat"], float(row["_value"])) for row in rows] == [("max", 159.0), ("mean", 129.5)] * 2
    assert {(row["group"], row["runner"], row["src"]) for row in rows} == {("club", "ada", "strap")}


async def run_tasks(home):
    """Let every task of the organisation run once, now."""
    edge = InfluxEdge.connect(home.settings)
    try:
        for task in (await edge.api("GET", "/api/v2/tasks", query={"orgID": home.org_id}))["tasks"]:
            started = await edge.api("POST", f"/api/v2/tasks/{task['id']}/runs", body={})
            give_up_s = time.monotonic() + PATIENCE_S
            while True:
                runs = (await edge.api("GET", f"/api/v2/tasks/{task['id']}/runs"))["runs"]
                state = next((one["status"] for one in runs if one["id"] == started["id"]), "")
                if state == "success":
                    break
                assert state != "failed", runs
                assert time.monotonic() < give_up_s, runs
                await asyncio.sleep(0.05)
    finally:
        await edge.close()


# --- what may be wrong --------------------------------------------------------------------------------------


async def test_a_token_without_rights_is_told_what_it_may_not_do(home):
    home.make_bucket(home.settings.bucket)
    only_buckets = home.changed(token=home.make_token())
    with pytest.raises(Misconfigured, match=r"influxdb\.token: may not make the task .*all-access token") as told:
        await made(only_buckets)
    assert only_buckets.token.get_secret_value() not in str(told.value)
    new = home.changed(token=home.make_token(), org="somebody-elses")
    with pytest.raises(Misconfigured, match=r"influxdb\.token: may not make the organisation 'somebody-elses'"):
        await made(new)


async def test_a_token_of_buckets_that_are_not_there_yet_can_see_nothing(home):
    with pytest.raises(Misconfigured, match=r"influxdb\.token: may see nothing of the organisation"):
        await made(home.changed(token=home.make_token()))


async def test_a_token_that_may_only_use_the_buckets_is_enough_for_the_services(home):
    await made(home.settings)
    told = await look(Settings(influxdb=home.changed(token=home.make_token())))
    assert "0 of 2 downsampling tasks seen" in told
    assert "0 points wait in outboxes" in told


async def test_a_token_nobody_knows_is_told(home):
    with pytest.raises(Misconfigured, match=r"influxdb\.token: .*valid"):
        await look(Settings(influxdb=home.changed(token="nonsense")))


async def test_what_is_missing_is_told_with_the_command_that_makes_it(home):
    with pytest.raises(Misconfigured, match=rf"make the bucket '{home.settings.bucket}'.*crampwatch influx setup"):
        await look(Settings(influxdb=home.settings))
    with pytest.raises(Misconfigured, match=r"make the organisation 'nobody'.*crampwatch influx setup"):
        await look(Settings(influxdb=home.changed(org="nobody")))


async def test_one_bucket_for_both_is_refused(home):
    with pytest.raises(Misconfigured, match=r"influxdb\.bucket_long: is the same"):
        await made(home.changed(bucket_long=home.settings.bucket))


async def test_a_server_that_is_away_is_unavailable(home):
    with pytest.raises(Unavailable, match="cannot be reached"):
        await look(Settings(influxdb=home.changed(url="http://127.0.0.1:9")))


@contextlib.contextmanager
def stranger(answers):
    """Something else that speaks HTTP: a status, a type and a body by path, 404 for the rest."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, kind, body = answers.get(self.path.split("?")[0], (404, "text/plain", b"404 page not found\n"))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Influxdb(url=f"http://127.0.0.1:{server.server_port}", token="t")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


JSON = "application/json"
STRANGERS = {
    "version 1.8": {"/health": (200, JSON, b'{"name":"influxdb","status":"pass","version":"1.8.10"}')},
    "version 1.6": {"/ping": (204, "text/plain", b"")},
    "version 3": {
        "/health": (200, "text/plain", b"OK"),
        "/ping": (200, JSON, b'{"version":"3.2.1","revision":"abc","process_id":"x"}'),
    },
    "something else": {"/health": (200, "text/html", b"<html>hello</html>")},
}


@pytest.mark.parametrize("kind", STRANGERS)
async def test_a_server_of_another_version_is_told_by_the_name_of_the_setting(kind):
    with stranger(STRANGERS[kind]) as settings, pytest.raises(Misconfigured, match=r"influxdb\.url: ") as told:
        await made(settings)
    assert "version 2" in str(told.value) or "InfluxDB 2" in str(told.value)


def test_how_long_is_kept_is_said_in_days():
    assert [setup.kept_words(seconds) for seconds in (0, 86_400 * 30)] == ["for ever", "for 30 days"]
