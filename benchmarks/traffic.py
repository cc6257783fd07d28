"""What a field of runners sends: which message when, and its bytes, written in advance as far as they can be."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.runs import START_MS, frames_at
from collector.intake import Intake
from collector.simulated import SimulatedRunner
from collector.simulation.scenario import SCENARIOS
from collector.spool import SqliteSpool, Unsent
from crampwatch.topics import Kind, Topic

#: Different runs; every athlete runs one of them.
RUNS = 20
SESSION = "bench"
#: Heart rate, cadence, speed.
SAMPLES_A_MESSAGE = 3
_SCENARIOS = tuple(sorted(SCENARIOS))


@dataclass(frozen=True, slots=True)
class Step:
    """So many athletes for so many seconds."""

    athletes: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the schedule: its place in the order, whose it is, and when its samples are taken."""

    row: int
    who: int
    second: int
    at_ms: int


class Schedule:
    """Every athlete at 1 Hz, each at a moment of the second of its own, the field growing by steps.

    >>> plan = Schedule([Step(2, 1), Step(4, 1)], start_ms=10_000)
    >>> [(one.row, one.who, one.at_ms) for one in plan.messages()]
    [(0, 0, 10000), (1, 1, 10500), (2, 0, 11000), (3, 1, 11250), (4, 2, 11500), (5, 3, 11750)]
    >>> plan.rows, plan.first_row(1)
    (6, 2)
    """

    def __init__(self, steps: Sequence[Step], start_ms: int) -> None:
        self.start_ms = start_ms
        self._athletes = [step.athletes for step in steps for _ in range(step.seconds)]
        self._first_rows = [0]
        for athletes in self._athletes:
            self._first_rows.append(self._first_rows[-1] + athletes)

    @property
    def rows(self) -> int:
        """How many messages there are."""
        return self._first_rows[-1]

    @property
    def seconds(self) -> int:
        """How long it takes."""
        return len(self._athletes)

    def first_row(self, second: int) -> int:
        """The first row of a second; of the second after the last: :attr:`rows`."""
        return self._first_rows[second]

    def messages(self) -> Iterator[Message]:
        """In the order in which they are due."""
        for second, athletes in enumerate(self._athletes):
            first_row, second_ms = self._first_rows[second], self.start_ms + second * 1_000
            for who in range(athletes):
                yield Message(first_row + who, who, second, second_ms + who * 1_000 // athletes)


class Runners:
    """The messages that a collector would send: heart rate with RR, cadence and speed in one a second."""

    def __init__(self, team: str, runs: Sequence[Sequence["Template"]], first: int) -> None:
        self._team = team
        self._first = first
        self._runs = runs
        self._topics: list[bytes] = []

    @classmethod
    async def write(cls, team: str, collector: str, seconds: int, first: int = 0) -> "Runners":
        """Write everything in advance, by a real spool: what a collector would send, whatever it comes to hold.

        ``first`` is the number of the first athlete.
        """
        with TemporaryDirectory() as folder:
            spool = await SqliteSpool.open(Path(folder) / "spool.db", collector)
            for number in range(RUNS):
                await spool.append(messages_of_a_run(number, seconds), {})
            rows = await spool.read(0, RUNS * seconds)
            await spool.close()
        templates = [Template.of(row.payload, row.at_ms) for row in rows]
        return cls(team, [templates[at : at + seconds] for at in range(0, len(templates), seconds)], first)

    def topic(self, who: int) -> bytes:
        """Where an athlete's live telemetry goes."""
        while len(self._topics) <= who:
            topic = Topic(self._team, athlete_id(self._first + len(self._topics)), Kind.TELEMETRY)
            self._topics.append(str(topic).encode())
        return self._topics[who]

    def message(self, one: Message) -> tuple[bytes, bytes]:
        """Topic and body of one message."""
        template = self._runs[one.who % RUNS][one.second]
        return self.topic(one.who), template.filled(one.row, one.at_ms)


@dataclass(frozen=True, slots=True)
class Template:
    """A body with holes for its row and for the moment of each sample, ``after_ms`` the first one's."""

    body: bytes
    after_ms: tuple[int, ...]

    @classmethod
    def of(cls, payload: bytes, at_ms: int) -> "Template":
        """A spooled body whose first sample is of ``at_ms``."""
        after_ms = tuple(int(moment) - at_ms for moment in re.findall(rb'"at_ms":(\d+)', payload))
        return cls(re.sub(rb'("row":|"at_ms":)\d+', rb"\1%d", payload.replace(b"%", b"%%")), after_ms)

    def filled(self, row: int, at_ms: int) -> bytes:
        """The body of one message."""
        return self.body % (row, *[at_ms + after_ms for after_ms in self.after_ms])


def athlete_id(who: int) -> str:
    """The id of an athlete."""
    return f"r{who:05}"


def messages_of_a_run(number: int, seconds: int) -> list[Unsent]:
    """A simulated run as the messages that a collector spools, one a second."""
    intake = Intake()
    runner = SimulatedRunner(number, _SCENARIOS[number % len(_SCENARIOS)], "Bench")
    made = []
    for at_s, reading in islice(runner.readings(), seconds):
        frames = frames_at(reading, "watch", START_MS + round(at_s * 1_000))
        samples = tuple(one for frame in frames for one in intake.take("bench", frame).samples)
        made.append(Unsent("bench", SESSION, samples))
    if len(made) < seconds or any(len(one.samples) != SAMPLES_A_MESSAGE for one in made):
        raise ValueError(f"the simulated runs have no {seconds} s without a gap")
    return made
