"""Pure: who is up and who is not, from what services say of themselves. Told the time; asks nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crampwatch.events import ServiceStatus
from crampwatch.units import SECOND_MS

#: A service speaks every 10 s; one that has said nothing for this long is not known to live.
SILENT_S = 30.0
#: A service may be not ready for this long after its beginning without being in trouble.
STARTING_MS = 15 * SECOND_MS


class Standing(StrEnum):
    """How a service stands. ``silent``: it said that it is up, and then nothing more."""

    UP = "up"
    TROUBLE = "trouble"
    SILENT = "silent"
    DOWN = "down"

    @property
    def well(self) -> bool:
        """Whether nobody needs to look."""
        return self is Standing.UP


#: What waits somewhere, by the figure in a status that says how much: a figure above 0 is shown in these words.
QUEUES: Mapping[str, str] = {
    "spool_rows": "rows kept until they are stored",
    "queue_messages": "messages taken and not yet stored",
    "outbox_points": "points waiting for InfluxDB",
    "pushes_owed": "pushes not yet out",
    "alert_states_waiting": "alert states not yet told or stored",
    "sessions_behind": "sessions whose backlog is not judged yet",
}
#: What should be 0, in the same way.
LOSSES: Mapping[str, str] = {
    "dead_letters": "points that InfluxDB refused (crampwatch outbox)",
    "refused": "messages or frames left out (the log says why)",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One service as it stands at a moment.

    Attributes:
        id: the instance.
        kind: ``collector``, ``processor``, ``alerter``, ``dashboard``, or ``service`` where nobody says.
        standing: up, in trouble, silent or down.
        since_ms: since when it is up, or down; None where that is not known.
        quiet_s: how long ago its last word came, seconds.
        version: its release; None where it does not say.
        figures: the numbers of its last word.
        problem: the first thing that it says is wrong.
        skew_ms: how far its clock was from ours when it last spoke live; None while it did not.
    """

    id: str
    kind: str
    standing: Standing
    since_ms: int | None
    quiet_s: int
    version: str | None
    figures: Mapping[str, int | float]
    problem: str | None
    skew_ms: int | None


@dataclass(slots=True)
class _Word:
    status: ServiceStatus
    heard_ms: int
    heard_s: float
    since_ms: int | None
    skew_ms: int | None


class RollCall:
    """The last word of each service.

    A service is silent when both the run's clock and the wall say so: a run may be twenty times as fast as life, or
    ten times as slow.

    Args:
        kinds: what kind an instance is that does not say so itself, by id.
    """

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self._kinds = dict(kinds)
        self._words: dict[str, _Word] = {}

    def heard(self, instance: str, status: ServiceStatus | None, now_ms: int, now_s: float, *, retained: bool) -> None:
        """Take a service's word; None: it was withdrawn.

        Args:
            instance: from the topic.
            status: the word.
            now_ms: the run's present moment.
            now_s: the wall's, from any beginning.
            retained: the broker had kept it: it is as old as it is dated.
        """
        if status is None:
            self._words.pop(instance, None)
            return
        before = self._words.get(instance)
        self._words[instance] = _Word(
            status=status,
            heard_ms=min(status.at_ms, now_ms) if retained else now_ms,
            heard_s=now_s,
            since_ms=_since_ms(status, before, now_ms, retained=retained),
            skew_ms=None if retained or status.state == "down" else status.at_ms - now_ms,
        )

    def entries(self, now_ms: int, now_s: float) -> tuple[Entry, ...]:
        """Everybody who ever spoke, by kind and id."""
        made = (self._entry(instance, word, now_ms, now_s) for instance, word in self._words.items())
        return tuple(sorted(made, key=lambda one: (one.kind, one.id)))

    def _entry(self, instance: str, word: _Word, now_ms: int, now_s: float) -> Entry:
        detail = word.status.detail
        quiet_ms = max(0, now_ms - word.heard_ms)
        silent = quiet_ms > SILENT_S * SECOND_MS and now_s - word.heard_s > SILENT_S
        problem = detail.get("problem")
        return Entry(
            id=instance,
            kind=str(detail.get("kind") or self._kinds.get(instance, "service")),
            standing=_standing(word.status, silent=silent),
            since_ms=word.since_ms,
            quiet_s=quiet_ms // SECOND_MS,
            version=str(detail["version"]) if "version" in detail else None,
            figures={name: value for name, value in detail.items() if not isinstance(value, str)},
            problem=str(problem) if problem and word.status.state == "up" else None,
            skew_ms=word.skew_ms,
        )


def _standing(status: ServiceStatus, *, silent: bool) -> Standing:
    if status.state == "down":
        return Standing.DOWN
    if silent:
        return Standing.SILENT
    ill = bool(status.detail.get("problem")) or (status.detail.get("ready") == 0 and not _begins(status))
    return Standing.TROUBLE if ill else Standing.UP


def _begins(status: ServiceStatus) -> bool:
    """Whether it said so at the beginning of its life: the first word comes before a service is ready."""
    since_ms = status.detail.get("since_ms")
    return isinstance(since_ms, int) and status.at_ms - since_ms < STARTING_MS


def _since_ms(status: ServiceStatus, before: _Word | None, now_ms: int, *, retained: bool) -> int | None:
    """Since when it is as it says. A last will is dated when the link was made, which tells nothing."""
    if status.state == "up":
        since = status.detail.get("since_ms")
        if isinstance(since, int):
            return since
        same = before is not None and before.status.state == "up"
        return before.since_ms if same and before is not None else None if retained else status.at_ms
    if status.detail.get("ended") == "in order":
        return status.at_ms
    if before is not None and before.status.state == "down":
        return before.since_ms
    return None if retained else now_ms


def queued(entry: Entry, words: Mapping[str, str] = QUEUES) -> tuple[tuple[int, str], ...]:
    """What waits at a service, as pairs of how much and of what."""
    return tuple((int(entry.figures[name]), text) for name, text in words.items() if entry.figures.get(name, 0) > 0)


def missed(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Who is away and not replaced: silent, or down while no other of its kind is up.

    A collector has runners of its own, so no other one replaces it.
    """
    there = {one.kind for one in entries if one.standing in {Standing.UP, Standing.TROUBLE}}
    return tuple(
        one
        for one in entries
        if one.standing is Standing.SILENT
        or (one.standing is Standing.DOWN and (one.kind not in there or one.kind == "collector"))
    )
