"""One session under way: its machine, what the worker remembers beside it, and what follows when the machine fails."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from crampwatch.events import Finding, FindingKind, Sample
from crampwatch.metrics import Counters
from crampwatch.storage import RunKey
from crampwatch.units import Level
from processor.athlete import Athlete, Outcome

from .shelf import Kept
from .telling import Telling

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")

_FAILED = "Something went wrong in the detectors: this run is stored, but no longer watched."


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

    def observe(self, samples: Sequence[Sample]) -> Outcome:
        """What samples prove; once the machine has failed, one signal finding that says so and nothing more."""
        outcome = self._ask(lambda: self.machine.observe(samples))
        if outcome is not None:
            return outcome
        if self.told:
            return Outcome()
        self.told = True
        return Outcome((self._failure(samples[0].at_ms),))

    def close(self) -> Outcome:
        """What the last second proves if nothing more comes.

        A copy is asked: a link that comes back may bring more, and then the machine goes on as if it had not rested.
        """
        self.closed = True
        return self._ask(lambda: type(self.machine).restore(self.machine.snapshot()).flush()) or Outcome()

    def due(self, every_ms: int) -> bool:
        """Whether the snapshot on the shelf is older than this, in the run's own time."""
        last_ms = self.machine.last_ms
        return not self.failed and last_ms is not None and not 0 <= last_ms - self.kept_at_ms < every_ms

    def keep(self) -> Kept | None:
        """A snapshot for the shelf; None when there is nothing sound to keep."""
        last_ms = self.machine.last_ms
        if last_ms is None:
            return None
        body = self._ask(self.machine.snapshot)
        if body is None:
            return None
        self.kept_at_ms = last_ms
        return Kept(self.key.athlete, self.key.session, last_ms, body)

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
