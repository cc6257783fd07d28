"""The pages and the JSON behind them, over HTTP without a socket."""

import httpx
import pytest

from crampwatch.events import Answer, SensorState
from crampwatch.health import Health
from crampwatch.wording import DISCLAIMER, RED_FLAGS
from dashboard.app import application
from dashboard.guard import MAX_BODY, SECURITY_HEADERS
from dashboard.site import HEARD_MS
from tests.dashboard.desk import COLLECTOR, TEAM, alert, delivered, record_run, sensor, telemetry
from tests.support.clocks import START_MS
from tests.support.services import Patient

PAGES = ("/", "/board", "/runs", "/system", "/live/ana", f"/runs/{TEAM}/ana/morning")


@pytest.fixture
async def web(site):
    transport = httpx.ASGITransport(app=application(site, Health()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8017") as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_carries_the_disclaimer_the_red_flags_and_a_strict_policy(site, web, path):
    await record_run(site.store, minutes=1)
    answer = await web.get(path)
    assert answer.status_code == 200
    assert DISCLAIMER in answer.text
    assert all(flag.action in answer.text for flag in RED_FLAGS)
    assert all(answer.headers[name] == value for name, value in SECURITY_HEADERS.items())
    assert "<script>" not in answer.text
    assert "style=" not in answer.text


async def test_a_name_cannot_break_out_of_a_page(web):
    answer = await web.get("/live/ana")
    assert "Ana <Adler>" not in answer.text
    assert "Ana &lt;Adler&gt;" in answer.text
    assert "Ana \\u003cAdler>" in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/live/nobody", "/live/BAD%20id", "/runs/club/ana/no-such-run"])
async def test_what_is_not_there_is_a_page_that_says_so(web, path):
    answer = await web.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Nothing here" in answer.text


async def test_what_is_not_there_is_json_for_a_program(web):
    answer = await web.get("/api/runs/club/ana/no-such-run")
    assert (answer.status_code, list(answer.json())) == (404, ["error"])


async def test_a_run_answers_with_its_columns_and_marks(site, web):
    await record_run(site.store, minutes=10)
    body = (await web.get(f"/api/runs/{TEAM}/ana/morning")).json()
    lengths = {len(column) for column in body["columns"].values()} | {len(body["at_s"])}
    assert len(lengths) == 1
    assert {mark["what"] for mark in body["marks"]} == {"finding", "alert"}
    assert body["run"]["name"] == "Ana <Adler>"


async def test_the_run_list_is_newest_first(site, web):
    await record_run(site.store, minutes=1)
    await record_run(site.store, minutes=1, athlete="bea", session="other")
    body = (await web.get("/api/runs")).json()
    assert {run["athlete"] for run in body["runs"]} == {"ana", "bea"}
    assert [run["athlete"] for run in (await web.get("/api/runs?athlete=bea")).json()["runs"]] == ["bea"]


async def test_an_answer_to_an_alert_goes_over_the_bus(site, web):
    site.board.alerted("ana", alert(START_MS))
    answer = await web.post("/api/ack", json={"alert": "a1", "by": "coach", "answer": "pause"})
    assert answer.status_code == 202
    topic, message = site.bus.only()
    assert topic == "crampwatch/v1/club/ana/ack"
    assert (message.alert_id, message.by, message.answer) == ("a1", "coach", Answer.PAUSE)


@pytest.mark.parametrize("what", ["cramp", "eased", "uneventful", "cool", "mild", "hot"])
async def test_a_check_in_goes_over_the_bus(site, web, what):
    assert (await web.post("/api/checkin", json={"athlete": "ana", "what": what})).status_code == 202
    topic, message = site.bus.only()
    assert (topic, message.what) == ("crampwatch/v1/club/ana/checkin", what)


async def test_a_sensor_is_claimed_from_the_collector_that_sees_it(site, web):
    site.board.unclaimed(COLLECTOR, "strap-1", sensor(SensorState.UNCLAIMED))
    assert (await web.post("/api/claim", json={"device": "strap-1", "athlete": "ana"})).status_code == 202
    topic, message = site.bus.only()
    assert (topic, message.device, message.athlete) == ("crampwatch/v1/system/collector-1/command", "strap-1", "ana")


async def test_somebody_new_gets_an_id_that_is_not_the_name_and_the_name_stays_off_the_bus(site, web):
    await record_run(site.store, minutes=1, athlete="runner-1")
    site.board.unclaimed(COLLECTOR, "strap-1", sensor(SensorState.UNCLAIMED))
    answer = await web.post("/api/claim", json={"device": "strap-1", "name": " Bea Holt "})
    assert answer.json() == {"athlete": "runner-2"}
    assert b"Bea" not in site.bus.sent[0][1]
    assert site.board.name_of("runner-2") == "Bea Holt"


async def test_a_name_said_on_the_page_wins_over_the_settings(site, web):
    await web.post("/api/name", json={"athlete": "ana", "name": "Annie"})
    assert site.board.name_of("ana") == "Annie"
    assert site.bus.sent == []


REFUSED = [
    ("/api/ack", {"alert": "nope", "by": "coach"}, 404, "no such alert"),
    ("/api/ack", {"alert": "a1", "by": "stranger"}, 400, "by:"),
    ("/api/ack", {"alert": "a1", "by": "coach", "answer": "maybe"}, 400, "answer:"),
    ("/api/checkin", {"athlete": "ana", "what": "cramp", "extra": 1}, 400, "extra:"),
    ("/api/checkin", {"athlete": "Ana!", "what": "cramp"}, 400, "athlete:"),
    ("/api/checkin", {"athlete": "nobody", "what": "cramp"}, 404, "no runner"),
    ("/api/claim", {"device": "ghost", "athlete": "ana"}, 404, "unclaimed"),
    ("/api/name", {"athlete": "ana", "name": "   "}, 400, "name:"),
    ("/api/name", {"athlete": "nobody", "name": "Bea"}, 404, "no runner"),
    ("/api/name", {"athlete": "ana", "name": "x" * MAX_BODY}, 413, "longer"),
]


@pytest.mark.parametrize(("path", "body", "status", "says"), REFUSED)
async def test_what_makes_no_sense_is_refused_in_words(site, web, path, body, status, says):
    answer = await web.post(path, json=body)
    assert (answer.status_code, says in answer.json()["error"]) == (status, True)
    assert site.bus.sent == []


async def test_a_claim_names_one_athlete_not_two(site, web):
    site.board.unclaimed(COLLECTOR, "strap-1", sensor(SensorState.UNCLAIMED))
    answer = await web.post("/api/claim", json={"device": "strap-1", "athlete": "ana", "name": "Bea"})
    assert answer.status_code == 400


async def test_a_body_that_is_not_json_is_refused(web):
    text = {"content-type": "text/plain"}
    assert (await web.post("/api/checkin", content=b"{}", headers=text)).status_code == 415
    broken = await web.post("/api/checkin", content=b"{", headers={"content-type": "application/json"})
    assert broken.status_code == 400


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}]
)
async def test_another_site_cannot_answer_for_a_runner(site, web, headers):
    answer = await web.post("/api/checkin", json={"athlete": "ana", "what": "cramp"}, headers=headers)
    assert answer.status_code == 403
    assert site.bus.sent == []


