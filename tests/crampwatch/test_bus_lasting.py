"""A link that ends is replaced, politely and with few words."""

import asyncio
import logging
import random

import pytest

from crampwatch.bus.inbox import Inbox
from crampwatch.bus.lasting import LONGEST_PAUSE_S, LastingBus
from crampwatch.bus.rivalry import CONTESTED_S, GIVE_WAY_S, GOOD_LIFE_S, SHORT_LIVES, Loss, Rivalry
from crampwatch.errors import Misconfigured, Refused, Unavailable
from crampwatch.topics import SYSTEM, Kind, Topic

TELEMETRY = Topic("club", "r7", Kind.TELEMETRY)
STATUS = Topic(SYSTEM, "collector-1", Kind.STATUS)
OTHER_STATUS = Topic("club", "r7", Kind.STATUS, "hrm-1")
FORBIDDEN = Topic("club", "r8", Kind.STATUS)


class FakeLink:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.refuses = False
        self.closed = False
        self._lost: asyncio.Future[Loss] = asyncio.get_running_loop().create_future()

    async def send(self, topic: Topic, payload: bytes) -> None:
        if self.refuses:
            raise Refused("not_authorised", "no")
        self.sent.append(payload)

    async def until_lost(self) -> Loss:
        return await asyncio.shield(self._lost)

    async def close(self) -> None:
        self.closed = True

    def lose(self, reason: str = "the connection was closed", *, taken_over: bool = False) -> None:
        self._lost.set_result(Loss(reason, taken_over))


