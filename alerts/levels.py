"""Which level stands for each athlete, by findings and assessments, and whether a person is owed word of it. Pure.

A finding tells a change of level. When it falls into an outage it comes late, too late, or not at all; assessments,
which tell the level as it stands, then make up for it.
"""

from dataclasses import dataclass, replace

from crampwatch.events import AlertKind, Assessed, Finding
from crampwatch.units import MINUTE_MS, SECOND_MS, Level

from .guidance import Flow
from .triage import flow_at, flow_of, subject

#: A level of which no finding came must have stood for so long in run time: the finding may be on its way, and an
#: assessment, which a broker does not queue, may overtake it.
GRACE_MS = 10 * SECOND_MS
UNKNOWN = "These signs stand now; word of how they began was lost."


@dataclass(frozen=True, slots=True)
class Standing:
    """A level that stands in a slot since ``since_ms``, athlete time; ``ok``: nothing does.

    ``finding``: what proved it; None: no word of that came. ``rhythm``: whether cadence bears it. ``settled``: word of
    it came in time, or is no longer owed.
    """

    session: str
    slot: AlertKind
    level: Level
    since_ms: int
    finding: Finding | None = None
    rhythm: bool = False
    settled: bool = False

    def name(self, athlete: str) -> str:
        """What an alert about it is called: the same each time that it is told of the same rise."""
        return f"level-{athlete}-{self.session}-{self.level}-{self.since_ms}"

    @property
    def flow(self) -> Flow:
        """What to show for it; only above ``ok``."""
        return flow_at(self.level, rhythm=self.rhythm) if self.finding is None else flow_of(self.finding)

    def because(self, at_ms: int) -> tuple[str, ...]:
        """Why, said at ``at_ms``."""
        if self.finding is None:
            return (UNKNOWN,)
        minutes = max(1, round((at_ms - self.since_ms) / MINUTE_MS))
        return (*self.finding.because, f"First seen {minutes} min ago; it still stands.")


class Levels:
    """Follows levels. What it forgets with the process is known by the alerts that are open.

    Args:
        deadline_ms: an assessment older than this says nothing about now, milliseconds of run time.
    """

    def __init__(self, deadline_ms: int) -> None:
        self._deadline_ms = deadline_ms
        self._standing: dict[tuple[str, AlertKind], Standing] = {}

    def found(self, athlete: str, finding: Finding, *, in_time: bool) -> None:
        """A finding was decided on; ``in_time``: as live news."""
        about = subject(finding)
        if about is None:
            return
        slot, level = about
        before = self._standing.get((athlete, slot))
        if before is None or finding.at_ms >= before.since_ms:
            settled = in_time or level is Level.OK
            self._standing[athlete, slot] = Standing(
                finding.session, slot, level, finding.at_ms, finding, settled=settled
            )

    def seen(self, athlete: str, assessed: Assessed, now_ms: int) -> Standing | None:
        """An assessment of the athlete's present run came; what is to be decided on, None: nothing.

        While a sudden stop is asked about (``now``) the level of the pattern beneath is not known.
        """
        if assessed.level is Level.OK and not assessed.settled:
            return None  # nothing can be said yet: that is no all-clear
        slot = AlertKind.CRAMP if assessed.level is Level.NOW else AlertKind.PATTERN
        if slot is AlertKind.PATTERN:
            self._stop_over(athlete, assessed.at_ms)
        known = self._standing.get((athlete, slot))
        if known is not None and assessed.at_ms < known.since_ms:
            return None
        if known is None or (known.session, known.level) != (assessed.session, assessed.level):
            known = _beginning(slot, assessed)
            self._standing[athlete, slot] = known
        waits = known.finding is None and assessed.at_ms - known.since_ms < GRACE_MS
        stale = now_ms - assessed.at_ms > self._deadline_ms
        return None if known.settled or waits or stale else known

    def settle(self, athlete: str, standing: Standing) -> None:
        """It was decided on."""
        self._standing[athlete, standing.slot] = replace(standing, settled=True)

    def reopen(self, athlete: str, slot: AlertKind) -> None:
        """Word of what stands in a slot reached nobody."""
        known = self._standing.get((athlete, slot))
        if known is not None:
            self._standing[athlete, slot] = replace(known, settled=False)

    def _stop_over(self, athlete: str, at_ms: int) -> None:
        stop = self._standing.get((athlete, AlertKind.CRAMP))
        if stop is not None and at_ms > stop.since_ms:
            del self._standing[athlete, AlertKind.CRAMP]


def _beginning(slot: AlertKind, assessed: Assessed) -> Standing:
    """A level that an assessment is the first to tell. The processor names no smaller part than 0.1 to people."""
    rhythm = max(assessed.contributions.values(), default=0.0) > 0.1
    return Standing(assessed.session, slot, assessed.level, assessed.at_ms, rhythm=rhythm)
