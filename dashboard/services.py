"""Pure: how services look on the pages, and what a runner misses when one is away."""

from collections.abc import Collection, Sequence

from crampwatch.roll import LOSSES, Entry, Standing, missed, queued
from crampwatch.units import SECOND_MS

from .context import ServiceView, Tone

LOOKS: dict[Standing, tuple[Tone, str]] = {
    Standing.UP: ("ok", "Up"),
    Standing.TROUBLE: ("watch", "Trouble"),
    Standing.SILENT: ("stale", "Silent"),
    Standing.DOWN: ("high", "Down"),
}

#: What a runner no longer gets when a service of a kind is away.
MISSES = {
    "collector": "No new values",
    "processor": "The level stands still",
    "alerter": "No new alerts",
}


def service_views(entries: Sequence[Entry], now_ms: int) -> tuple[ServiceView, ...]:
    """Every service, those first that need a look."""
    gone = {one.id for one in missed(entries)}
    order = list(LOOKS)
    worst_first = sorted(entries, key=lambda one: (one.id not in gone, -order.index(one.standing), one.kind, one.id))
    return tuple(_view(one, now_ms, missed_=one.id in gone) for one in worst_first)


def _view(one: Entry, now_ms: int, *, missed_: bool) -> ServiceView:
    tone, word = LOOKS[one.standing]
    return ServiceView(
        id=one.id,
        kind=one.kind,
        tone=tone,
        word=word,
        missed=missed_,
        since_s=None if one.since_ms is None else max(0, now_ms - one.since_ms) // SECOND_MS,
        quiet_s=one.quiet_s,
        version=one.version,
        waits=tuple(f"{n} {what}" for n, what in (*queued(one), *queued(one, LOSSES))),
        problem=one.problem,
    )


def misses(entries: Sequence[Entry], collectors: Collection[str]) -> tuple[str, ...]:
    """What a runner misses now, a line each.

    Args:
        entries: the services.
        collectors: who reads this runner's sensors; where nobody is known, any collector may be the one.
    """
    lines = []
    for one in missed(entries):
        concerns = one.kind in MISSES and (one.kind != "collector" or not collectors or one.id in collectors)
        if concerns:
            state = "is down" if one.standing is Standing.DOWN else "has gone silent"
            lines.append(f"{MISSES[one.kind]}: {one.id} {state}")
    return tuple(lines)
