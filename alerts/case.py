"""What is known of one athlete, and what came of one fact: the values that pass between desk and journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crampwatch.events import Alert, AlertKind, AlertState

from .guidance import Flow
from .policy import Hush, Memory, Pushed, Reason


@dataclass(frozen=True, slots=True)
class Filed:
    """An alert with what only the alerter knows of it.

    ``audible``: it is pushed to people, not only shown. ``asked``: a person asked for it. ``deadline_at_ms``: when a
    push that is not out is given up. ``ends_at_ms``: when the alert is over by itself; None: never. ``since_ms``: the
    athlete's moment from which it stands as it does; what happened before ends nothing. ``overdue``: it was only shown,
    because word of it came too late; while the level stands, a person may still be told.
    """

    alert: Alert
    flow: Flow
    audible: bool
    asked: bool
    deadline_at_ms: int
    ends_at_ms: int | None
    since_ms: int
    temperature_c: float | None = None
    overdue: bool = False

    @property
    def unheard(self) -> bool:
        """Whether a push is still owed."""
        return self.audible and self.alert.state is AlertState.RAISED

    def given_up(self, now_ms: int) -> bool:
        """Whether it expired because its push reached nobody, and not because its time was over."""
        over = self.ends_at_ms is not None and self.ends_at_ms <= now_ms
        return self.audible and self.alert.state is AlertState.EXPIRED and not over

    def due_at_ms(self) -> int | None:
        """When the time next changes it; None: never."""
        if not self.alert.state.open:
            return None
        dues = (self.ends_at_ms, self.deadline_at_ms if self.unheard else None)
        return min((due for due in dues if due is not None), default=None)


@dataclass(frozen=True, slots=True)
class Run:
    """The run an athlete is in, as far as the alerter has seen it."""

    session: str
    since_ms: int
    seen_ms: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which we are blind for an athlete, since when, in words."""

    flow: Flow
    since_ms: int
    because: str


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of one athlete: the run it is in, what is open, what was pushed and hushed lately."""

    athlete: str
    session: str
    run_ms: int = 0
    open: Mapping[AlertKind, Filed] = field(default_factory=dict)
    pushed: tuple[Pushed, ...] = ()
    hushes: tuple[Hush, ...] = ()
    paused_until_ms: int = 0

    def memory(self) -> Memory:
        """What the policy looks at."""
        levels = {slot: one.alert.level for slot, one in self.open.items()}
        since_ms = {slot: one.since_ms for slot, one in self.open.items()}
        return Memory(levels, self.pushed, self.hushes, self.paused_until_ms, since_ms)

    def by_id(self, alert_id: str) -> Filed | None:
        """The open alert with this id."""
        return next((one for one in self.open.values() if one.alert.id == alert_id), None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one fact: why, which alerts changed (in order), and what is hushed from now on."""

    reason: Reason
    filed: tuple[Filed, ...] = ()
    hush: Hush | None = None
    paused_until_ms: int | None = None
