"""``crampwatch baseline``: what is usual for an athlete and a new beginning, from outside."""

import asyncio
import io
import json
from dataclasses import replace

import pytest

from crampwatch.cli import exits
from crampwatch.clock import WallClock
from crampwatch.units import HOUR_MS
from processor.shelf import Kept, Shelf
from tests.processor.test_personal import DAY_MS, at_score, session


@pytest.fixture
def state_dir(tmp_path):
    return tmp_path / "state"


def learned_from(state_dir, *summaries, athlete="r7"):
    """A processor's file after these sessions."""

    async def fill():
        shelf = await Shelf(state_dir).open()
        for number, one in enumerate(summaries):
            await shelf.keep([Kept(athlete, f"s{number}", one.ended_ms, b"{}", None, one)], ())
        await shelf.close()

    asyncio.run(fill())


def lately(**more):
    """Five sessions, the last of them yesterday."""
    now_ms = WallClock().now_ms()
    return [
        replace(session(minutes=60 + 10 * day, **more), ended_ms=now_ms - (5 - day) * DAY_MS + HOUR_MS)
        for day in range(5)
    ]


def shown(crampwatch, athlete="r7"):
    told = crampwatch("baseline", "show", athlete, "--json")
    assert told.code == 0
    return json.loads(told.out)


def test_it_says_what_is_usual_from_how_many_sessions_and_what_others_have(crampwatch, state_dir):
    learned_from(state_dir, *lately(slope=10.0, confirmed=True, scores=at_score(8, 3_000.0)))
    told = crampwatch("baseline", "show", "r7").out
    assert "r7: version 5, from 5 sessions" in told
    assert "cadence per speed: 10 spm per m/s (5 sessions; others 6; used 8)" in told
    assert "longest run of the last 30 days: 100 min" in told
    assert "spread of cadence: 1.6 spm (5 sessions; others 2.9; used as the least 0.64)" in told
    assert "heart-rate drift: 4 %/h (5 sessions; others 5)" in told
    assert "higher than for others, from 5 uneventful sessions, in 5 of which somebody said" in told
    assert "version 5  " in told
    assert "session s4" in told


def test_as_json_it_says_all_of_it(crampwatch, state_dir):
    learned_from(state_dir, *lately())
    document = shown(crampwatch)
    assert (document["version"], document["sessions"], document["longest_s"]) == (5, 5, 6_000)
    assert [one["session"] for one in document["versions"]] == [f"s{number}" for number in range(5)]
    assert {one["what"] for one in document["usual"] if one["used"] is not None} == {
        "cadence per speed",
        "spread of cadence",
        "spread over ten seconds",
    }
    slope = next(one for one in document["usual"] if one["what"] == "cadence per speed")
    assert (slope["own"], slope["others"], slope["used"]) == (7.0, 6.0, 6.5)
    assert document["newest"]["slope"] == [7.0, 5]


def test_few_runs_say_nothing_about_how_long_this_one_is(crampwatch, state_dir):
    learned_from(state_dir, session())
    told = crampwatch("baseline", "show", "r7").out
    assert "from 1 session\n" in told
    assert "fewer than 4 runs" in told
    assert "fewer than 4 first thirds" in told


def test_an_athlete_of_the_settings_who_has_not_run_yet_is_known(crampwatch, state_dir, tmp_path):
    learned_from(state_dir)
    (tmp_path / "crampwatch.toml").write_text('[[athletes]]\nid = "anna"\n', encoding="utf-8")
    told = crampwatch("baseline", "show", "anna")
    assert (told.code, "nothing is known yet" in told.out) == (0, True)
    assert shown(crampwatch, "anna")["usual"] == []


@pytest.mark.parametrize("command", [("show",), ("reset", "--yes")])
def test_somebody_unknown_is_named_with_those_who_are_known(crampwatch, state_dir, command):
    learned_from(state_dir, session(), athlete="anna")
    told = crampwatch("baseline", *command, "hanna")
    assert told.code == exits.MISCONFIGURED
    assert "there is no athlete 'hanna'; known are anna" in told.err


@pytest.mark.parametrize("command", [("show",), ("reset", "--yes")])
def test_without_a_processors_file_it_says_what_to_start(crampwatch, state_dir, command):
    told = crampwatch("baseline", *command, "r7")
    assert told.code == exits.UNAVAILABLE
    assert "processor.db does not exist yet; start the part that records" in told.err
    assert not state_dir.exists()


def test_a_reset_begins_anew_and_older_versions_stay(crampwatch, state_dir):
    learned_from(state_dir, *lately())
    told = crampwatch("baseline", "reset", "r7", "--yes")
    assert (told.code, "begins anew with version 6" in told.out) == (0, True)
    document = shown(crampwatch)
    assert (document["version"], document["sessions"], document["usual"]) == (6, 0, [])
    assert [one["session"] for one in document["versions"]] == [*(f"s{number}" for number in range(5)), None]
    assert "reset" in crampwatch("baseline", "show", "r7").out


def test_a_reset_is_asked_for_first(crampwatch, state_dir, monkeypatch):
    learned_from(state_dir, *lately())
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert crampwatch("baseline", "reset", "r7").code != 0
    assert shown(crampwatch)["version"] == 5


def test_a_folder_that_is_a_file_and_a_file_that_is_a_folder_are_named(crampwatch, state_dir):
    state_dir.mkdir()
    (state_dir / "processor.db").mkdir()
    assert "processor.db is a folder where a file belongs" in crampwatch("baseline", "show", "r7").err
    (state_dir / "processor.db").rmdir()
    state_dir.rmdir()
    state_dir.write_text("", encoding="utf-8")
    assert "is a file where a folder belongs" in crampwatch("baseline", "show", "r7").err
