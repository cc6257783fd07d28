"""A body on the shelf that is no athlete's normal: it is refused by name, and costs nobody else a run."""

import json

import pytest

from crampwatch.metrics import Counters
from crampwatch.storage import RunKey
from crampwatch.units import MINUTE_MS
from processor.personal import Personal
from processor.seat import Seat
from processor.shelf import Kept, Shelf
from processor.summary import Summary
from tests.processor.test_personal import DAY_MS, after, session
from tests.support.clocks import START_MS

WRONG = [
    ("slope", ["x", 3]),
    ("slope", [None, 5]),
    ("slope", [1, -5]),
    ("slope", [float("nan"), 5]),
    ("sigma_spm", [True, 5]),
    ("runs", [["a", "b", "c"]]),
    ("runs", "runs"),
    ("runs", [[START_MS, float("inf"), None]]),
    ("early_mps", None),
    ("early_mps", [0.0]),
    ("version", "9"),
    ("version", 10**400),
    ("scores", [1.0]),
    ("confirmed", -1),
    ("ended_ms", 1.5),
    ("stranger", 1),
]


def body(name, value):
    return json.dumps({**json.loads(after(session()).encode()), name: value}).encode()


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_field_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        Personal.decode(body(name, value))


@pytest.mark.parametrize("kept", [b"", b"{", b"[" * 100_000, b"\xff", b"7", b'{"v":2}', None])
def test_what_is_no_normal_at_all_is_refused(kept):
    with pytest.raises(ValueError, match=r"."):
        Personal.decode(kept)


def test_what_was_learned_is_read_as_it_was_written():
    learned = after(*(session(day) for day in range(6)))
    assert Personal.decode(learned.encode()) == learned
    assert Personal.decode(Personal().encode()) == Personal()


@pytest.fixture
async def shelf(tmp_path):
    shelf = await Shelf(tmp_path).open()
    yield shelf
    await shelf.close()


async def put(shelf, kept):
    def write(connection):
        connection.execute("UPDATE personal SET body=?", (kept,))

    await shelf._database.write(write)


async def test_one_that_cannot_be_read_is_shown_as_such_and_the_next_session_is_learned_after_it(shelf):
    first, second = session(), session(2)
    await shelf.keep([Kept("r7", "s1", first.ended_ms, b"{}", None, first)], ())
    await put(shelf, body("slope", ["x", 3]))
    assert await shelf.beginning("r7", "s2", second.began_ms) == (None, None)
    assert [one.readable for one in await shelf.versions("r7")] == [False]
    await shelf.learn("r7", "s2", second)
    newest = (await shelf.versions("r7"))[-1]
    assert (newest.readable, newest.personal.version, newest.personal.sessions) == (True, 2, 1)


async def test_a_body_of_another_version_than_its_row_cannot_be_read(shelf):
    first = session()
    await shelf.keep([Kept("r7", "s1", first.ended_ms, b"{}", None, first)], ())
    await put(shelf, body("version", 9))
    await shelf.learn("r7", "s2", session(2))
    assert [one.personal.version for one in await shelf.versions("r7")] == [1, 2]


async def test_after_a_reset_the_next_session_knows_nothing_whatever_the_versions_before_reach_to(shelf):
    ahead = session(3_000)
    await shelf.keep([Kept("r7", "s1", ahead.ended_ms, b"{}", None, ahead)], ())
    new = await shelf.reset("r7", START_MS)
    assert await shelf.beginning("r7", "s2", START_MS + MINUTE_MS) == (None, new)


class Ended:
    """A machine that has observed an hour."""

    def summary(self):
        return session()


def test_a_session_that_ends_ahead_of_the_hosts_clock_teaches_nothing(caplog):
    seat = Seat(RunKey("home", "r7", "s1"), Ended(), Counters())
    hour = session()
    assert seat.summary(hour.ended_ms - MINUTE_MS) == hour
    assert not caplog.records
    ahead = seat.summary(hour.ended_ms - DAY_MS)
    assert ahead == Summary(hour.began_ms, hour.ended_ms, run_s=0.0)
    assert after(ahead) == Personal()
    assert "ahead of this host's clock" in caplog.text
