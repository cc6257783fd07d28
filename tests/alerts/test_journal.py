"""The journal on disk: one decision a fact, a reason for each, and a memory that outlives the process."""

import sqlite3
from dataclasses import replace
from importlib.resources import files

import pytest

from alerts.case import Run, Verdict
from alerts.journal import Told
from alerts.policy import Hush, Reason
from alerts.rows import NO_SESSION
from crampwatch.errors import Misconfigured
from crampwatch.events import AlertKind, AlertState
from crampwatch.storage.database import Database
from crampwatch.units import HOUR_MS, Level
from tests.alerts.builders import SESSION, answer, filed, finding, journal_at
from tests.support.clocks import START_MS as NOW

SCHEMAS = files("crampwatch.storage").joinpath("schema", "journal")
CHANNELS = {"phone": True, "screen": False}


def told(name="f1", athlete="ada"):
    return Told(f"finding:{athlete}:{name}", athlete, "finding", finding(name=name))


def raising(name="a1", **change):
    return lambda case: Verdict(Reason.FIRST, (replace(filed(case, name=name), **change),))


async def case_of(journal, athlete="ada", now_ms=NOW):
    seen = []
    await journal.revise(athlete, "look", now_ms, seen.append)
    return seen[0]


async def test_a_fact_is_decided_once_and_kept_word_for_word(tmp_path):
    async with journal_at(tmp_path / "alerts.db", CHANNELS) as (journal, database):
        assert (await journal.decide(told(), NOW, raising())).reason is Reason.FIRST
        assert await journal.decide(told(), NOW + 1, raising("a2")) is None
        kept = await database.read(lambda one: one.execute("SELECT id, kind, reason, body FROM fact").fetchall())
        assert [row[:3] for row in kept] == [("finding:ada:f1", "finding", "first")]
        assert "three hitches" in kept[0][3]


async def test_what_a_verdict_says_is_kept_whole_or_not_at_all(tmp_path):
    def faulty(case):
        raise RuntimeError("a mistake in the middle of deciding")

    async with journal_at(tmp_path / "alerts.db", CHANNELS) as (journal, _):
        with pytest.raises(RuntimeError):
            await journal.decide(told(), NOW, faulty)
        assert (await journal.decide(told(), NOW, raising())).reason is Reason.FIRST


async def test_everything_is_remembered_over_a_restart(tmp_path):
    path = tmp_path / "alerts.db"
    hush = Hush(Level.WARNING, NOW + 600_000)
    async with journal_at(path, CHANNELS) as (journal, _):
        await journal.run_seen("ada", Run(SESSION, NOW - 1_000, NOW))
        await journal.decide(told(), NOW, raising())
        ack = Told("ack:1", "ada", "ack", answer("a1"))
        await journal.decide(ack, NOW, lambda _: Verdict(Reason.ANSWERED, hush=hush, paused_until_ms=NOW + 9))
    async with journal_at(path, CHANNELS) as (journal, _):
        case = await case_of(journal)
        assert (case.session, case.run_ms) == (SESSION, 1_000)
        assert case.open[AlertKind.PATTERN] == filed(case, name="a1")
        assert [one.finding_id for one in case.pushed] == ["a1"]
        assert case.hushes == (hush,)
        assert case.paused_until_ms == NOW + 9
        assert await journal.runs() == {"ada": Run(SESSION, NOW - 1_000, NOW)}


async def test_a_push_that_nobody_felt_counts_neither_for_the_cooldown_nor_for_the_budget(tmp_path):
    async with journal_at(tmp_path / "alerts.db", CHANNELS) as (journal, _):
        await journal.decide(told(), NOW, raising())
        assert len((await case_of(journal)).pushed) == 1

        def expire(case):
            one = case.open[AlertKind.PATTERN]
            return Verdict(
                Reason.EXPIRED, (replace(one, alert=one.alert.model_copy(update={"state": AlertState.EXPIRED})),)
            )

        await journal.revise("ada", "time", NOW, expire)
        assert (await case_of(journal)).pushed == ()


async def test_pushes_older_than_the_hour_are_forgotten_and_athletes_do_not_share_a_case(tmp_path):
    async with journal_at(tmp_path / "alerts.db", CHANNELS) as (journal, _):
        await journal.decide(told(), NOW, raising())
        assert (await case_of(journal, now_ms=NOW + HOUR_MS)).pushed == ()
        other = await case_of(journal, "bo")
        assert (other.session, other.open, other.pushed) == (NO_SESSION, {}, ())


async def test_states_leave_in_order_each_way_for_itself_and_are_then_forgotten(tmp_path):
    async with journal_at(tmp_path / "alerts.db", CHANNELS) as (journal, _):
        await journal.decide(told("f1"), NOW, raising("a1"))
        await journal.decide(told("f2", "bo"), NOW, raising("a2"))
        first, second = await journal.changes("published")
        assert [first.alert.id, second.alert.id] == ["a1", "a2"]
        await journal.gone("published", [first])
        assert [one.alert.id for one in await journal.changes("published")] == ["a2"]
        assert [one.alert.id for one in await journal.changes("recorded")] == ["a1", "a2"]
        await journal.gone("recorded", [first])
        assert [one.alert.id for one in await journal.changes("recorded")] == ["a2"]


async def test_a_slot_is_emptied_only_when_nothing_newer_stands_in_it(tmp_path):
    async with journal_at(tmp_path / "alerts.db", CHANNELS) as (journal, _):
        await journal.decide(told("f1"), NOW, raising("a1"))

        def replaced(case):
            old = case.open[AlertKind.PATTERN]
            over = replace(old, alert=old.alert.model_copy(update={"state": AlertState.CLEARED}))
            return Verdict(Reason.ESCALATED, (over, filed(case, name="a2")))

        await journal.decide(told("f2"), NOW, replaced)
        states = [(one.alert.id, one.alert.state.value, one.last_of_slot) for one in await journal.changes("published")]
        assert states == [("a1", "raised", False), ("a1", "cleared", False), ("a2", "raised", False)]


async def test_when_a_service_was_seen_to_go_is_remembered_until_it_is_back(tmp_path):
    path = tmp_path / "alerts.db"
    async with journal_at(path, CHANNELS) as (journal, _):
        await journal.keep_gone("collector-1", NOW)
        await journal.keep_gone("collector-2", NOW)
        await journal.keep_gone("collector-2", None)
    async with journal_at(path, CHANNELS) as (journal, _):
        assert await journal.gone_services() == {"collector-1": NOW}


def test_alerts_of_an_earlier_release_stand_since_they_were_raised():
    first, then = (SCHEMAS.joinpath(name).read_text() for name in ("0001-journal.sql", "0002-since.sql"))
    made = sqlite3.connect(":memory:")
    made.executescript(first)
    made.execute(
        "INSERT INTO alert (id, athlete, slot, flow, level, audible, asked, raised_at_ms, deadline_at_ms, open, body) "
        "VALUES ('a1', 'ada', 'pattern', 'pattern_warning', 'warning', 1, 0, ?, ?, 1, '')",
        (NOW, NOW),
    )
    made.executescript(then)
    assert made.execute("SELECT since_ms, overdue FROM alert").fetchall() == [(NOW, 0)]


async def test_a_database_of_something_else_is_left_alone_with_the_setting_named(tmp_path):
    path = tmp_path / "alerts.db"
    spool = await Database(path, "spool", "state_dir").open()
    await spool.close()
    with pytest.raises(Misconfigured, match="state_dir"):
        async with journal_at(path, CHANNELS):
            pass
