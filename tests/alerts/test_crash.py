"""The alerter may die between any two steps: nobody feels a push twice, and none that is in time is lost."""

import pytest

from crampwatch.errors import Unavailable
from crampwatch.events import Answer, FindingKind, SensorState
from crampwatch.topics import Kind
from crampwatch.units import Level
from tests.alerts.builders import answer, check_in, finding
from tests.alerts.ward import Fuse, ward_in
from tests.alerts.world import TEAM

# --- stories: what is said around the alerter, whatever becomes of it meanwhile -----------------------------------


async def rising(ward):
    """A warning, stronger signs, and their end."""
    world = ward.world
    await world.find(finding(name="warning"))
    await ward.settled(1)
    await world.find(finding(name="strong", level=Level.IMMINENT))
    await ward.settled(2)
    await world.find(finding(name="over", level=Level.OK))
    await ward.settled(3)


async def asked_and_answered(ward):
    """A warning and a sudden stop that is a cramp, then eases; the runner runs again."""
    world = ward.world
    await world.find(finding(name="warning"))
    await world.find(finding(FindingKind.CRAMP_STOP, Level.NOW, name="stop"))
    await ward.settled(2)
    await world.say(Kind.ACK, answer("stop", Answer.CRAMP))
    await world.say(Kind.CHECKIN, check_in("eased"))
    await world.find(finding(FindingKind.RESUMED, Level.OK, name="on"))
    await ward.settled(5)


async def helped_unasked(ward):
    """A runner says "cramp"; a coach has seen it."""
    world = ward.world
    await world.find(finding(FindingKind.HITCH, Level.OK, name="a run is on"))
    await world.say(Kind.CHECKIN, check_in())
    await ward.settled(2)
    (name,) = ward.pushes("phone")
    await world.say(Kind.ACK, answer(name, by="coach"))
    await ward.settled(3)


async def told_again(ward):
    """A broker tells everything twice, before and after it was decided; an answer quiets the next finding."""
    world = ward.world
    await world.find(warning := finding(name="warning"))
    await world.find(warning)
    await ward.settled(1)
    await world.find(warning)
    await world.say(Kind.ACK, seen := answer("warning"))
    await world.say(Kind.ACK, seen)
    await world.find(finding(name="quieted"))
    await world.find(warning)
    await ward.settled(3)


async def blind_and_not(ward):
    """A strap is lost in the run for longer than patience, and found."""
    world = ward.world
    await world.find(finding(FindingKind.HITCH, Level.OK, name="a run is on"))
    await world.sensor(SensorState.CONNECTED)
    await ward.settled(1)
    await world.clock.advance(1)
    await world.sensor(SensorState.LOST)
    await ward.until(lambda: "fault" in {one.kind for one in world.states}, step_s=5.0)
    await ward.settled(1)
    await world.sensor(SensorState.CONNECTED)
    await ward.until(lambda: "fault" in world.cleared, step_s=5.0)
    await ward.settled(1)


async def never_answered(ward):
    """A question that stands for five minutes and runs out."""
    await ward.world.find(finding(FindingKind.CRAMP_STOP, Level.NOW, name="stop"))
    await ward.settled(1)
    await ward.world.clock.advance(295)
    await ward.until(lambda: "cramp" in ward.world.cleared, step_s=5.0)
    await ward.settled(1)


async def nobody_there(ward):
    """No channel takes anything until the deadline: it is given up, and said so."""
    world, everywhere = ward.world, f"crampwatch/v1/{TEAM}/+/delivery"
    ward.phone.away = ward.tray.away = True
    with world.broker.refusing(Unavailable("no network"), matching=everywhere):
        await world.find(finding(name="warning"))
        await ward.until(lambda: len(world.reasons) >= 1)
        await ward.until(lambda: "pattern" in world.cleared, step_s=15.0)
    await ward.settled(1, step_s=15.0)


