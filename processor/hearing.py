"""What people answer during a run, and what the settings say of athletes, brought to the machines."""

import functools
from collections.abc import Mapping

from crampwatch.clock import Clock
from crampwatch.metrics import Counters
from crampwatch.settings import Settings

from .labels import UNEVENTFUL
from .patience import Patience
from .profile import Asked
from .reading import Said
from .roster import Roster
from .shelf import Shelf
from .usual import SENSITIVITY


def asked_of(settings: Settings) -> Mapping[str, Asked]:
    """What the settings say of each athlete, by id."""
    return {
        one.id: Asked(one.cramped_12_months, one.cramps_ever, SENSITIVITY[one.sensitivity]) for one in settings.athletes
    }


class Hearing:
    """Takes answers to the machine of the athlete's newest session.

    Args:
        roster: where the machines are.
        shelf: where an answer is kept before a machine hears of it, so that a crash loses none and none counts twice.
        patience: for a shelf that is away.
        clock: the run's time.
        counters: ``labels`` by what was said; ``no_session`` where nobody runs or ran lately,
            ``other_session`` where the answered alert is of a session that is not the newest.
    """

    def __init__(self, roster: Roster, shelf: Shelf, patience: Patience, clock: Clock, counters: Counters) -> None:
        self._roster = roster
        self._shelf = shelf
        self._patience = patience
        self._clock = clock
        self._counters = counters

    async def hear(self, said: Said) -> None:
        """Keep one answer and tell it. Only ask while the turn is held."""
        seat = await self._roster.newest(said.athlete, self._clock.now_ms())
        if seat is None:
            self._counters.add("labels", "no_session")
            return
        if not said.concerns(seat.key.session):
            self._counters.add("labels", "other_session")
            return
        label = seat.moment_of(said.label)
        # What a session that has a gap taught is not known yet.
        tells = label.what == UNEVENTFUL and seat.gap is None
        summary = seat.summary(self._clock.now_ms()) if tells else None
        keep = functools.partial(self._shelf.say, *seat.name, said.label.at_ms, label, summary)
        if await self._patience.insist("keep", keep):
            seat.tell(label)
            self._counters.add("labels", label.what)
