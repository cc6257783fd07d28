"""What a run adds up to, from figures that InfluxDB worked out or from its facts one by one. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from crampwatch.events import AlertKind, FindingKind
from crampwatch.storage import RunKey, RunSummary
from crampwatch.storage.influx.reading import Row, at_ms
from crampwatch.units import Level

#: The fields that a run's figures are made of.
TELEMETRY_FIELDS = ("bpm", "spm", "distance_m")
ASSESSMENT_FIELDS = ("level_rank",)
FINDING_FIELDS = ("id", "session", "level")
ALERT_FIELDS = ("id", "session", "raised_at_ms")

_LEVELS = tuple(Level)


@dataclass(slots=True)
class Totals:
    """One run's figures, as they come in. Standing still is no cadence: its mean is that of the moving runner."""

    run: RunKey
    samples: int = 0
    bpm_sum: float = 0.0
    bpm_count: int = 0
    spm_sum: float = 0.0
    spm_count: int = 0
    worst_rank: int = 0
    #: Facts of this run, and facts of whatever run of the athlete between its first and its last.
    own: int = 0
    all: int = 0
    moments: list[int] = field(default_factory=list)
    raised: list[int] = field(default_factory=list)
    #: By device: what its odometer showed at the least and at the most.
    odometers: dict[str, tuple[float, float]] = field(default_factory=dict)
    findings: set[str] = field(default_factory=set)
    alerts: set[str] = field(default_factory=set)

    @property
    def alone(self) -> bool:
        """Whether no other run of the athlete lies between its ends, so that the figures are of this run only."""
        return self.own == self.all

    def add_own(self, figure: str, row: Row) -> None:
        """Take one row of :func:`crampwatch.storage.influx.flux.own` in."""
        if figure != "count":
            self.moments.append(at_ms(row))
            return
        self.own += row["_value"]
        if row["_measurement"] == "telemetry":
            self.samples += row["_value"]

    def add_figure(self, figure: str, row: Row) -> None:
        """Take one row of :func:`crampwatch.storage.influx.flux.figures` in."""
        value = row["_value"]
        match figure, row["_field"]:
            case "all", _:
                self.all += value
            case "sum", "bpm":
                self.bpm_sum += value
            case "sum", _:
                self.spm_sum += value
            case "bpm", _:
                self.bpm_count += value
            case "moving", _:
                self.spm_count += value
            case "worst", _:
                self.worst_rank = max(self.worst_rank, value)
            case _:  # low, high
                self._moved(row["src"], value)

    def add_samples(self, rows: Iterable[Row]) -> None:
        """Count a run's own telemetry, point by point."""
        for row in rows:
            self.samples += 1
            self.moments.append(at_ms(row))
            if (bpm := row.get("bpm")) is not None:
                self.bpm_sum += bpm
                self.bpm_count += 1
            if spm := row.get("spm"):
                self.spm_sum += spm
                self.spm_count += 1
            if (distance_m := row.get("distance_m")) is not None:
                self._moved(row["src"], distance_m)

    def add_assessments(self, rows: Iterable[Row]) -> None:
        """Count a run's own assessments, point by point."""
        for row in rows:
            self.moments.append(at_ms(row))
            self.worst_rank = max(self.worst_rank, row["level_rank"])

    def add_finding(self, row: Row) -> None:
        """Count a finding; that a signal is poor says nothing of the runner."""
        self.findings.add(row["id"])
        self.moments.append(at_ms(row))
        if row["kind"] != FindingKind.SIGNAL:
            self.worst_rank = max(self.worst_rank, Level(row["level"]).rank)

    def add_alert(self, row: Row) -> None:
        """Count one state of an alert; a fault says that we are blind, not how the runner is."""
        self.raised.append(row["raised_at_ms"])
        if row["kind"] != AlertKind.FAULT:
            self.alerts.add(row["id"])
            self.worst_rank = max(self.worst_rank, Level(row["level"]).rank)

    def summary(self) -> RunSummary | None:
        """The row of the run list; None when the run holds no fact."""
        # An alert may be about the silence after a run, so it dates only a run of which nothing else is known.
        moments = self.moments or self.raised
        if not moments:
            return None
        return RunSummary(
            run=self.run,
            started_ms=min(moments),
            ended_ms=max(moments),
            samples=self.samples,
            mean_bpm=self.bpm_sum / self.bpm_count if self.bpm_count else None,
            mean_spm=self.spm_sum / self.spm_count if self.spm_count else None,
            distance_m=max((high - low for low, high in self.odometers.values()), default=None),
            worst=_LEVELS[self.worst_rank].value,
            findings=len(self.findings),
            alerts=len(self.alerts),
        )

    def _moved(self, device: str, shown_m: float) -> None:
        low_m, high_m = self.odometers.get(device, (shown_m, shown_m))
        self.odometers[device] = min(low_m, shown_m), max(high_m, shown_m)


def share_out(rows: Iterable[Row], take: Sequence[Callable[[str, Row], None]]) -> None:
    """Give each run its rows of an answer about several; a row's ``result`` says whose it is and what."""
    for row in rows:
        place, _, figure = row["result"].partition(" ")
        take[int(place)](figure, row)
