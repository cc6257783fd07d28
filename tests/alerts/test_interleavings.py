"""Whatever is said, said again, waited for or crashed in between: what people feel and what is kept stays right."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crampwatch.events import AlertState, Answer, FindingKind
from crampwatch.topics import Kind
from crampwatch.units import Level
from tests.alerts.builders import answer, check_in, finding
from tests.alerts.ward import Fuse, ward_in

LEVELS = st.sampled_from([Level.OK, Level.WATCH, Level.WARNING, Level.IMMINENT])
STEPS = st.one_of(
    st.tuples(st.just("find"), LEVELS, st.booleans()),
    st.tuples(st.just("stop"), st.booleans()),
    st.tuples(st.just("resume")),
    st.tuples(st.just("again"), st.integers(0, 9)),
    st.tuples(st.just("answer"), st.sampled_from(Answer), st.sampled_from(["runner", "coach"])),
    st.tuples(st.just("check in"), st.sampled_from(["cramp", "eased"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 40, 70, 400, 2_000])),
    st.tuples(st.just("settle")),
)
#: After so many steps of its own each life ends; the last one is whole.
LIVES = st.lists(st.integers(1, 30), max_size=4)


class Told:
    """Everything said so far, to be said again, and how many different facts that are."""

    def __init__(self, ward):
        self.ward, self.said, self.names = ward, [], set()
        self.late = set()

    async def tell(self, kind, message):
        """A new fact: no two of them are of one moment."""
        self.names.add((kind, message.model_dump_json()))
        self.said.append((kind, message))
        await self.ward.world.say(kind, message)

    async def take(self, step):
        world, what = self.ward.world, step[0]
        at_ms = world.clock.now_ms()
        if what == "find":
            name = f"f{len(self.said)}"
            self.late |= {name} if step[2] else set()
            await self.tell(Kind.FINDING, finding(level=step[1], name=name, late=step[2], at_ms=at_ms))
        elif what == "stop":
            name = f"s{len(self.said)}"
            self.late |= {name} if step[1] else set()
            stop = finding(FindingKind.CRAMP_STOP, Level.NOW, name=name, late=step[1], at_ms=at_ms)
            await self.tell(Kind.FINDING, stop)
        elif what == "resume":
            on = finding(FindingKind.RESUMED, Level.OK, name=f"r{len(self.said)}", at_ms=at_ms)
            await self.tell(Kind.FINDING, on)
        elif what == "again" and self.said:
            await world.say(*self.said[step[1] % len(self.said)])
        elif what == "answer" and (findings := [one for kind, one in self.said if kind is Kind.FINDING]):
            await self.tell(Kind.ACK, answer(findings[-1].id, step[1], step[2], at_ms))
        elif what == "check in":
            await self.tell(Kind.CHECKIN, check_in(step[1], at_ms))
        elif what == "wait":
            await world.clock.advance(step[1])
        elif what == "settle":
            await self.settle()

    async def settle(self):
        await self.ward.settled(len(self.names), step_s=2.0, within_s=40.0)


def check(ward, told):
    world, decided = ward.world, ward.decided()
    assert len(decided) == len(told.names)
    felt = [one.alert.id for one in ward.phone.felt]
    assert len(felt) == len(set(felt)), "a phone buzzed twice"
    assert told.late.isdisjoint([*felt, *(one.alert_id for one in world.deliveries)]), "backlog was pushed"
    pushes = {name: ward.pushes(name) for name in ("phone", "tray", "mqtt")}
    for name, states in pushes.items():
        assert {"pending", "trying"}.isdisjoint(states.values()), name
    taken = {alert for alert, state in pushes["phone"].items() if state == "taken"}
    unknown = {alert for alert, state in pushes["phone"].items() if state == "unknown"}
    assert taken <= set(felt) <= taken | unknown, "the journal does not know what was felt"
    check_each_alert(ward, pushes)


def check_each_alert(ward, pushes):
    kept = ward.kept_states()
    rows = ward.world.journal("SELECT id, audible, open, json_extract(body, '$.state') FROM alert")
    none = ward.world.journal("SELECT id FROM alert WHERE json_extract(body, '$.session') = 'none'")
    homeless = {name for (name,) in none}  # raised while no run was known: shown, and belongs to no run
    for name, audible, _, state in rows:
        assert name in homeless or kept[name] == state, "the store ends with another state"
        ends = {channel: pushes[channel].get(name) for channel in pushes}
        if audible:
            reached = "taken" in {ends["phone"], ends["mqtt"]}
            given_up = set(ends.values()) <= {"too_late", "moot", "unknown", "taken", "refused"}
            assert reached or given_up, (name, ends)
            assert reached or state != "delivered", (name, ends)
        else:
            assert (ends["phone"], ends["mqtt"]) == (None, None), "a quiet alert was pushed"
    assert set(kept) == {row[0] for row in rows} - homeless
    # A closed state that a crash left there shows a page nothing: it is over, and the broker forgets it in a day.
    shown = {(name, state) for name, state in ward.retained() if AlertState(state).open}
    assert shown == {(name, state) for name, _, still, state in rows if still}
    states = [(one.id, one.updated_at_ms) for one in ward.world.states]
    for name in kept:
        last = [at_ms for one, at_ms in states if one == name]
        assert last[-1] == max(last), "a page was told an older state last"


@given(steps=st.lists(STEPS, min_size=3, max_size=14), lives=LIVES)
@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],  # a failure is told as it came: each life is long, and there are thousands to shrink it
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_interleaving_of_facts_repeats_waits_and_crashes_ends_right(steps, lives):
    async def live(folder):
        async with ward_in(Path(folder), *(Fuse(at) for at in lives)) as ward:
            told = Told(ward)
            for step in steps:
                await told.take(step)
                # A finding and what follows are of different moments: facts are named by theirs.
                await ward.world.clock.advance(0.001)
            await told.settle()
            check(ward, told)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(folder))
