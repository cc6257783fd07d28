"""The journal does not grow for ever: what is settled and old is forgotten, and nothing that still matters."""

import asyncio
from dataclasses import replace

from alerts.case import Run, Verdict
from alerts.journal import Figures, Told
from alerts.policy import Hush, Reason
from alerts.push_log import PushLog, PushState
from alerts.tidy import EVERY_S, KEEP_MS
from crampwatch.bus.mqtt import SESSION_EXPIRY_S
from crampwatch.events import AlertState
from crampwatch.units import SECOND_MS, Level
from tests.alerts.builders import MemoryChannel, answer, filed, finding, journal_at
from tests.alerts.world import World
from tests.support.clocks import START_MS as NOW

CHANNELS = {"phone": True}


def test_facts_are_known_for_longer_than_a_broker_may_tell_them_again():
    assert KEEP_MS > SESSION_EXPIRY_S * SECOND_MS


async def tell(journal, name, now_ms=NOW, state=AlertState.RAISED):
    def work(case):
        one = filed(case, name=name, now_ms=now_ms)
        return Verdict(Reason.FIRST, (replace(one, alert=one.alert.model_copy(update={"state": state})),))

    await journal.decide(Told(f"finding:ada:{name}", "ada", "finding", finding(name=name)), now_ms, work)


async def test_old_facts_go_in_small_steps_and_new_ones_stay(tmp_path):
    async with journal_at(tmp_path / "alerts.db", CHANNELS) as (journal, _):
        for number in range(7):
            await journal.decide(Told(f"t{number}", "ada", "x"), NOW, lambda _: Verdict(Reason.NOT_ALERTING))
        await journal.decide(Told("new", "ada", "x"), NOW + 10, lambda _: Verdict(Reason.NOT_ALERTING))
        assert [await journal.forget(NOW + 5, limit=3) for _ in range(4)] == [3, 3, 1, 0]
        assert (await journal.figures()).facts == 1


async def test_an_alert_that_is_over_goes_with_its_pushes_once_none_is_owed(tmp_path):
    async with journal_at(tmp_path / "alerts.db", CHANNELS) as (journal, database):
        pushes = PushLog(database)
        await tell(journal, "over")
        await journal.revise("ada", "x", NOW, closing)
        while await journal.forget(NOW + 1):
            pass
        assert (await journal.figures()).owed == {"phone": 1}
        assert await pushes.begin("over", "phone", NOW, repeatable=False) is None
        while await journal.forget(NOW + 1):
            pass
        rows = await database.read(
            lambda one: [one.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("alert", "push")]
        )
        assert rows == [0, 0]


def closing(case):
    over = [
        replace(one, alert=one.alert.model_copy(update={"state": AlertState.CLEARED})) for one in case.open.values()
    ]
    return Verdict(Reason.ENDED, tuple(over))


async def test_what_is_open_hushed_or_running_stays_however_old(tmp_path):
    async with journal_at(tmp_path / "alerts.db", CHANNELS) as (journal, _):
        await journal.run_seen("ada", Run("run-1", NOW, NOW))
        await tell(journal, "open")
        await journal.run_seen("bo", Run("run-1", NOW, NOW))
        hush = Hush(Level.WARNING, NOW + 500)
        await journal.decide(Told("a", "ada", "ack", answer("open")), NOW, lambda _: Verdict(Reason.ANSWERED, (), hush))
        while await journal.forget(NOW + 100):
            pass
        assert list(await journal.runs()) == ["ada"]
        kept = []
        await journal.revise("ada", "look", NOW, kept.append)
        assert [one.alert.id for one in kept[0].open.values()] == ["open"]
        assert kept[0].hushes == (hush,)


async def test_an_alerter_that_lives_long_forgets_by_itself_and_is_told_nothing_twice(tmp_path):
    async with World(tmp_path).watched() as world:
        phone = MemoryChannel()
        told = finding()
        async with world.alerting(phone):
            await world.find(told)
            await world.decided(1)
            await world.find(finding(level=Level.OK))
            await world.decided(2)
            await world.clock.advance(KEEP_MS / SECOND_MS)
            while world.reasons:
                await world.clock.advance(EVERY_S)
                await asyncio.sleep(0.01)
            await world.find(told)
            await world.decided(1)
            assert world.reasons == ["too_late"]
            assert [one.alert.id for one in phone.felt] == [told.id]


async def test_an_empty_journal_has_figures(tmp_path):
    async with journal_at(tmp_path / "alerts.db", CHANNELS) as (journal, _):
        assert await journal.figures() == Figures({"phone": 0}, 0, 0, {"published": 0, "recorded": 0})


async def test_what_a_channel_owes_that_is_gone_from_the_settings_is_dropped(tmp_path):
    async with journal_at(tmp_path / "alerts.db", {"phone": True, "old": True}) as (journal, database):
        await tell(journal, "a1")
        await PushLog(database).recover({"phone": False}, NOW)
        states = await database.read(lambda one: dict(one.execute("SELECT channel, state FROM push").fetchall()))
        assert states == {"phone": PushState.PENDING, "old": PushState.MOOT}
