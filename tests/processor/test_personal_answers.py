"""What a person answers takes effect in the newest session, and in what is learned from it."""

import json

import pytest

from crampwatch.errors import Unavailable
from crampwatch.events import Acknowledged, Answer, CheckedIn, FindingKind
from crampwatch.metrics import Counters
from crampwatch.topics import Kind, Topic
from crampwatch.units import HOUR_MS
from processor.athlete import Athlete
from processor.backtest import backtest
from processor.context.answers import Answers
from processor.labels import CRAMP, PAUSE, Label
from processor.seat import Seat
from processor.shelf import Shelf
from tests.processor.desk import RUN, rows, story
from tests.processor.lives import NEXT_MS, OTHER, calm, run_on_a_day, shelf_of
from tests.support.brokers import until
from tests.support.clocks import START_MS
from tests.support.stories import Story

ACK = Topic("home", "r7", Kind.ACK)
CHECKIN = Topic("home", "r7", Kind.CHECKIN)


def labelled(desk):
    return [one for one in desk.findings if one.kind is FindingKind.LABEL]


def machine_of(desk, session="s1"):
    return desk.processor._roster._seats["r7", session].machine


def cramp_of(machine):
    """When a cramp last took effect in a machine; None: never."""
    (answers,) = [one for one in machine._detectors if isinstance(one, Answers)]
    return answers.snapshot().cramp_ms