@pytest.mark.parametrize("origin", ["http://[::1", "http://[", "null", ""])
@pytest.mark.parametrize("path", ["/api/ack", "/api/checkin", "/api/claim", "/api/name", "/nowhere"])
async def test_an_origin_that_is_none_is_another_site(web, path, origin):
    assert (await web.post(path, json={}, headers={"origin": origin})).status_code == 403


@pytest.mark.parametrize(("query", "headers"), [("?after=" + "9" * 5_000, {}), ("", {"last-event-id": "9" * 5_000})])
async def test_a_row_that_no_feed_can_reach_is_refused(site, web, query, headers):
    answer = await web.get(f"/api/live{query}", headers=headers)
    assert (answer.status_code, "after:" in answer.json()["error"]) == (400, True)
    assert not site.hub.listening


async def test_a_browser_that_hangs_up_in_the_middle_of_a_sentence_said_nothing(site):
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/api/checkin", "query_string": b"", "headers": headers}
    said = [{"type": "http.request", "body": b'{"ath', "more_body": True}, {"type": "http.disconnect"}]
    answered = []

    async def receive():
        return said.pop(0)

    async def send(message):
        answered.append(message)

    await application(site, Health())(scope, receive, send)
    assert answered[0]["status"] == 400
    assert site.bus.sent == []


async def test_who_left_a_run_behind_can_still_be_named(site, web):
    await record_run(site.store, minutes=1, athlete="bea")
    assert (await web.post("/api/name", json={"athlete": "bea", "name": "Bea Holt"})).status_code == 202
    assert site.board.name_of("bea") == "Bea Holt"


async def test_our_own_page_can(web):
    headers = {"origin": "http://127.0.0.1:8017", "sec-fetch-site": "same-origin"}
    answer = await web.post("/api/checkin", json={"athlete": "ana", "what": "cramp"}, headers=headers)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8017", 200), ("[::1]", 200), ("192.168.1.7", 200), ("watch.local", 200), ("evil.example", 421)],
)
async def test_only_names_that_a_stranger_cannot_own_are_answered(web, host, status):
    assert (await web.get("/api/board", headers={"host": host})).status_code == status


async def test_a_broker_that_is_away_is_said_and_nothing_is_pretended(site, web):
    site.bus.away = True
    answer = await web.post("/api/checkin", json={"athlete": "ana", "what": "cramp"})
    assert (answer.status_code, "try again" in answer.json()["error"]) == (503, True)


async def test_the_board_can_be_read_as_json(site, web):
    site.board.measured("ana", telemetry(START_MS, 155))
    (row,) = (await web.get("/api/board")).json()["athletes"]
    assert (row["hr_bpm"], row["word"], row["gauge"]) == (155, "Not assessed", None)


async def test_an_alert_is_numbered_once_however_often_it_comes(site):
    await site.alerted("ana", alert(START_MS))
    await site.alerted("ana", alert(START_MS))
    assert [row for row, _ in await site.missed(0, None)] == [1]
    assert await site.missed(1, None) == []


async def test_a_push_missed_for_a_moment_is_heard_and_an_old_one_is_not(site):
    now_ms = site.clock.now_ms()
    await site.pushed("ana", delivered(alert(START_MS, name="old"), now_ms - HEARD_MS - 1))
    await site.pushed("ana", delivered(alert(START_MS, name="new"), now_ms - HEARD_MS))
    ((row, body),) = await site.missed(0, "ana")
    assert row == 2
    assert body.startswith(b'id: 2\nevent: delivery\ndata: {"alert":"new"')


async def test_the_pages_answer_for_the_health_of_the_process_under_the_same_guard(site):
    health = Health()
    health.watch(Patient("processor-1", "processor"))
    transport = httpx.ASGITransport(app=application(site, health))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8017") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        answer = await client.get("/metrics")
        assert 'crampwatch_ready{kind="processor",service="processor-1"} 0.0' in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await client.get("/metrics", headers={"host": "evil.example"})).status_code == 421
