"""Pure: the board of everybody running now, from the messages of the bus. The clock is an argument."""

from collections.abc import Iterable, Mapping
from math import inf

from crampwatch.events import Alert, AlertKind, AlertState, Assessed, Finding, SensorState, SensorStatus, Telemetry
from crampwatch.roll import RollCall
from crampwatch.units import HOUR_MS, SECOND_MS, Level
from crampwatch.usual import BaselineLearned
from crampwatch.wording import LEVEL_WORDS

from .context import AlertView, BoardView, RunnerView, UnclaimedView, UsualView
from .levels import TONES
from .runner import Runner
from .services import misses, service_views
from .usual import usual_view

#: Up to this many runners everyone has a card with the last minutes; above, only who needs attention.
CARDS = 12
#: Closed alerts that stay on the page, and how long a runner whom nobody configured stays after the last sample.
CLOSED_SHOWN = 6
FORGET_MS = 6 * HOUR_MS


class Board:
    """Who runs now and how they are.

    Args:
        team: the team shown.
        names: display names by athlete id, from settings and store; replace them with :attr:`names`.
        configured: athletes who are always shown, even before their first sample.
        kinds: what kind of service an instance is that does not say so itself.
    """

    def __init__(
        self,
        team: str,
        names: Mapping[str, str],
        configured: Iterable[str] = (),
        kinds: Mapping[str, str] | None = None,
    ) -> None:
        self.team = team
        self.names = dict(names)
        self._configured = frozenset(configured)
        self._runners: dict[str, Runner] = {one: Runner(one) for one in configured}
        self._alerts: dict[str, tuple[str, Alert]] = {}
        self._unclaimed: dict[str, tuple[str, SensorStatus]] = {}
        self._usual: dict[str, UsualView] = {}
        self.roll = RollCall(kinds or {})

    def name_of(self, athlete: str) -> str:
        """What people call an athlete; the id where nobody said."""
        return self.names.get(athlete) or athlete.replace("-", " ").capitalize()

    @property
    def athletes(self) -> tuple[str, ...]:
        """Everybody on the board, by id."""
        return tuple(sorted(self._runners))

    def knows(self, athlete: str) -> bool:
        """Whether the athlete is on the board."""
        return athlete in self._runners

    def measured(self, athlete: str, message: Telemetry) -> bool:
        """Take samples; says whether they begin a new session."""
        return self._runner(athlete).measured(message)

    def started(self, athlete: str, session: str, at_ms: int) -> None:
        """What the store knows of a session that began before this page did."""
        runner = self._runner(athlete)
        if runner.session == session:
            runner.started_ms = at_ms if runner.started_ms is None else min(at_ms, runner.started_ms)

    def judged(self, athlete: str, message: Assessed) -> None:
        """Take an assessment."""
        self._runner(athlete).judged(message)

    def found(self, athlete: str, message: Finding) -> None:
        """Take a finding."""
        self._runner(athlete).found(message)

    def alerted(self, athlete: str, message: Alert) -> bool:
        """Take an alert's state; says whether it was news (an older state or the same again is not)."""
        known = self._alerts.get(message.id)
        if known is not None and message.updated_at_ms <= known[1].updated_at_ms:
            return False
        self._runner(athlete)
        self._alerts[message.id] = (athlete, message)
        self._trim()
        return True

    def alert_gone(self, athlete: str, slot: str) -> None:
        """The broker forgot the alert of a slot: what was open there is over."""
        for alert_id, (whose, alert) in list(self._alerts.items()):
            if whose == athlete and alert.kind == slot and alert.state.open:
                self._alerts[alert_id] = (whose, alert.model_copy(update={"state": AlertState.CLEARED}))
        self._trim()

    def alert(self, alert_id: str) -> tuple[str, Alert] | None:
        """An alert by id, with whose it is."""
        return self._alerts.get(alert_id)

    def learned(self, athlete: str, message: BaselineLearned | None) -> None:
        """What is usual for an athlete; None when it is no longer told. Nobody comes onto the board by it."""
        if message is None:
            self._usual.pop(athlete, None)
        else:
            self._usual[athlete] = usual_view(message)

    def sensor(self, athlete: str, message: SensorStatus) -> None:
        """A claimed sensor's status."""
        self._unclaimed.pop(message.device, None)
        self._runner(athlete).sensors[message.device] = message

    def sensor_gone(self, athlete: str, device: str) -> None:
        """A sensor is no longer this athlete's."""
        if athlete in self._runners:
            self._runners[athlete].sensors.pop(device, None)

    def unclaimed(self, collector: str, device: str, message: SensorStatus | None) -> None:
        """A sensor nobody owns is in the air; None when it was claimed or left."""
        if message is None or message.state is not SensorState.UNCLAIMED:
            self._unclaimed.pop(device, None)
        else:
            self._unclaimed[device] = (collector, message)

    def collector_of(self, device: str) -> str | None:
        """Which collector sees an unclaimed sensor."""
        found = self._unclaimed.get(device)
        return found[0] if found else None

    def prune(self, now_ms: int) -> None:
        """Forget runners who left long ago."""
        for athlete, runner in list(self._runners.items()):
            gone = runner.seen_ms is not None and now_ms - runner.seen_ms > FORGET_MS
            if gone and athlete not in self._configured:
                del self._runners[athlete]

    def view(self, now_ms: int, now_s: float = inf) -> BoardView:
        """The whole board at a moment; ``now_s`` is the wall's, as in :class:`crampwatch.roll.RollCall`."""
        roomy = len(self._runners) <= CARDS
        urgent = self._urgent()
        rows = []
        for athlete in sorted(self._runners):
            row = self._runners[athlete]
            concerns = row.assessed is not None and row.assessed.level is not Level.OK
            spark = roomy or concerns or athlete in urgent
            rows.append(row.view(now_ms, self.name_of(athlete), alert=urgent.get(athlete), spark=spark))
        return BoardView(
            at_ms=now_ms,
            team=self.team,
            athletes=tuple(rows),
            alerts=self._alert_views(now_ms, None),
            unclaimed=tuple(
                UnclaimedView(one.device, one.name, collector, one.measures, one.rssi_dbm)
                for _, (collector, one) in sorted(self._unclaimed.items())
            ),
            services=service_views(self.roll.entries(now_ms, now_s), now_ms),
        )

    def runner_view(self, athlete: str, now_ms: int, now_s: float = inf) -> RunnerView:
        """One runner's page at a moment; an athlete nobody has seen is waiting."""
        runner = self._runners.get(athlete) or Runner(athlete)
        alert = self._urgent().get(athlete)
        return RunnerView(
            at_ms=now_ms,
            team=self.team,
            athlete=runner.view(now_ms, self.name_of(athlete), alert=alert, spark=True),
            sensors=runner.sensor_views(),
            alerts=self._alert_views(now_ms, athlete),
            misses=misses(
                self.roll.entries(now_ms, now_s),
                {one.collector for one in runner.sensors.values() if one.collector is not None},
            ),
            usual=self._usual.get(athlete),
        )

    def alert_view(self, athlete: str, alert: Alert, now_ms: int) -> AlertView:
        """One alert as pages show it."""
        fault = alert.kind is AlertKind.FAULT
        return AlertView(
            id=alert.id,
            athlete=athlete,
            name=self.name_of(athlete),
            kind=alert.kind,
            level=alert.level.value,
            tone="stale" if fault else TONES[alert.level],
            word="Fault" if fault else LEVEL_WORDS[alert.level],
            state=alert.state,
            open=alert.state.open,
            title=alert.title,
            because=alert.because,
            steps=alert.steps,
            question=alert.question,
            raised_at_ms=alert.raised_at_ms,
            updated_at_ms=alert.updated_at_ms,
            age_s=max(0, now_ms - alert.raised_at_ms) // SECOND_MS,
        )

    def _runner(self, athlete: str) -> Runner:
        return self._runners.setdefault(athlete, Runner(athlete))

    def _urgent(self) -> dict[str, tuple[str, Level, tuple[str, ...]]]:
        """The most urgent alert of each athlete that nobody answered; a fault is no level of a person."""
        best: dict[str, tuple[str, Level, tuple[str, ...]]] = {}
        for athlete, alert in self._alerts.values():
            waiting = alert.state in {AlertState.RAISED, AlertState.DELIVERED}
            if not waiting or alert.kind is AlertKind.FAULT:
                continue
            if athlete not in best or alert.level.rank > best[athlete][1].rank:
                best[athlete] = (alert.id, alert.level, alert.because)
        return best

    def _alert_views(self, now_ms: int, athlete: str | None) -> tuple[AlertView, ...]:
        newest = sorted(self._alerts.values(), key=lambda pair: (-pair[1].raised_at_ms, pair[1].id))
        return tuple(self.alert_view(whose, alert, now_ms) for whose, alert in newest if athlete in {None, whose})

    def _trim(self) -> None:
        closed = sorted((a.updated_at_ms, a.id) for _, a in self._alerts.values() if not a.state.open)
        for _, alert_id in closed[:-CLOSED_SHOWN]:
            del self._alerts[alert_id]
