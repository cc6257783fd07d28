"""A live run of somebody who is known equals its backtest with the same profile and the same answers."""

from dataclasses import replace
from itertools import pairwise

import pytest

from crampwatch.events import Acknowledged, Answer, CheckedIn, FindingKind, HeartRateMeasured
from crampwatch.settings import Athlete as AthleteSettings
from crampwatch.settings import Processor as ProcessorSettings
from crampwatch.settings import Settings
from crampwatch.topics import Kind, Topic
from crampwatch.units import Level
from processor.athlete import Athlete
from processor.backtest import backtest
from processor.hearing import asked_of
from processor.labels import CRAMP, PAUSE, Label, stored_label
from processor.profile import Profile, profile_of
from processor.shelf import Kept, Shelf
from processor.telling import Telling
from tests.processor.beating import wander
from tests.processor.desk import RUN, FickleStore, rows
from tests.processor.test_personal import after, at_score, session
from tests.support.brokers import until
from tests.support.clocks import START_MS
from tests.support.stories import Story

ACK = Topic("home", "r7", Kind.ACK)
CHECKIN = Topic("home", "r7", Kind.CHECKIN)

RUNNER = AthleteSettings(id="r7", sensitivity="high", cramped_12_months=True, cramps_ever=4)
#: Five runs of the week before: even ones, the last of them hard, all shorter than the one that comes.
LESSONS = [
    session(day, minutes=20, slope=9.0, sigma_spm=2.4, early_mps=2.6, hard=day == -1, scores=at_score(0, 1_200.0))
    for day in (-6, -5, -4, -3, -1)
]
#: Of the rows of half a minute: after these the runner answers a warning with a pause, and says that it was a cramp.
PAUSED, CRAMPED = 46, 68
SAID = {
    PAUSED: (
        ACK,
        PAUSE,
        lambda at_ms: Acknowledged(alert_id="r7/s1/pattern/1", at_ms=at_ms, by="runner", answer=Answer.PAUSE),
    ),
    CRAMPED: (CHECKIN, CRAMP, lambda at_ms: CheckedIn(at_ms=at_ms, what="cramp")),
}
#: What the settings and the lessons make of the runner.
PROFILE = profile_of(asked_of(Settings(athletes=(RUNNER,)))["r7"], after(*LESSONS), START_MS)


def with_beats(samples):
    """The same heart rate from a strap that also tells its beats."""
    beats = wander(3, 8_000, mean_ms=400.0)
    found, beat, told_ms = [], 0, START_MS
    for one in samples:
        if isinstance(one, HeartRateMeasured):
            rr_ms = []
            while told_ms + beats[beat] <= one.at_ms:
                told_ms += beats[beat]
                rr_ms.append(beats[beat])
                beat += 1
            one = one.model_copy(update={"rr_ms": tuple(map(float, rr_ms))})  # noqa: PLW2901
        found.append(one)
    return found


@pytest.fixture(scope="module")
def run():
    """Some 40 minutes in which the legs falter twice, the second time until they stand."""
    story = Story().running(1_300).hitching(6).running(400, mps=3.2).hitching(5, depth=0.13)
    return with_beats(story.standing(40).running(300).samples)


def told_in(outcomes):
    """Findings and assessments, in order."""
    every = list(outcomes)
    return [one for each in every for one in each.findings], [one for each in every for one in each.assessments]


@pytest.fixture(scope="module")
def backtested(run):
    """The run of this runner, during which nobody says anything."""
    return list(backtest("r7", "s1", run, profile=PROFILE))


def in_order(findings):
    return sorted(findings, key=lambda one: (one.at_ms, one.id))


def published(assessments):
    """Those that one life of the processor tells."""
    telling = Telling()
    return [one for one in assessments if telling.tells(one)]


def settings_of(desk, every_s=30.0):
    processor = ProcessorSettings(snapshot_every_s=every_s)
    return Settings(state_dir=desk.settings.state_dir, athletes=(RUNNER,), processor=processor)


class Ledger(FickleStore):
    """A store that also lists the findings and assessments that it was given: no reader returns the latter whole."""

    def __init__(self, store):
        super().__init__(store)
        self.findings_given, self.assessments_given = [], []

    async def record(self, batches):
        await super().record(batches)
        for one in batches:
            self.findings_given += one.findings
            self.assessments_given += one.assessments


@pytest.fixture
async def known(desk):
    """A desk whose settings and shelf know the runner."""
    desk.settings = settings_of(desk)
    desk.store = Ledger(desk.store)
    shelf = await Shelf(desk.settings.state_dir).open()
    lessons = [Kept("r7", f"before{number}", one.ended_ms, b"{}", None, one) for number, one in enumerate(LESSONS)]
    await shelf.keep(lessons, ())
    await shelf.close()
    return desk


async def profile_on_shelf(desk):
    shelf = await Shelf(desk.settings.state_dir).open()
    began, _ = await shelf.beginning("r7", "s1", START_MS)
    await shelf.close()
    return began


