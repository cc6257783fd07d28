"""What is usual for a runner reaches the page in plain words; who asks for it, starts anew."""

import doctest

import httpx
import pytest
from hypothesis import given, settings

from crampwatch.codec import encode
from crampwatch.health import Health
from crampwatch.topics import Kind, Topic
from crampwatch.usual import BaselineLearned, OwnMean, ResetAsked
from dashboard import usual
from dashboard.app import application
from dashboard.follow import AHEAD_MS, follow
from dashboard.usual import usual_view
from tests.dashboard.desk import TEAM, baseline
from tests.support import facts
from tests.support.clocks import START_MS

TOPIC = str(Topic(TEAM, "ana", Kind.BASELINE))


@pytest.fixture
async def web(site):
    transport = httpx.ASGITransport(app=application(site, Health()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8017") as client:
        yield client


def row(message, name):
    (found,) = [one for one in usual_view(message).rows if one.name == name]
    return found


def shown(site, athlete="ana"):
    return site.board.runner_view(athlete, START_MS).usual


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(usual).failed == 0


class TestTheWords:
    def test_say_what_is_mixed_and_from_what(self):
        slope = row(baseline(), "Cadence for 1 m/s faster")
        assert slope.value == "+5.6 spm"
        assert slope.note == "Yours +5.4 spm, from 8 runs; the rest is what is usual for runners, +6.0 spm."
        assert slope.share == pytest.approx(8 / 13, abs=1e-4)

    def test_of_a_weather_name_the_other_runs_as_well(self):
        hot = row(baseline(), "The same when hot")
        assert (hot.value, "your other runs and other runners" in hot.note) == ("+7.9 % an hour", True)

    def test_leave_out_what_no_run_has_said(self):
        names = [one.name for one in usual_view(baseline(slope_spm_per_mps=None)).rows]
        assert "Cadence for 1 m/s faster" not in names
        assert "Cadence, runs without speed" not in names

    def test_of_one_run_count_one_run(self):
        once = OwnMean(own=180.0, sessions=1, others=165.0, own_share=1 / 6)
        cadence = row(baseline(cadence_spm_at_3_mps=once), "Cadence at 3 m/s")
        assert (cadence.value, "from 1 run;" in cadence.note) == ("168 spm", True)

    @pytest.mark.parametrize(
        ("longest_s", "runs", "value", "note"),
        [
            (6_150.0, 9, "1 h 42 min", "Time spent running, of 9 runs."),
            (3_000.0, 4, "50 min", "Time spent running, of 4 runs."),
            (None, 2, "not known yet", "Too few runs in the last 30 days: 2 runs."),
            (None, 0, "not known yet", "Too few runs in the last 30 days: none."),
        ],
    )
    def test_name_the_longest_run_or_why_there_is_none(self, longest_s, runs, value, note):
        longest = row(baseline(longest_s=longest_s, runs=runs), "Longest run of 30 days")
        assert (longest.value, longest.note) == (value, note)

    @pytest.mark.parametrize(
        ("scale", "words"),
        [
            (0.8, "sooner"),
            (0.95, "a little sooner"),
            (1.0, "as for others"),
            (1.05, "a little later"),
            (1.25, "later"),
        ],
    )
    def test_say_when_levels_are_reached_without_a_figure(self, scale, words):
        assert row(baseline(threshold_scale=scale), "Levels are reached").value == words

    def test_are_none_before_anything_was_learned(self):
        view = usual_view(BaselineLearned(at_ms=START_MS, version=3, sessions=0, runs=0))
        assert (view.version, view.runs, view.rows) == (3, 0, ())

    @settings(deadline=None)
    @given(facts.baselines)
    def test_of_any_message_are_few_and_short(self, message):
        view = usual_view(message)
        assert len(view.rows) <= 12
        assert len({one.name for one in view.rows}) == len(view.rows)
        assert all(one.share is None or 0 <= one.share <= 1 for one in view.rows)
        assert all("nan" not in one.value for one in view.rows)


class TestTheBoard:
    async def test_shows_the_newest_version_that_was_told(self, site):
        assert shown(site) is None
        await follow(site, TOPIC, encode(baseline(version=1)))
        await follow(site, TOPIC, encode(baseline(version=2)), retained=True)
        assert (shown(site).version, shown(site).runs) == (2, 11)

    async def test_forgets_what_the_broker_no_longer_keeps(self, site):
        await follow(site, TOPIC, encode(baseline()))
        await follow(site, TOPIC, b"")
        assert shown(site) is None

    async def test_takes_nothing_that_is_dated_ahead(self, site):
        await follow(site, TOPIC, encode(baseline(at_ms=START_MS + AHEAD_MS + 1)))
        assert shown(site) is None

    async def test_does_not_come_onto_by_what_is_usual(self, site):
        await follow(site, str(Topic(TEAM, "long-gone", Kind.BASELINE)), encode(baseline()))
        assert site.board.athletes == ("ana",)
        assert shown(site, "long-gone").runs == 11


class TestStartingAnew:
    async def test_goes_over_the_bus_as_a_command_of_now(self, site, web):
        assert (await web.post("/api/baseline/reset", json={"athlete": "ana"})).status_code == 202
        assert site.bus.only() == ("crampwatch/v1/club/ana/command", ResetAsked(at_ms=START_MS))

    @pytest.mark.parametrize(
        ("body", "status"),
        [({"athlete": "nobody"}, 404), ({"athlete": "BAD id"}, 400), ({}, 400), ({"athlete": "ana", "all": True}, 400)],
    )
    async def test_is_refused_for_whom_nobody_knows(self, site, web, body, status):
        answer = await web.post("/api/baseline/reset", json=body)
        assert (answer.status_code, list(answer.json())) == (status, ["error"])
        assert site.bus.sent == []

    async def test_says_so_while_the_broker_is_away(self, site, web):
        site.bus.away = True
        assert (await web.post("/api/baseline/reset", json={"athlete": "ana"})).status_code == 503
