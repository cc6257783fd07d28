"""Pure: what ``crampwatch status`` says of a house, from what was heard on its broker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crampwatch.events import Alert, AlertKind, Message, ServiceStatus, Telemetry
from crampwatch.roll import Entry, RollCall, Standing, missed
from crampwatch.topics import SYSTEM, Topic
from crampwatch.units import SECOND_MS

#: Kinds of services without which a runner is not watched.
NEEDED = ("collector", "processor", "alerter")
#: Two clocks of a house that differ by more than this are told: times of a run would not fit together.
SKEW_MS = 30 * SECOND_MS
#: One that is this far from our own clock has another pace (a demo) or another time; ages are then told by it.
ANOTHER_TIME_MS = 60 * SECOND_MS


@dataclass(frozen=True, slots=True)
class Newest:
    """How old an athlete's newest reading is; None: nothing came while we listened."""

    athlete: str
    age_s: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """A house at a moment.

    Attributes:
        broker: which one was asked.
        services: everybody who ever spoke there.
        athletes: the settings' and whoever was heard.
        faults: open alerts about our own blindness.
        problems: everything that is not well, a line each; empty: all is well.
    """

    broker: str
    services: Sequence[Entry]
    athletes: Sequence[Newest]
    faults: Sequence[str]
    problems: Sequence[str]

    @property
    def well(self) -> bool:
        """Whether nobody needs to look."""
        return not self.problems


class Ear:
    """Hears a house and sums it up.

    Args:
        kinds: what kind the settings' own instances are.
        athletes: display names of the settings' athletes.
    """

    def __init__(self, kinds: Mapping[str, str], athletes: Mapping[str, str]) -> None:
        self._roll = RollCall(kinds)
        self._names = dict(athletes)
        self._newest_ms: dict[str, int] = dict.fromkeys(athletes, -1)
        self._faults: dict[tuple[str, str], str] = {}

    def heard(self, topic: Topic, message: Message | None, now_ms: int, *, retained: bool) -> None:
        """Take a message; None: a retained one was cleared."""
        slot = (topic.athlete, topic.device or "")
        match message:
            case ServiceStatus():
                self._roll.heard(topic.athlete, message, now_ms, 0.0, retained=retained)
            case None if topic.team == SYSTEM and topic.device is None:
                self._roll.heard(topic.athlete, None, now_ms, 0.0, retained=retained)
            case Telemetry() if not retained:
                newest_ms = max(sample.at_ms for sample in message.samples)
                self._newest_ms[topic.athlete] = max(newest_ms, self._newest_ms.get(topic.athlete, -1))
            case Alert() if message.kind is AlertKind.FAULT and message.state.open:
                self._faults[slot] = f"{self._name(topic.athlete)}: {message.title}"
            case Alert() | None:
                self._faults.pop(slot, None)

    def report(self, broker: str, now_ms: int) -> Report:
        """What is known at a moment. What the broker had kept counts as old as it is dated."""
        services = self._roll.entries(now_ms, float("inf"))
        house_ms = now_ms + _offset_ms(services)
        ages = [
            Newest(self._name(who), None if at_ms < 0 else max(0, house_ms - at_ms) / SECOND_MS)
            for who, at_ms in sorted(self._newest_ms.items())
        ]
        faults = tuple(self._faults[slot] for slot in sorted(self._faults))
        problems = (*_missing(services), *_ill(services), *_skewed(services), *faults)
        return Report(broker, services, ages, faults, problems)

    def _name(self, athlete: str) -> str:
        return self._names.get(athlete, athlete)


def _offset_ms(services: Sequence[Entry]) -> int:
    """How far the house's time is from ours, where it is another time; a house may run at another pace."""
    skews = sorted(one.skew_ms for one in services if one.skew_ms is not None)
    middle = skews[len(skews) // 2] if skews else 0
    return middle if abs(middle) > ANOTHER_TIME_MS else 0


def _missing(services: Sequence[Entry]) -> list[str]:
    there = {one.kind for one in services}
    if not services:
        return ["no service has ever spoken on this broker: start one, such as `crampwatch run`"]
    return [f"no {kind} has ever spoken on this broker" for kind in NEEDED if kind not in there]


def _ill(services: Sequence[Entry]) -> list[str]:
    """Who is away, then who is there and not well."""
    lines = [
        f"{one.id} is down"
        if one.standing is Standing.DOWN
        else f"{one.id} said that it is up, and nothing for {one.quiet_s} s since"
        for one in missed(services)
    ]
    ill = (one for one in services if one.standing is Standing.TROUBLE)
    return lines + [f"{one.id}: {one.problem or 'it is not ready'}" for one in ill]


def _skewed(services: Sequence[Entry]) -> list[str]:
    by_skew = sorted((one.skew_ms, one.id) for one in services if one.skew_ms is not None)
    if not by_skew or by_skew[-1][0] - by_skew[0][0] <= SKEW_MS:
        return []
    (first_ms, behind), (last_ms, ahead) = by_skew[0], by_skew[-1]
    apart_s = (last_ms - first_ms) // SECOND_MS
    return [f"the clocks of {behind} and {ahead} are {apart_s} s apart: let both machines keep network time (NTP)"]