async def spoil_snapshot(desk):
    """Leave one that cannot be read, so that the next life makes the machine anew."""
    shelf = await Shelf(desk.settings.state_dir).open()
    await shelf.keep([Kept("r7", "s1", START_MS + 1, b"unreadable")], ())
    await shelf.close()


async def life(desk, messages, first, last):
    """One life of the processor with the rows from first to last, and with what the runner says after two of them."""
    async with desk.processing():
        for number in range(first, last + 1):
            await desk.send(messages[number])
            if number in SAID:
                await desk.marked(number)
                topic, what, message = SAID[number]
                await desk.send(message(messages[number].samples[-1].at_ms), topic=topic)
                await until(lambda: desk.counters.value("labels", what) == 1)  # noqa: B023
        await desk.marked(last)
        assert desk.counters.value("failed") == 0


class TestALiveRunOfSomebodyWhoIsKnown:
    @pytest.mark.parametrize(
        ("restarted", "every_s", "spoiled"),
        [
            pytest.param(None, 30.0, False, id="without a restart"),
            pytest.param(PAUSED, 30.0, False, id="while an answer waits for its second"),
            pytest.param(PAUSED + 2, 30.0, False, id="while a pattern lasts"),
            pytest.param(CRAMPED + 2, 3_600.0, False, id="with a snapshot from before both answers"),
            pytest.param(CRAMPED + 2, 30.0, True, id="with a snapshot that cannot be read"),
        ],
    )
    async def test_equals_its_backtest_with_the_profile_on_the_shelf(self, known, run, restarted, every_s, spoiled):
        desk, messages, given_before = known, rows(run), 0
        desk.settings = settings_of(desk, every_s)
        async with desk.listening():
            if restarted is not None:
                await life(desk, messages, 0, restarted)
                given_before = len(desk.store.assessments_given)
                if spoiled:
                    await spoil_snapshot(desk)
            await life(desk, messages, 0 if restarted is None else restarted + 1, len(messages) - 1)
            # Its last word, after all others.
            lives = 1 if restarted is None else 2
            await until(lambda: [one.state for one in desk.told(Kind.STATUS)].count("down") == lives)
        stored = list(await desk.store.findings(RUN))
        profile = await profile_on_shelf(desk)
        labels = [label for label in map(stored_label, stored) if label is not None]
        findings, assessments = told_in(backtest("r7", "s1", run, profile=profile, labels=labels))

        assert profile == PROFILE
        assert [one.what for one in labels] == [PAUSE, CRAMP]
        assert desk.counters.value("snapshots_unread") == int(spoiled)
        assert stored == in_order(findings)
        assert desk.store.findings_given == findings
        assert desk.store.assessments_given == assessments
        # What was found shortly before a restart is told again, as it was.
        assert in_order({one.id: one for one in desk.findings}.values()) == stored
        assert all(one in stored for one in desk.findings)
        assert desk.told(Kind.ASSESSMENT) == [
            *published(assessments[:given_before]),
            *published(assessments[given_before:]),
        ]

    def test_is_another_one_than_of_somebody_unknown(self, run, backtested):
        every = [told_in(outcomes)[0] for outcomes in (backtested, backtest("r7", "s1", run))]
        known, other = ([one for one in findings if one.kind is FindingKind.PATTERN] for findings in every)
        assert known[0].at_ms < other[0].at_ms
        told = {Level.WARNING, Level.IMMINENT}
        first, later = (next(one.at_ms for one in findings if one.level in told) for findings in (known, other))
        assert first < later

    @pytest.mark.parametrize("name", ["prior", "sensitivity", "threshold_scale", "usual"])
    def test_would_be_another_one_if_any_part_of_the_profile_were_lost(self, run, backtested, name):
        less = replace(PROFILE, **{name: getattr(Profile(), name)})
        assert told_in(backtest("r7", "s1", run, less)) != told_in(backtested)

    def test_has_beats_that_say_something(self, backtested):
        views = [view for outcome in backtested for view in outcome.views]
        assert sum(view.alpha1 is not None for view in views) > 1_800
        assert any(view.alpha1_gap is not None for view in views)

    def test_goes_on_with_its_profile_when_its_machine_is_restored(self, run):
        labels = [Label(START_MS + 1_380_000, PAUSE), Label(START_MS + 2_060_000, CRAMP)]
        whole = told_in(backtest("r7", "s1", run, profile=PROFILE, labels=labels))
        machine = Athlete("r7", "s1", PROFILE)
        for label in labels:
            machine.tell(label)
        outcomes = []
        for from_s, until_s in pairwise((0, 5, 1_380, 1_420, 2_061, len(run))):
            first_ms, end_ms = START_MS + from_s * 1_000, START_MS + until_s * 1_000
            outcomes.append(machine.observe(one for one in run if first_ms <= one.at_ms < end_ms))
            machine = Athlete.restore(machine.snapshot())
            assert machine.profile == PROFILE
        assert told_in([*outcomes, machine.flush()]) == whole
