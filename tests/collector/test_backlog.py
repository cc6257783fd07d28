"""After an outage: live first, backlog between."""

from collector.forward import AHEAD, FRESH_S, WINDOW
from collector.listening import LOOK_S, WORD_S
from collector.stall import STALL_S
from crampwatch.bus import LinkState
from crampwatch.topics import Kind
from tests.collector.line import Line
from tests.support.brokers import until
from tests.support.clocks import START_MS

OLD_MS = START_MS - 600_000


async def test_after_an_outage_the_present_goes_first_and_the_past_follows_in_order():
    line = Line()
    await line.spools(3 * WINDOW, at_ms=OLD_MS)
    await line.spools(5)
    async with line.running():
        await line.sent()
        assert line.bus.rows == [*range(3 * WINDOW, 3 * WINDOW + 5), *range(3 * WINDOW)]
        assert [kind for _, _, kind, _ in line.bus.taken[:6]] == [Kind.TELEMETRY] * 5 + [Kind.BACKLOG]


async def test_what_arrives_while_backlog_drains_waits_for_one_window_of_it_at_most():
    line = Line()
    await line.spools(8 * WINDOW, at_ms=OLD_MS)
    came = {}

    async def one_more(count):
        if count in {150, 400, 650}:
            came[line.spool.next_row] = count
            await line.spools()

    line.bus.during = one_more
    async with line.running():
        await line.sent()
    assert len(came) == 3
    assert all(0 <= line.bus.rows.index(row) - count <= WINDOW for row, count in came.items())
    assert sorted(line.bus.rows) == list(range(8 * WINDOW + 3))


async def test_backlog_runs_ahead_of_what_is_stored_by_a_bounded_number_and_live_rows_do_not_wait_for_it():
    async with Line().running() as line:
        await line.spools(3 * AHEAD, at_ms=OLD_MS)
        await until(lambda: len(line.bus.taken) >= AHEAD)
        await line.spools()
        await until(lambda: line.bus.rows[-1] == 3 * AHEAD)
        assert len(line.bus.taken) <= AHEAD + WINDOW + 1
        await line.stored(AHEAD - 1)
        await until(lambda: len(line.bus.taken) >= 2 * AHEAD)
        await line.stored(2 * AHEAD)
        await line.sent()
        assert len(set(line.bus.rows)) == 3 * AHEAD + 1


async def test_live_rows_that_grew_old_while_the_link_was_slow_make_way_for_the_present():
    line = Line()
    await line.spools(4 * WINDOW)

    async def stand_still(count):
        if count == WINDOW + 20:
            await line.run_clock.advance(FRESH_S + 1, turns=0)
            await line.spools(3, at_ms=line.run_clock.now_ms())

    line.bus.during = stand_still
    async with line.running():
        await line.sent()
    old, new = range(4 * WINDOW), range(4 * WINDOW, 4 * WINDOW + 3)
    assert line.bus.rows == [*old[: 2 * WINDOW], *new, *old[2 * WINDOW :]]


async def test_history_that_keeps_coming_while_it_is_sent_stays_in_order():
    line = Line()
    look = line.spool.first_since

    async def and_more_comes(from_row, at_ms):
        border = await look(from_row, at_ms)
        if line.spool.next_row < 40:
            await line.spools(3, at_ms=OLD_MS)
        return border

    line.spool.first_since = and_more_comes
    await line.spools(3, at_ms=OLD_MS)
    async with line.running():
        await until(lambda: len(line.bus.taken) >= 40)
        await line.sent()
    assert line.bus.rows == list(range(line.spool.next_row))


async def test_a_processor_that_is_back_after_a_silence_is_sent_what_a_broker_may_have_let_expire():
    async with Line().running() as line:
        await line.spools(4)
        await line.sent()
        await line.wall.advance(STALL_S * 2 + 1)
        before = len(line.bus.taken)
        await line.stored(1)
        await line.sent()
        assert line.bus.rows[before:] == [2, 3]
        await line.stored(2)
        await line.sent()
        assert line.bus.rows[before:] == [2, 3]


async def test_a_link_that_broke_while_nothing_was_sent_is_noticed():
    async with Line().running() as line:
        await line.spools(2)
        await line.sent()
        line.bus.link = LinkState(reconnects=1)
        await line.wall.advance(LOOK_S + WORD_S)
        await until(lambda: line.bus.rows == [0, 1, 0, 1])
