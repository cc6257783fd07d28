"""The life of an alert: raised, delivered, acknowledged, then cleared or expired. One table, one function."""

from collections.abc import Mapping
from enum import StrEnum

from alerts.guidance import Flow
from crampwatch.events import Alert, AlertState
from crampwatch.units import MINUTE_MS


class Event(StrEnum):
    """What may happen to an alert."""

    TAKEN = "taken"  # a channel that a person hears took it
    ANSWERED = "answered"
    ENDED = "ended"  # what it was about is over, or something newer stands in its place
    RAN_OUT = "ran_out"  # its time is over


_NEXT: Mapping[tuple[AlertState, Event], AlertState] = {
    (AlertState.RAISED, Event.TAKEN): AlertState.DELIVERED,
    (AlertState.RAISED, Event.ANSWERED): AlertState.ACKNOWLEDGED,
    (AlertState.RAISED, Event.ENDED): AlertState.CLEARED,
    (AlertState.RAISED, Event.RAN_OUT): AlertState.EXPIRED,
    (AlertState.DELIVERED, Event.ANSWERED): AlertState.ACKNOWLEDGED,
    (AlertState.DELIVERED, Event.ENDED): AlertState.CLEARED,
    (AlertState.DELIVERED, Event.RAN_OUT): AlertState.EXPIRED,
    (AlertState.ACKNOWLEDGED, Event.ENDED): AlertState.CLEARED,
    # Somebody has seen to it: its time running out is no failure.
    (AlertState.ACKNOWLEDGED, Event.RAN_OUT): AlertState.CLEARED,
}

#: How long an alert concerns somebody when nothing more is heard, milliseconds of run time. A sudden stop is asked
#: about for five minutes; a fault lasts as long as it lasts.
_LIVES_MS: Mapping[Flow, int] = {
    Flow.FATIGUE_WATCH: 30 * MINUTE_MS,
    Flow.PATTERN_WATCH: 30 * MINUTE_MS,
    Flow.PATTERN_WARNING: 30 * MINUTE_MS,
    Flow.PATTERN_IMMINENT: 30 * MINUTE_MS,
    Flow.CRAMP_PROMPT: 5 * MINUTE_MS,
    Flow.CRAMP_RELIEF: 30 * MINUTE_MS,
    Flow.CRAMP_EASED: 15 * MINUTE_MS,
}


def after(alert: Alert, event: Event, now_ms: int) -> Alert:
    """The alert as ``event`` leaves it at ``now_ms``: the same object when the event changes nothing.

    ``updated_at_ms`` always grows, so that a reader can tell the later state even within one millisecond.
    """
    state = _NEXT.get((alert.state, event))
    if state is None:
        return alert
    return alert.model_copy(update={"state": state, "updated_at_ms": later(alert, now_ms)})


def later(alert: Alert, now_ms: int) -> int:
    """When a change of ``alert`` at ``now_ms`` is dated."""
    return max(now_ms, alert.updated_at_ms + 1)


def ends_at_ms(flow: Flow, now_ms: int) -> int | None:
    """When an alert that enters ``flow`` now is over by itself; None: never."""
    life_ms = _LIVES_MS.get(flow)
    return None if life_ms is None else now_ms + life_ms
