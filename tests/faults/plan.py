"""What every watch of a group sends, to the millisecond, and what must be stored of it: known before anything runs."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from benchmarks.runs import frames_at
from collector.intake import Intake
from collector.source import Frame
from collector.wearer import Reading
from crampwatch.events import Finding, Sample
from crampwatch.units import MINUTE_MS, SECOND_MS
from processor.athlete import Athlete

#: Seconds of steady running that a baseline needs: lived through once, before anything is killed.
HISTORY_S = 480
#: And those that the parts are killed in.
LIFE_S = 140
RUN_SPM, TIRED_SPM, HITCH_SPM, WALK_SPM = 170, 166, 150, 110
HITCH_EVERY_S, HITCH_S = 15, 5
#: Watches of a group do not keep step: four moments of a second, in which every fourth sends.
PHASES = 4
GAIT_AFTER_MS = 100
AHEAD_MS = 30 * MINUTE_MS

Stretch = tuple[str, int]


def _after(wait_s: int, *stretches: Stretch) -> tuple[Stretch, ...]:
    """A script that fills the life: some running, what happens, and running to its end."""
    spent_s = wait_s + sum(seconds for _, seconds in stretches)
    return (("run", wait_s), *stretches, ("run", LIFE_S - spent_s))


def script(who: int) -> tuple[Stretch, ...]:
    """What happens to a runner: two in five build up to a stop that is asked about, one in five runs steadily on."""
    wait_s = who // 5 % 20
    match who % 5:
        case 0 | 1:
            return _after(wait_s, ("hitch", 75), ("stand", 25))
        case 2:
            return _after(wait_s + 10, ("stand", 30))
        case 3:
            return _after(wait_s + 10, ("walk", 25), ("run", 15), ("hitch", 25))
        case _:
            return _after(0)


def readings(who: int, session: int = 0, laps: int = 1) -> Iterator[Reading]:
    """What a runner's watch reads, second by second: the same for the same runner and session."""
    random, distance_m = Random(f"{who}/{session}"), 0.0
    for gait, seconds in (("run", HISTORY_S), *script(who) * laps):
        for second in range(seconds):
            hitching = gait == "hitch" and second % HITCH_EVERY_S < HITCH_S
            spm, mps, bpm = {
                "run": (RUN_SPM + random.choice((-1, 0, 0, 1)), 3.0, 150),
                "hitch": (HITCH_SPM if hitching else TIRED_SPM + random.choice((-2, 0, 2)), 3.0, 152),
                "walk": (WALK_SPM, 1.5, 135),
                "stand": (0, 0.0, 130),
            }[gait]
            distance_m += mps
            yield Reading(
                bpm=bpm + random.choice((-1, 0, 1)),
                cadence_per_min=spm,
                speed_mps=mps,
                distance_m=round(distance_m, 1),
                rr_ms=(),
                running=spm > WALK_SPM,
            )


@dataclass(frozen=True)
class Plan:
    """A group's run.

    ``life_ms`` is when what happens begins; the history lies before it. What happens comes ``laps`` times, and after a
    pause everybody runs again, so many ``sessions`` altogether.
    """

    athletes: int
    life_ms: int
    laps: int = 1
    sessions: int = 1
    pause_s: int = 0

    @classmethod
    def ahead(cls, athletes: int, now_ms: int) -> "Plan":
        """One that no row of a long table finds hours old; on a whole minute, so that each time the same is proved."""
        return cls(athletes, (now_ms + AHEAD_MS) // MINUTE_MS * MINUTE_MS)

    @property
    def ids(self) -> Sequence[str]:
        return [f"r{who:03}" for who in range(self.athletes)]

    @staticmethod
    def device(athlete: str) -> str:
        return f"watch-{athlete.removeprefix('r')}"

    @property
    def begins_ms(self) -> int:
        return self.life_ms - HISTORY_S * SECOND_MS

    @property
    def session_s(self) -> int:
        return HISTORY_S + self.laps * LIFE_S

    @property
    def ends_ms(self) -> int:
        return self.begins_ms + (self.sessions * (self.session_s + self.pause_s) - self.pause_s) * SECOND_MS

    @property
    def measured(self) -> int:
        """How many samples that makes: heart rate, cadence and speed a second."""
        return self.athletes * self.sessions * self.session_s * 3

    def frames_of(self, who: int, after_ms: int = 0) -> Iterator[Frame]:
        """Everything that one watch sends after a moment, in order."""
        device = self.device(self.ids[who])
        for session in range(self.sessions):
            first_ms = self.begins_ms + session * (self.session_s + self.pause_s) * SECOND_MS
            first_ms += who % PHASES * (SECOND_MS // PHASES)
            if first_ms + self.session_s * SECOND_MS <= after_ms:
                continue
            for second, reading in enumerate(readings(who, session, self.laps)):
                at_ms = first_ms + second * SECOND_MS
                if at_ms + GAIT_AFTER_MS > after_ms:
                    heart, gait = frames_at(reading, device, at_ms)
                    yield heart
                    yield Frame(gait.device, gait.characteristic, gait.payload, at_ms + GAIT_AFTER_MS)

    def frames(self, after_ms: Mapping[str, int]) -> Iterator[tuple[str, Frame]]:
        """What all watches send of their lives, as it happens; ``after_ms``: what each athlete's has sent before."""

        def left(who: int) -> Iterator[tuple[int, int, Frame]]:
            known_ms = max(after_ms.get(self.ids[who], 0), self.life_ms - 1)
            return ((one.at_ms, who, one) for one in self.frames_of(who, known_ms) if one.at_ms > known_ms)

        for _, who, frame in heapq.merge(*(left(who) for who in range(self.athletes)), key=lambda one: one[:2]):
            yield self.ids[who], frame

    @cached_property
    def taken(self) -> Mapping[str, tuple[str, Sequence[Sample]]]:
        """What a collector must make of it: athlete to session and samples."""
        intake, made = Intake(), {}
        for who, athlete in enumerate(self.ids):
            all_taken = [intake.take(athlete, frame) for frame in self.frames_of(who)]
            made[athlete] = all_taken[0].session, [sample for one in all_taken for sample in one.samples]
        return made

    @cached_property
    def proved(self) -> Mapping[str, Sequence[Finding]]:
        """What the detectors must make of that, by arithmetic alone."""
        found = {}
        for athlete, (session, samples) in self.taken.items():
            found[athlete] = Athlete(athlete, session).observe(samples).findings
        return found
