"""What should stand at the broker stands there: the latest of each topic, again after every doubt."""

import asyncio
import contextlib

from collector.notices import REMIND_S, Notices
from crampwatch.errors import Refused, Unavailable
from crampwatch.topics import Kind, Topic
from tests.support.clocks import ManualClock

ANN, BEA = Topic("home", "ann", Kind.STATUS, "w"), Topic("home", "bea", Kind.STATUS, "w")


class Board:
    """A bus that keeps what is retained."""

    connected = True

    def __init__(self):
        self.standing = {}
        self.said = 0
        self.error = None

    async def publish(self, topic, payload):
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        self.said += 1
        self.standing[topic] = payload


@contextlib.asynccontextmanager
async def saying(notices, board, wall):
    task = asyncio.create_task(notices.run(board))
    await wall.advance(0)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_only_the_latest_of_a_topic_is_said():
    wall, board = ManualClock(0), Board()
    notices = Notices(wall.sleep)
    for text in (b"1", b"2", b"3"):
        notices.post(ANN, text)
    async with saying(notices, board, wall):
        assert (board.standing, board.said) == ({ANN: b"3"}, 1)


async def test_a_word_waits_for_the_link_and_then_everything_is_said():
    wall, board = ManualClock(0), Board()
    notices = Notices(wall.sleep)
    async with saying(notices, board, wall):
        notices.post(ANN, b"up")
        await wall.advance(0)
        board.error, board.standing = Unavailable("down"), {}
        notices.post(BEA, b"up")
        await wall.advance(5)
        assert board.standing == {}
        board.error = None
        await wall.advance(10)
        assert board.standing == {ANN: b"up", BEA: b"up"}


async def test_a_cleared_topic_is_emptied_once_and_not_said_again():
    wall, board = ManualClock(0), Board()
    notices = Notices(wall.sleep)
    notices.post(ANN, b"up")
    async with saying(notices, board, wall):
        notices.post(ANN, None)
        await wall.advance(0)
        assert board.standing == {ANN: b""}
        board.standing.clear()
        await wall.advance(REMIND_S + 1)
        assert board.standing == {}


async def test_a_broker_that_forgot_without_a_sign_is_told_again_within_half_a_minute():
    wall, board = ManualClock(0), Board()
    notices = Notices(wall.sleep)
    notices.post(ANN, b"up")
    async with saying(notices, board, wall):
        board.standing.clear()
        await wall.advance(REMIND_S + 1)
        assert board.standing == {ANN: b"up"}


async def test_a_refused_word_is_given_up_and_the_others_are_said(caplog):
    wall, board = ManualClock(0), Board()
    notices = Notices(wall.sleep)
    async with saying(notices, board, wall):
        board.error = Refused("not_authorised", "may not")
        notices.post(ANN, b"up")
        await wall.advance(0)
        board.error = None
        notices.post(BEA, b"up")
        await wall.advance(0)
        assert board.standing == {BEA: b"up"}
    assert len(caplog.records) == 1
