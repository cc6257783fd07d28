"""Writes alerts: a new one from guidance, or the next state of an open one. Pure."""

from dataclasses import dataclass, replace

from crampwatch.events import Alert, AlertKind, AlertState
from crampwatch.units import Level

from .case import Case, Filed
from .guidance import Flow, Guidance
from .lifecycle import Event, after, ends_at_ms, later
from .policy import Outcome, Reason, Rules
from .triage import Setting, steps


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about. ``id`` names the alert and what it came from."""

    slot: AlertKind
    flow: Flow
    level: Level
    id: str
    because: tuple[str, ...]
    at_ms: int
    temperature_c: float | None = None


class Drafts:
    """Writes in the words of the guidance, dated by the rules."""

    def __init__(self, guidance: Guidance, rules: Rules) -> None:
        self._guidance = guidance
        self._rules = rules

    def new(self, case: Case, about: Subject, reason: Reason, now_ms: int) -> Filed:
        """An alert raised now, for ``reason``. A push must be out within the deadline of what it is about.

        Where somebody has spoken already (asked for help, or acknowledged as much), nobody is asked to see it.
        """
        words = self._guidance.flows[about.flow]
        spoken = reason in {Reason.ASKED, Reason.ACKNOWLEDGED}
        alert = Alert(
            kind=about.slot,
            id=about.id,
            finding_id=about.id,
            session=case.session,
            level=about.level,
            state=AlertState.ACKNOWLEDGED if spoken else AlertState.RAISED,
            raised_at_ms=now_ms,
            updated_at_ms=now_ms,
            title=words.title,
            because=about.because,
            steps=steps(about.flow, self._guidance, Setting(case.run_ms, about.temperature_c)),
            question=words.question,
        )
        return Filed(
            alert,
            about.flow,
            audible=reason.outcome is Outcome.PUSH,
            asked=reason is Reason.ASKED,
            deadline_at_ms=about.at_ms + self._rules.deadline_ms,
            ends_at_ms=ends_at_ms(about.flow, now_ms),
            since_ms=about.at_ms,
            temperature_c=about.temperature_c,
            overdue=reason is Reason.TOO_LATE,
        )

    def turned(
        self, case: Case, filed: Filed, flow: Flow, now_ms: int, because: tuple[str, ...] | None = None
    ) -> Filed:
        """The same alert in another flow, in its words. In a cramp flow somebody has spoken: it is acknowledged."""
        words = self._guidance.flows[flow]
        alert = after(filed.alert, Event.ANSWERED, now_ms) if flow.about_a_cramp else filed.alert
        alert = alert.model_copy(
            update={
                "title": words.title,
                "question": words.question,
                "steps": steps(flow, self._guidance, Setting(case.run_ms, filed.temperature_c)),
                "because": alert.because if because is None else because,
                "updated_at_ms": later(alert, now_ms),
            }
        )
        since_ms = now_ms if flow.about_a_cramp else filed.since_ms
        return replace(filed, alert=alert, flow=flow, ends_at_ms=ends_at_ms(flow, now_ms), since_ms=since_ms)

    @staticmethod
    def moved(filed: Filed, event: Event, now_ms: int) -> Filed:
        """The alert after ``event``."""
        return replace(filed, alert=after(filed.alert, event, now_ms))

    @staticmethod
    def prolonged(filed: Filed, now_ms: int) -> Filed:
        """The alert with another life from now."""
        return replace(filed, ends_at_ms=ends_at_ms(filed.flow, now_ms))