class TestAnAnswer:
    async def test_takes_effect_in_the_newest_session_and_is_told_and_stored(self, desk):
        messages = rows(story())
        half = len(messages) // 2
        async with desk.listening(), desk.processing():
            await desk.send(*messages[:half])
            await desk.marked(half - 1)
            said = CheckedIn(at_ms=messages[half - 1].samples[-1].at_ms, what="cramp")
            await desk.send(said, topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "cramp") == 1)
            await desk.send(*messages[half:])
            await desk.marked(len(messages) - 1)
            assert cramp_of(machine_of(desk)) is not None
        (finding,) = labelled(desk)
        assert 0 <= finding.at_ms - said.at_ms <= 1_000
        assert finding in await desk.store.findings(RUN)
        expected = findings_of(story(), Label(finding.at_ms, CRAMP))
        assert await desk.store.findings(RUN) == sorted(expected, key=lambda one: (one.at_ms, one.id))

    @pytest.mark.parametrize("hours", [0, 3], ids=["before the session is over", "when it was learned from"])
    async def test_that_nothing_happened_confirms_the_run_whose_last_second_is_over(self, desk, hours):
        messages = rows(calm())
        ended_ms = messages[-1].samples[-1].at_ms
        async with desk.processing():
            await desk.send(*messages)
            await desk.marked(len(messages) - 1)
            await desk.clock.advance(720 + hours * 3_600)
            await desk.send(*rows(Story().running(2).samples, session="s9", spool="other"), topic=OTHER)
            await until(lambda: (("r7", "s1") in desk.processor._roster._seats) == (hours == 0))
            await desk.send(CheckedIn(at_ms=ended_ms + hours * HOUR_MS, what="uneventful"), topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "uneventful") == 1)
            await until(lambda: all(one.kept_at_ms for one in desk.processor._roster._seats.values()))
        await run_on_a_day(desk, 2)
        async with shelf_of(desk.settings.state_dir) as shelf:
            found = [one.personal for one in await shelf.versions("r7")]
        assert [(one.sessions, one.uneventful, one.confirmed) for one in found] == (
            [(1, 1, 1)] if hours == 0 else [(1, 1, 0), (1, 1, 1)]
        )

    def test_of_before_a_step_back_of_the_clock_counts_once_when_its_session_is_brought_back(self):
        samples = Story().running(300).samples
        half, late = len(samples) // 2, len(samples) * 3 // 4
        samples[half:] = [one.model_copy(update={"at_ms": one.at_ms - 100_000}) for one in samples[half:]]
        live = Seat(RUN, Athlete("r7", "s1"), Counters())
        said = []
        for part, what in ((samples[:half], CRAMP), (samples[half:late], PAUSE)):
            live.observe(part)
            said.append(live.moment_of(Label(live.machine.last_ms + 1_000, what)))
            live.tell(said[-1])
        again = Seat(RUN, Athlete.restore(live.machine.snapshot()), Counters())
        again.tell_kept(said)
        found = live.observe(samples[late:]).findings
        assert again.observe(samples[late:]).findings == found
        assert [one.evidence for one in found if one.kind is FindingKind.LABEL] == [{PAUSE: 1.0}]
        assert again.machine.snapshot() == live.machine.snapshot()

    @pytest.mark.parametrize("taken", [0, 1])
    async def test_is_there_after_a_restart_whether_it_had_taken_effect_or_not(self, desk, taken):
        messages = rows(story())
        half = len(messages) // 2
        async with desk.listening():
            async with desk.processing():
                await desk.send(*messages[:half])
                await desk.marked(half - 1)
                await desk.send(CheckedIn(at_ms=messages[half - 1].samples[-1].at_ms, what="cramp"), topic=CHECKIN)
                await until(lambda: desk.counters.value("labels", "cramp") == 1)
                await desk.send(*messages[half : half + taken])
                await desk.marked(half - 1 + taken)
            async with desk.processing():
                await desk.send(*messages[half + taken :])
                await desk.marked(len(messages) - 1)
                assert cramp_of(machine_of(desk)) is not None
                rebuilt = json.loads(machine_of(desk).snapshot())
        (finding,) = {one.id: one for one in labelled(desk)}.values()
        live = Athlete("r7", "s1")
        live.tell(Label(finding.at_ms, CRAMP))
        live.observe(story())
        assert rebuilt == json.loads(live.snapshot())

    async def test_comes_back_from_the_store_when_the_shelf_is_lost(self, desk):
        messages = rows(story())
        async with desk.listening(), desk.processing():
            await desk.send(*messages[:3])
            await desk.marked(2)
            await desk.send(CheckedIn(at_ms=messages[2].samples[-1].at_ms, what="cramp"), topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "cramp") == 1)
            await desk.send(*messages[3:-1])
            await desk.marked(len(messages) - 2)
            live = machine_of(desk)
        for path in desk.settings.state_dir.glob("processor.db*"):
            path.unlink()
        async with desk.processing():
            await desk.send(messages[-1])
            await desk.marked(len(messages) - 1)
            live.observe(messages[-1].samples)
            assert machine_of(desk).snapshot() == live.snapshot()

    async def test_survives_the_mending_of_its_session(self, desk):
        messages = rows(story())
        hidden = messages[3]
        async with desk.listening(), desk.processing():
            await desk.send(*messages[:3], *messages[4:6])
            await until(lambda: desk.counters.value("messages") == 5)
            await desk.send(CheckedIn(at_ms=messages[5].samples[-1].at_ms, what="cramp"), topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "cramp") == 1)
            await desk.send(*messages[6:8])
            await until(lambda: bool(labelled(desk)))
            await desk.send(hidden, topic=Topic("home", "r7", Kind.BACKLOG))
            await until(lambda: desk.counters.value("mended") == 1)
            await desk.send(*messages[8:])
            await desk.marked(len(messages) - 1)
            mended = machine_of(desk).snapshot()
        (finding,) = labelled(desk)
        live = Athlete("r7", "s1")
        live.tell(Label(finding.at_ms, CRAMP))
        live.observe(story())
        assert mended == live.snapshot()

    async def test_that_comes_twice_counts_once(self, desk):
        messages = rows(story())
        answer = Acknowledged(
            alert_id="r7/s1/pattern/1", at_ms=messages[2].samples[-1].at_ms, by="runner", answer=Answer.PAUSE
        )
        async with desk.listening(), desk.processing():
            await desk.send(*messages[:3])
            await desk.marked(2)
            await desk.send(answer, answer, topic=ACK)
            await until(lambda: desk.counters.value("labels", "pause") == 1)
            await desk.send(*messages[3:5])
            await desk.send(answer, topic=ACK)
            await desk.send(*messages[5:])
            await desk.marked(len(messages) - 1)
        assert len(labelled(desk)) == 1

    async def test_dated_by_a_clock_far_off_counts_from_now(self, desk):
        messages = rows(story())
        async with desk.listening(), desk.processing():
            await desk.send(*messages[:3])
            await desk.marked(2)
            await desk.send(CheckedIn(at_ms=START_MS + 400 * NEXT_MS, what="cramp"), topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "cramp") == 1)
            await desk.send(*messages[3:])
            await desk.marked(len(messages) - 1)
        (finding,) = labelled(desk)
        assert 0 <= finding.at_ms - messages[2].samples[-1].at_ms < 2_000

    async def test_that_somebody_has_seen_an_alert_is_none(self, desk):
        async with desk.processing():
            await desk.send(*rows(Story().running(30).samples))
            await desk.marked(0)
            await desk.send(Acknowledged(alert_id="a", at_ms=START_MS, by="coach"), topic=ACK)
            await desk.send(*rows(Story().running(60).samples, first=1))
            await desk.marked(2)
        assert desk.counters.value("labels") == 0

    async def test_of_somebody_who_does_not_run_is_counted_and_stops_nobody(self, desk):
        async with desk.processing():
            await desk.send(CheckedIn(at_ms=START_MS, what="cramp"), topic=Topic("home", "r8", Kind.CHECKIN))
            await desk.send(b"poison", topic=CHECKIN)
            await desk.send(*rows(Story().running(30).samples))
            await desk.marked(0)
        assert desk.counters.value("labels", "no_session") == 1
        assert desk.counters.value("refused", "not_json") == 1

    async def test_waits_for_a_shelf_that_is_away(self, desk, monkeypatch):
        say = Shelf.say
        tries = []

        async def fickle(shelf, *said):
            tries.append(said)
            if len(tries) < 3:
                raise Unavailable("the disk is full")
            return await say(shelf, *said)

        monkeypatch.setattr(Shelf, "say", fickle)
        async with desk.processing():
            await desk.send(*rows(Story().running(30).samples))
            await desk.marked(0)
            await desk.send(CheckedIn(at_ms=START_MS, what="cramp"), topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "cramp") == 1)
        assert len(tries) == 3


def findings_of(samples, *labels):
    return [one for outcome in backtest("r7", "s1", samples, labels=labels) for one in outcome.findings]
