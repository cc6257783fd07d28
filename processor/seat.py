"""One session under way: its machine, what the worker remembers beside it, and what follows when the machine fails."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from crampwatch.events import Finding, FindingKind, Sample
from crampwatch.metrics import Counters
from crampwatch.storage import RunKey
from crampwatch.units import SECOND_MS, Level
from processor.athlete import Athlete, Outcome

from .labels import Label
from .shelf import Kept
from .summary import Summary
from .telling import Telling

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")

_FAILED = "Something went wrong in the detectors: this run is stored, but no longer watched."


#: A machine is kept as it was before samples that come after more than this: backlog may fill the hole. It is the
#: silence after which recent statistics start anew.
HOLE_MS = 20 * SECOND_MS
#: An answer may be dated so far ahead of what has come from its athlete's sensors: as long as broker and links keep it.
AHEAD_MS = 60 * SECOND_MS
#: What is usual is not learned from a session that ends further ahead of the host's clock.
CLOCK_MS = 60 * SECOND_MS


@dataclass(slots=True)
class Gap:
    """Backlog of a session that came after its machine had passed it, or a past that could not be read when the session
    was brought back; the machine has not observed it.

    ``messages`` counts what came, so that it is seen when no more does.
    """

    from_ms: int
    to_ms: int
    messages: int = 1
    #: Whether the shelf knows it as it is.
    kept: bool = False
    _looked_at: int = 0
    _quiet: int = 0

    def widen(self, samples: Sequence[Sample]) -> None:
        """More of it came."""
        self.messages += 1
        before = self.from_ms, self.to_ms
        self.from_ms = min(self.from_ms, samples[0].at_ms)
        self.to_ms = max(self.to_ms, samples[-1].at_ms)
        self.kept = self.kept and before == (self.from_ms, self.to_ms)

    def quiet(self, looks: int) -> bool:
        """Look once more; whether so many looks in a row have found nothing new."""
        self._quiet = self._quiet + 1 if self._looked_at == self.messages else 0
        self._looked_at = self.messages
        return self._quiet >= looks


@dataclass(slots=True)
class Seat:
    """One session's machine.

    A machine that raises has a fault that nobody foresaw. It is counted (``failed`` by the error's class), logged
    with its traceback and never asked again, and no snapshot is taken of what it left half done: its session is
    stored on, everybody else's is watched on, and after a restart the same facts fail in the same way.

    Attributes:
        key: whose session.
        machine: its machine.
        counters: where a failure is counted.
        telling: which assessments were published.
        kept_at_ms: what the newest snapshot on the shelf reaches to.
        heard_at_ms: when, by the host, something last came.
        to_repeat: proved just before a restart, and perhaps not published then.
        failed: the machine is asked no more.
        told: and that was said.
        closed: nothing has come since the session was closed.
        newest_ms: the newest sample that the machine was given.
        gap: what the machine has not observed.
        unread: and that is its past: what the store holds of it could not be read.
        late_to_ms: up to here something came as backlog; what is proved of that time is late, whatever proves it.
        before_hole: the machine as it was before the last hole in the data.
        began: the shelf knows the profile that the session began with.
    """

    key: RunKey
    machine: Athlete
    counters: Counters
    telling: Telling = field(default_factory=Telling)
    kept_at_ms: int = 0
    heard_at_ms: int = 0
    to_repeat: Sequence[Finding] = ()
    failed: bool = False
    told: bool = False
    closed: bool = False
    newest_ms: int = -1
    gap: Gap | None = None
    unread: bool = False
    late_to_ms: int = -1
    before_hole: Kept | None = None
    began: bool = False

    @property
    def name(self) -> tuple[str, str]:
        """Whose, and which session."""
        return self.key.athlete, self.key.session

    @property
    def reaches_ms(self) -> int:
        """The newest second that is known of the session here."""
        return max(self.newest_ms, -1 if self.machine.last_ms is None else self.machine.last_ms)

    def take(self, samples: Sequence[Sample], *, late: bool, known: bool) -> Outcome:
        """Observe samples, unless they are of a time that the machine has passed: then they wait for the mender.

        Args:
            samples: of one message.
            late: they came as backlog.
            known: the same message was taken before.
        """
        if late:
            self.late_to_ms = max(self.late_to_ms, samples[-1].at_ms)
            if self.gap is not None:
                if not known:
                    self.gap.widen(samples)
                return Outcome()
            if not known and samples[0].at_ms < self.newest_ms - SECOND_MS:
                self.gap = Gap(samples[0].at_ms, samples[-1].at_ms)
                return Outcome()
        self._remember_hole(samples[0].at_ms)
        return self.observe(samples)

    def go_on_with(self, anew: "Seat") -> None:
        """Take over a machine that has observed everything; it may bring its failure."""
        self.machine, self.failed, self.newest_ms = anew.machine, self.failed or anew.failed, anew.newest_ms
        self.gap, self.before_hole, self.closed, self.unread = None, None, False, False

    def observe(self, samples: Sequence[Sample]) -> Outcome:
        """What samples prove; once the machine has failed, one signal finding that says so and nothing more."""
        self.newest_ms = max(self.newest_ms, samples[-1].at_ms)
        outcome = self._ask(lambda: self.machine.observe(samples))
        if outcome is not None:
            return outcome
        if self.told:
            return Outcome()
        self.told = True
        return Outcome((self._failure(samples[0].at_ms),))

    def tell(self, label: Label, *, proved: bool = False) -> None:
        """Let the machine know what a person said; ``proved``: it has taken effect before, as the store knows."""
        self._ask(lambda: self.machine.tell(label, proved=proved))

    def tell_kept(self, labels: Sequence[Label]) -> None:
        """Let the machine know what the shelf keeps of what people said; it knows what it has heard before.

        What was said before the athlete's clock last went back took effect then at the latest.
        """
        for label in labels:
            if label.restarts >= self.machine.restarts:
                self.tell(label)

    def moment_of(self, label: Label) -> Label:
        """A label by the athlete's own clock. Where that is far off from the clock of who said it, it was said now."""
        last_ms, restarts = self.machine.last_ms, self.machine.restarts
        near = last_ms is None or 0 <= label.at_ms - last_ms <= AHEAD_MS
        return Label(label.at_ms if last_ms is None or near else last_ms, label.what, restarts)

    def close(self) -> Outcome:
        """What the last second proves if nothing more comes.

        A copy is asked: a link that comes back may bring more, and then the machine goes on as if it had not rested.
        """
        self.closed = True
        return self._ask(lambda: type(self.machine).restore(self.machine.snapshot()).flush()) or Outcome()

    def due(self, every_ms: int) -> bool:
        """Whether the snapshot on the shelf is older than this, in the run's own time."""
        last_ms = self.machine.last_ms
        # While there is a gap the shelf's older one is worth more.
        if self.gap is not None:
            return False
        return not self.failed and last_ms is not None and not 0 <= last_ms - self.kept_at_ms < every_ms

    def keep(self, *, over_ms: int | None = None) -> Kept | None:
        """A snapshot for the shelf; None when there is nothing sound to keep.

        Args:
            over_ms: the session is over at this moment of the host's, so what it taught goes with it.
        """
        last_ms = self.machine.last_ms
        if last_ms is None:
            return None
        body = self._ask(self.machine.snapshot)
        if body is None:
            return None
        summary = None if over_ms is None else self.summary(over_ms)
        began = None if self.began else self.machine.profile
        self.kept_at_ms, self.began = last_ms, True
        return Kept(*self.name, last_ms, body, began, summary)

    def summary(self, now_ms: int) -> Summary | None:
        """What the session has taught; None when nothing, or when the machine has failed.

        One that ends ahead of the host's clock is dated wrongly: as a session without a second of running it teaches
        nothing. What is usual would else reach to that day, and nothing before it would count.
        """
        summary = self._ask(self.machine.summary)
        if summary is None or summary.ended_ms - now_ms <= CLOCK_MS:
            return summary
        words = "%s: session %s ends %d s ahead of this host's clock and teaches nothing; set the recorder's clock"
        log.warning(words, *self.name, (summary.ended_ms - now_ms) // SECOND_MS)
        return Summary(summary.began_ms, summary.ended_ms, run_s=0.0)

    def _remember_hole(self, at_ms: int) -> None:
        last_ms = self.machine.last_ms
        if last_ms is None or at_ms - last_ms <= HOLE_MS:
            return
        body = self._ask(self.machine.snapshot)
        self.before_hole = None if body is None else Kept(*self.name, last_ms, body)

    def _ask(self, call: Callable[[], ResultT]) -> ResultT | None:
        """What the machine answers; None once it has failed."""
        if self.failed:
            return None
        try:
            return call()
        except Exception as error:
            # Whatever it is, it concerns this session alone.
            self.failed = True
            self.counters.add("failed", type(error).__name__)
            words = "%s: the detectors failed in session %s; it is stored but no longer watched"
            log.exception(words, self.key.athlete, self.key.session)
            return None

    def _failure(self, at_ms: int) -> Finding:
        """Named without its time: after a restart the same failure is the same finding."""
        return Finding(
            kind=FindingKind.SIGNAL,
            id=f"{self.key.athlete}/{self.key.session}/{FindingKind.SIGNAL}-failed",
            session=self.key.session,
            at_ms=at_ms,
            level=Level.OK,
            because=(_FAILED,),
        )