class Dialler:
    """Answers each dial with the next of its script: an error, or a new link when the script has run out."""

    def __init__(self, *script: Exception) -> None:
        self.script = list(script)
        self.links: list[FakeLink] = []
        self.pauses_s: list[float] = []

    async def __call__(self, _inbox: Inbox) -> FakeLink:
        if self.script:
            raise self.script.pop(0)
        self.links.append(FakeLink())
        return self.links[-1]

    async def pause(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        await asyncio.sleep(0)

    def bus(self, first_within_s: float = 10.0) -> LastingBus:
        return LastingBus("giver", self, first_within_s=first_within_s, sleep=self.pause, rng=random.Random(7))


async def turns(count: int = 30) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def levels(caplog, text: str) -> list[str]:
    return [one.levelname for one in caplog.records if text in one.getMessage()]


async def test_a_lost_link_is_closed_and_replaced_and_publishing_goes_over_the_new_one():
    dial = Dialler()
    bus = dial.bus()
    await bus.open()
    dial.links[0].lose()
    await turns()
    await bus.publish(TELEMETRY, b"again")
    assert dial.links[0].closed
    assert dial.links[1].sent == [b"again"]
    await bus.close()
    assert dial.links[1].closed


async def test_only_retained_words_are_said_again_each_in_its_last_form_and_none_that_was_refused():
    dial = Dialler()
    bus = dial.bus()
    await bus.open()
    await bus.publish(STATUS, b"up")
    await bus.publish(STATUS, b"up, battery 80")
    await bus.publish(TELEMETRY, b"a second of a run")
    await bus.publish(OTHER_STATUS, b"connected")
    await bus.publish(OTHER_STATUS, b"")
    dial.links[0].refuses = True
    with pytest.raises(Refused):
        await bus.publish(FORBIDDEN, b"word")
    dial.links[0].lose()
    await turns()
    assert dial.links[1].sent == [b"up, battery 80"]
    await bus.close()


async def test_while_there_is_no_link_publishing_says_try_later():
    dial = Dialler()
    bus = dial.bus()
    await bus.open()
    dial.script = [Unavailable("still away")] * 10_000
    dial.links[0].lose()
    await turns()
    assert not bus.connected
    with pytest.raises(Unavailable):
        await bus.publish(TELEMETRY, b"lost")
    await bus.close()


async def test_pauses_between_tries_grow_to_a_ceiling_and_are_spread():
    dial = Dialler()
    bus = dial.bus()
    await bus.open()
    dial.script = [Unavailable("away") for _ in range(40)]
    dial.links[0].lose()
    await turns(400)
    assert len(dial.links) == 2
    assert dial.pauses_s[0] < 0.3
    assert max(dial.pauses_s) <= LONGEST_PAUSE_S
    assert min(dial.pauses_s[-20:]) >= LONGEST_PAUSE_S * 0.2
    assert len(set(dial.pauses_s[-20:])) > 10
    await bus.close()


async def test_an_outage_is_one_warning_its_end_one_info_and_the_tries_between_are_details(caplog):
    caplog.set_level(logging.DEBUG)
    dial = Dialler()
    bus = dial.bus()
    await bus.open()
    dial.script = [Unavailable("away")] * 3
    dial.links[0].lose()
    await turns(60)
    assert levels(caplog, "lost the link") == ["WARNING"]
    assert levels(caplog, "no link yet") == ["DEBUG"] * 3
    assert levels(caplog, "linked to the broker again") == ["INFO"]
    await bus.close()


async def test_a_link_that_comes_and_goes_is_named_once_with_the_likely_cause(caplog):
    caplog.set_level(logging.INFO)
    dial = Dialler()
    bus = dial.bus()
    await bus.open()
    for _ in range(SHORT_LIVES + 10):
        dial.links[-1].lose()
        await turns()
    assert levels(caplog, "another client of the same id") == ["WARNING"]
    assert len(caplog.records) == 3  # the first loss, its end, the pattern
    assert all(pause_s < 1 for pause_s in dial.pauses_s[: SHORT_LIVES - 1])
    assert all(GIVE_WAY_S[0] <= pause_s <= GIVE_WAY_S[1] for pause_s in dial.pauses_s[SHORT_LIVES - 1 :])
    assert bus.link.taken_over == 11
    assert bus.link.reconnects == SHORT_LIVES + 10
    assert "collector.id, processor.id" in bus.link.problem
    await bus.close()


async def test_links_that_end_with_a_broker_that_is_away_in_between_are_no_fight_over_an_id():
    dial = Dialler()
    bus = dial.bus()
    await bus.open()
    for _ in range(SHORT_LIVES + 10):
        dial.script = [Unavailable("restarting")]
        dial.links[-1].lose()
        await turns()
    assert bus.link.taken_over == 0
    assert max(dial.pauses_s) <= LONGEST_PAUSE_S
    await bus.close()


async def test_a_link_that_is_away_says_why_and_one_that_is_up_says_nothing():
    dial = Dialler()
    bus = dial.bus()
    await bus.open()
    assert bus.link.problem is None
    dial.script = [Unavailable("nobody answers at mqtt://there")] * 10_000
    dial.links[0].lose()
    await turns()
    assert "nobody answers at mqtt://there" in bus.link.problem
    await bus.close()


def test_a_fight_over_an_id_is_news_again_after_some_quiet_minutes():
    rivalry = Rivalry()
    told = []
    for now_s in (0.0, 30.0, 60.0, 60.0 + CONTESTED_S):
        assert rivalry.ended(Loss("taken", taken_over=True), lived_s=30.0, at_once=True, now_s=now_s)
        told.append(rivalry.news())
    assert told == [True, False, False, True]
    assert rivalry.problem(60.0 + CONTESTED_S) is not None
    assert rivalry.problem(60.0 + 2 * CONTESTED_S) is None


def test_links_that_we_gave_up_because_nobody_answered_are_no_fight_over_an_id():
    rivalry = Rivalry()
    slow = Loss("did not answer a publish within 10 s", by_us=True)
    assert not any(rivalry.ended(slow, lived_s=2.0, at_once=True, now_s=0.0) for _ in range(3 * SHORT_LIVES))


def test_a_good_link_between_short_ones_ends_the_suspicion():
    rivalry = Rivalry()
    lives_s = [1.0] * (SHORT_LIVES - 1) + [GOOD_LIFE_S] + [1.0] * (SHORT_LIVES - 1)
    assert not any(rivalry.ended(Loss("closed"), lived_s=one, at_once=True, now_s=0.0) for one in lives_s)


async def test_a_takeover_that_the_broker_admits_is_told_as_a_fact(caplog):
    dial = Dialler()
    bus = dial.bus()
    await bus.open()
    for _ in range(SHORT_LIVES):
        dial.links[-1].lose("session taken over", taken_over=True)
        await turns()
    assert levels(caplog, "the broker gave the link to another client of the same id") == ["WARNING"]
    assert bus.link.taken_over == SHORT_LIVES
    assert min(dial.pauses_s) >= GIVE_WAY_S[0]
    await bus.close()


async def test_the_first_connection_is_tried_until_its_time_is_up():
    dial = Dialler(*[Unavailable("nobody there")] * 10_000)
    with pytest.raises(Unavailable, match="nobody there"):
        await dial.bus(first_within_s=0.01).open()
    assert dial.pauses_s


async def test_a_setting_that_cannot_work_ends_the_first_connection_at_once():
    dial = Dialler(Misconfigured("mqtt.username", "refused"))
    with pytest.raises(Misconfigured):
        await dial.bus().open()
    assert dial.pauses_s == []


async def test_a_password_changed_under_us_is_one_warning_and_the_link_returns_when_it_is_mended(caplog):
    caplog.set_level(logging.DEBUG)
    dial = Dialler()
    bus = dial.bus()
    await bus.open()
    dial.script = [Misconfigured("mqtt.username", "refused")] * 3
    dial.links[0].lose()
    await turns(60)
    assert levels(caplog, "no link yet") == ["WARNING", "DEBUG", "DEBUG"]
    assert bus.connected
    await bus.close()


class Arrived:
    topic, payload, retained = "t", b"", False

    def __init__(self, qos: int, number: int) -> None:
        self.qos = qos
        self.number = number

    async def ack(self) -> None:
        """Nothing to do here."""


async def test_an_inbox_leaves_out_only_qos_0_and_only_beyond_its_bound():
    inbox = Inbox(unread_qos0=2)
    assert [inbox.put(Arrived(0, n)) for n in range(4)] == [True, True, False, False]
    assert all(inbox.put(Arrived(1, n)) for n in range(4, 8))
    assert inbox.left_out == 2
    read = [await anext(inbox) for _ in range(6)]
    assert [one.number for one in read] == [0, 1, 4, 5, 6, 7]
    assert inbox.put(Arrived(0, 8))
