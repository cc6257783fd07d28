"""Whether another client uses our id: two of one id take the link from each other for ever, unless one gives way."""

from dataclasses import dataclass

#: A link that lived this long was a good one.
GOOD_LIFE_S = 5.0
#: So many short-lived links in a row, each of them had at the first try, are no outage. (mosquitto 2.0.11 does not say
#: why it closed, and MQTT 3.1.1 cannot.)
SHORT_LIVES = 3
#: How long we give way, at least and at most, before we dial again.
GIVE_WAY_S = (20.0, 40.0)
#: So long after the link was last taken it still counts as a problem.
CONTESTED_S = 180.0

SAME_ID = (
    "another client of the same id; each service needs an id of its own on the broker "
    "(collector.id, processor.id, alerts.id, dashboard.id)"
)


@dataclass(frozen=True, slots=True)
class Loss:
    """Why a link ended.

    Attributes:
        reason: in words.
        taken_over: the broker said that another client came with the same id.
        by_us: we gave it up, say because the broker did not answer; that is nobody's doing but the broker's.
    """

    reason: str
    taken_over: bool = False
    by_us: bool = False


class Rivalry:
    """Watches how links end.

    Attributes:
        taken_over: how often the link went to another client, as the broker said or as the pattern shows.
    """

    def __init__(self) -> None:
        self.taken_over = 0
        self._short_lives = 0
        self._said = False
        self._last_s: float | None = None

    @property
    def short_lives(self) -> int:
        """How many links in a row did not last."""
        return self._short_lives

    def ended(self, loss: Loss, *, lived_s: float, at_once: bool, now_s: float) -> bool:
        """A link has ended. Returns whether it went to another client, so that we should give way.

        Args:
            loss: how it ended.
            lived_s: how long it lasted.
            at_once: it was had at the first try; a broker that is away refuses some first.
            now_s: the moment, on any steady clock.
        """
        if lived_s >= GOOD_LIFE_S or loss.by_us:
            self._short_lives = 0
        elif at_once:
            self._short_lives += 1
        else:
            self._short_lives = 1
        if not (loss.taken_over or self._short_lives >= SHORT_LIVES):
            return False
        self.taken_over += 1
        if not self._contested(now_s):
            self._said = False
        self._last_s = now_s
        return True

    def news(self) -> bool:
        """Whether it is worth a warning that the link was taken: once, until it was ours for some minutes."""
        first, self._said = not self._said, True
        return first

    def problem(self, now_s: float) -> str | None:
        """What to mend, while the link was taken lately."""
        if not self._contested(now_s):
            return None
        return f"the link to the broker goes to {SAME_ID}"

    def _contested(self, now_s: float) -> bool:
        return self._last_s is not None and now_s - self._last_s < CONTESTED_S
