"""What is taken from the queue together, and what each session gains by it."""

from dataclasses import dataclass, field

from crampwatch.bus import Delivery
from crampwatch.events import Assessed, Finding, Sample
from crampwatch.storage import Batch, RunKey
from processor.athlete import Outcome

from .reading import Arrived, Origin, ResetOf, Said
from .seat import Gap, Seat

#: The most that is stored in one transaction and acked after it: a message more of either ends the drain.
DELIVERIES = 256
SAMPLES = 4_096

#: A drain costs about the same whatever it holds. With more sessions than these few, one gathers for so many wall
#: seconds before it is stored; with few there is nothing to gather, and a message goes through at once. A large field
#: gathers longer, by so much a session: its processor has less to spare.
FEW, GATHER_S = 8, 0.02
GATHER_A_SESSION_S, LONGEST_GATHER_S = 0.0002, 0.1


def gather_s(sessions: int) -> float:
    """For how many wall seconds a drain of more than a few sessions gathers.

    >>> gather_s(9), round(gather_s(300), 3), gather_s(1_000)
    (0.02, 0.06, 0.1)
    """
    return min(LONGEST_GATHER_S, max(GATHER_S, GATHER_A_SESSION_S * sessions))


@dataclass(slots=True)
class Drain:
    """Deliveries that are stored in one transaction and acked last; ``came_s`` is when telemetry arrived.

    ``settled`` are rows that are stored or refused once the drain is done; ``raised`` is whose mark moved by what a
    collector or the broker remembers; ``said`` is what people answered, ``resets`` what they want forgotten;
    ``gaps`` are those that the drain has opened or widened.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    came_s: list[float] = field(default_factory=list)
    arrived: list[Arrived] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    resets: list[ResetOf] = field(default_factory=list)
    settled: list[tuple[Origin, int]] = field(default_factory=list)
    raised: set[Origin] = field(default_factory=set)
    gaps: dict[RunKey, Gap] = field(default_factory=dict)
    samples: int = 0
    _seen: set[tuple[Origin, int]] = field(default_factory=set)

    @property
    def has_room(self) -> bool:
        """Whether one more delivery may be taken."""
        return len(self.deliveries) < DELIVERIES and self.samples < SAMPLES

    def has_seen(self, arrived: Arrived) -> bool:
        """Whether this row was asked for before in this drain; it is remembered."""
        name = (arrived.origin, arrived.telemetry.row)
        seen = name in self._seen
        self._seen.add(name)
        return seen

    def add(self, arrived: Arrived, came_s: float) -> None:
        """Take telemetry that was read."""
        self.arrived.append(arrived)
        self.came_s.append(came_s)
        self.settled.append((arrived.origin, arrived.telemetry.row))
        self.samples += len(arrived.telemetry.samples)


@dataclass(slots=True)
class Gain:
    """What one session gained. It is true when there is something to store."""

    seat: Seat
    samples: list[Sample] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    assessments: list[Assessed] = field(default_factory=list)
    #: Those that say where an athlete stands now; what backlog leads to is history, however recent its date.
    live: list[Assessed] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.samples or self.findings or self.assessments)

    def add(self, outcome: Outcome, *, late: bool) -> None:
        """Take what a machine proved; ``late``: too late for a live alert.

        What is dated within backlog is late even when a live sample brings it out, by closing the second before.
        """
        late_to_ms = self.seat.late_to_ms
        for one in outcome.findings:
            is_late = late or one.at_ms <= late_to_ms
            self.findings.append(one.model_copy(update={"late": True}) if is_late else one)
        self.assessments += outcome.assessments
        if not late:
            self.live += [one for one in outcome.assessments if one.at_ms > late_to_ms]

    def batch(self) -> Batch:
        """What the store keeps."""
        return Batch(self.seat.key, self.samples, self.findings, self.assessments)
