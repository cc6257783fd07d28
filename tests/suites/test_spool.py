"""What every spool promises: contiguous rows, the same bytes each time, all or nothing, nothing lost."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.spool import SqliteSpool, Unsent
from crampwatch.codec import decode
from crampwatch.errors import Unavailable
from crampwatch.topics import Kind
from tests.support import facts
from tests.support.spools import MemorySpool

MESSAGES = [
    Unsent(athlete, "20261121t183005", (sample,))
    for athlete in ("ann", "bea")
    for sample in (
        facts.ev.HeartRateMeasured(at_ms=1_000, device="strap", seq=0, bpm=150, rr_ms=(400.25,)),
        facts.ev.SpeedMeasured(at_ms=2_000, device="pod", seq=0, mps=2.9),
    )
]


@contextlib.asynccontextmanager
async def on_disk(folder):
    spool = await SqliteSpool.open(folder / "collector.db", "collector-1")
    try:
        yield spool
    finally:
        await spool.close()


@contextlib.asynccontextmanager
async def in_memory(folder):
    yield MemorySpool("collector-1")


@pytest.fixture(params=[on_disk, in_memory])
async def spool(request, tmp_path):
    async with request.param(tmp_path) as one:
        yield one


async def fill_the_disk(spool):
    if isinstance(spool, MemorySpool):
        spool.full = True
        return
    (pages,) = await spool.database.write(lambda connection: connection.execute("PRAGMA page_count").fetchone())
    await spool.database.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchone())


async def free_the_disk(spool):
    if isinstance(spool, MemorySpool):
        spool.full = False
        return
    await spool.database.write(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchone())


async def test_rows_count_from_zero_without_a_hole_across_appends(spool):
    await spool.append(MESSAGES[:3], {})
    await spool.append(MESSAGES[3:], {})
    assert [one.row for one in await spool.read(0, 10)] == [0, 1, 2, 3]
    assert (spool.next_row, spool.depth, spool.forgotten) == (4, 4, -1)


async def test_a_message_reads_the_same_each_time_and_decodes_to_what_was_spooled(spool):
    await spool.append(MESSAGES, {})
    first, again = await spool.read(0, 10), await spool.read(0, 10)
    assert list(first) == list(again)
    for one, message in zip(first, MESSAGES, strict=True):
        telemetry = decode(Kind.TELEMETRY, one.payload)
        assert (telemetry.collector, telemetry.row) == ("collector-1", one.row)
        assert (one.athlete, telemetry.session, telemetry.samples) == (
            message.athlete,
            message.session,
            message.samples,
        )


async def test_reading_starts_at_a_row_and_is_limited(spool):
    await spool.append(MESSAGES, {})
    assert [one.row for one in await spool.read(1, 2)] == [1, 2]
    assert list(await spool.read(4, 10)) == []


async def test_what_is_forgotten_is_gone_and_its_rows_are_never_given_again(spool):
    await spool.append(MESSAGES, {})
    await spool.forget(99)
    assert (spool.depth, spool.forgotten, spool.next_row) == (0, 3, 4)
    await spool.append(MESSAGES[:1], {})
    assert [one.row for one in await spool.read(0, 10)] == [4]
    await spool.forget(1)
    assert spool.depth == 1


async def test_a_spool_knows_how_old_its_oldest_message_is(spool):
    assert spool.oldest_ms is None
    await spool.append(MESSAGES[:2], {})
    assert spool.oldest_ms == 1_000
    await spool.forget(0)
    assert spool.oldest_ms == 2_000
    await spool.forget(1)
    assert spool.oldest_ms is None


async def test_how_old_it_is_survives_a_restart(tmp_path):
    async with on_disk(tmp_path) as spool:
        await spool.append(MESSAGES, {})
        await spool.forget(0)
    async with on_disk(tmp_path) as spool:
        assert spool.oldest_ms == 2_000


async def test_the_first_row_after_a_moment_is_found_among_many(spool):
    beat = facts.ev.HeartRateMeasured(at_ms=0, device="strap", seq=0, bpm=150)
    each_second = [beat.model_copy(update={"at_ms": n * 1_000, "seq": n}) for n in range(200)]
    await spool.append([Unsent("ann", "s1", (one,)) for one in each_second], {})
    await spool.forget(49)
    assert [await spool.first_since(50, at_ms) for at_ms in (0, 49_999, 50_000, 120_500, 198_999)] == [
        50, 50, 51, 121, 199
    ]  # fmt: skip
    assert await spool.first_since(150, 60_000) == 150
    assert await spool.first_since(50, 199_000) == 200


async def test_the_latest_state_of_each_key_is_kept(spool):
    await spool.append(MESSAGES[:1], {"athlete/ann": b"1", "pairing": b"p"})
    await spool.append([], {"athlete/ann": b"2"})
    assert dict(await spool.state()) == {"athlete/ann": b"2", "pairing": b"p"}


async def test_a_renewed_spool_keeps_rows_and_content_under_another_identity(spool):
    await spool.append(MESSAGES, {})
    await spool.forget(0)
    before = [decode(Kind.TELEMETRY, one.payload) for one in await spool.read(0, 10)]
    await spool.renew()
    after = [decode(Kind.TELEMETRY, one.payload) for one in await spool.read(0, 10)]
    assert {one.spool for one in after} == {spool.identity} != {one.spool for one in before}
    assert [one.model_copy(update={"spool": "s"}) for one in after] == [
        one.model_copy(update={"spool": "s"}) for one in before
    ]
    assert (spool.forgotten, spool.next_row, spool.depth) == (0, 4, 3)
    await spool.append(MESSAGES[:1], {})
    assert decode(Kind.TELEMETRY, (await spool.read(4, 1))[0].payload).spool == spool.identity


async def test_a_spool_keeps_its_identity_and_no_two_share_one(tmp_path):
    async with on_disk(tmp_path / "a") as spool:
        first = spool.identity
    async with on_disk(tmp_path / "a") as again, on_disk(tmp_path / "b") as another:
        assert again.identity == first != another.identity
        assert first.isalnum()


async def test_what_was_spooled_before_spools_had_identities_is_sent_under_the_new_one(tmp_path):
    async with on_disk(tmp_path) as spool:
        await spool.append(MESSAGES, {})
        before = [decode(Kind.TELEMETRY, one.payload) for one in await spool.read(0, 10)]
        await spool.database.write(make_it_old)
    async with on_disk(tmp_path) as spool:
        after = [decode(Kind.TELEMETRY, one.payload) for one in await spool.read(0, 10)]
        assert after == [one.model_copy(update={"spool": spool.identity}) for one in before]


def make_it_old(connection):
    """The file as the first release wrote it: no identity, neither in its head nor in its messages."""
    connection.execute("UPDATE outbox SET payload = CAST(json_remove(CAST(payload AS TEXT), '$.spool') AS BLOB)")
    connection.execute("ALTER TABLE head DROP COLUMN identity")
    connection.execute("PRAGMA user_version=1")


async def test_a_full_disk_takes_nothing_says_so_and_goes_on_when_there_is_room(spool):
    await spool.append(MESSAGES, {"pairing": b"old"})
    await fill_the_disk(spool)
    many = [Unsent("ann", "20261121t183005", MESSAGES[0].samples * 500)] * 20
    with pytest.raises(Unavailable):
        await spool.append(many, {"pairing": b"new"})
    assert spool.depth == 4
    assert dict(await spool.state()) == {"pairing": b"old"}
    await free_the_disk(spool)
    await spool.append(many, {"pairing": b"new"})
    assert [one.row for one in await spool.read(0, 100)] == list(range(24))


def said(one, spool):
    """A kept message but for the identity of its spool, which differs by nature."""
    telemetry = decode(Kind.TELEMETRY, one.payload)
    assert telemetry.spool == spool.identity
    return one.row, one.athlete, one.at_ms, telemetry.model_copy(update={"spool": "any"})


actions = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 3)),
        st.tuples(st.just("forget"), st.integers(-1, 12)),
        st.tuples(st.just("renew"), st.just(0)),
    ),
    max_size=12,
)


@given(actions)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_disk_and_memory_do_the_same(tmp_path_factory, steps):
    memory = MemorySpool("collector-1")
    async with on_disk(tmp_path_factory.mktemp("spool")) as disk:
        for what, number in steps:
            for spool in (disk, memory):
                if what == "append":
                    await spool.append(MESSAGES[:number], {"n": str(number).encode()})
                elif what == "forget":
                    await spool.forget(number)
                else:
                    await spool.renew()
        assert [said(one, disk) for one in await disk.read(0, 100)] == [
            said(one, memory) for one in await memory.read(0, 100)
        ]
        assert (disk.next_row, disk.forgotten, disk.depth) == (memory.next_row, memory.forgotten, memory.depth)
        assert dict(await disk.state()) == dict(await memory.state())