async def store_away(ward):
    """The store takes nothing for a while."""
    ward.world.store.away = True
    await ward.world.find(finding(name="warning"))
    await ward.until(lambda: ward.world.counters.value("outlet_failed", "recorded") and ward.world.deliveries)
    ward.world.store.away = False
    await ward.settled(1, step_s=2.0)


async def broker_away(ward):
    """The broker takes no push for a moment within the deadline."""
    world, everywhere = ward.world, f"crampwatch/v1/{TEAM}/+/delivery"
    with world.broker.refusing(Unavailable("away"), matching=everywhere):
        await world.find(finding(name="warning"))
        await ward.until(lambda: world.counters.value("push_failed", "mqtt"))
    await ward.settled(1, step_s=2.0, within_s=30)


STORIES = [
    rising,
    asked_and_answered,
    helped_unasked,
    told_again,
    blind_and_not,
    never_answered,
    nobody_there,
    store_away,
    broker_away,
]


class End:
    """What can be known when a story is over."""

    def __init__(self, ward):
        world = ward.world
        self.decided = ward.decided()
        self.felt = {name: [one.alert.id for one in getattr(ward, name).felt] for name in ("phone", "tray")}
        self.felt["mqtt"] = [one.alert_id for one in world.deliveries]
        self.kept, self.retained = ward.kept_states(), ward.retained()
        self.pushes = {name: ward.pushes(name) for name in self.felt}
        self.deaths = ward.deaths

    def is_as(self, whole, where):
        assert self.decided == whole.decided, where
        assert self.kept == whole.kept, where
        assert self.retained == whole.retained, where
        for name, felt in self.felt.items():
            assert set(felt) <= set(whole.felt[name]), (where, name)
        assert len(self.felt["phone"]) == len(set(self.felt["phone"])), where
        # What knows a push by its id is told of each; what does not may miss those that a crash cut off, and no other.
        for name in ("tray", "mqtt"):
            assert set(self.felt[name]) == set(whole.felt[name]), (where, name)
        missed = set(whole.felt["phone"]) - set(self.felt["phone"])
        assert missed <= {alert for alert, state in self.pushes["phone"].items() if state == "unknown"}, where
        assert {"pending", "trying"}.isdisjoint(state for one in self.pushes.values() for state in one.values()), where


async def end_of(story, folder, *fuses):
    async with ward_in(folder, *fuses) as ward:
        await story(ward)
        return End(ward)


async def whole(story, folder):
    fuse = Fuse()
    end = await end_of(story, folder / "whole", fuse)
    assert end.deaths == 0
    return end, len(fuse.steps)


@pytest.mark.timeout(600)  # a life for each step: seconds alone, minutes on a machine that has other things to do
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_a_crash_between_any_two_steps_repeats_nothing_that_is_felt_and_loses_nothing(tmp_path, story):
    undisturbed, steps = await whole(story, tmp_path)
    assert undisturbed.decided
    deaths = 0
    for number in range(1, steps + 1):
        fuse = Fuse(number)
        end = await end_of(story, tmp_path / str(number), fuse)
        end.is_as(undisturbed, f"step {number} of {steps}: {fuse.steps[-1:]}")
        deaths += end.deaths
    # The last steps race with the end of the story, which may come first.
    assert deaths >= steps * 0.5


@pytest.mark.timeout(600)  # a life for each step: seconds alone, minutes on a machine that has other things to do
@pytest.mark.parametrize("story", [rising, asked_and_answered, broker_away], ids=lambda story: story.__name__)
async def test_a_crash_while_it_recovers_from_a_crash_changes_nothing_either(tmp_path, story):
    undisturbed, steps = await whole(story, tmp_path)
    for first in range(2, steps, 9):
        # It recovers in its first steps; then it takes up what the other life left.
        for second in (1, 2, 4, 7):
            fuses = Fuse(first), Fuse(second), Fuse(1)
            end = await end_of(story, tmp_path / f"{first}-{second}", *fuses)
            end.is_as(undisturbed, f"steps {first}, then {second}, then 1: {[one.steps[-1:] for one in fuses]}")
