"""Who says what to whom: every shape of topic with its body, its senders and its receivers, in one table.

The AsyncAPI document is made from it, and tests compare it with what the services subscribe to and publish.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from crampwatch.events import (
    Acknowledged,
    Alert,
    Assessed,
    CheckedIn,
    Delivered,
    Finding,
    Message,
    SensorClaimed,
    SensorStatus,
    ServiceStatus,
    StoredUpTo,
    Telemetry,
)
from crampwatch.topics import ROOT, SYSTEM, Kind, Topic
from crampwatch.usual import BaselineLearned, ResetAsked


class Party(StrEnum):
    """Who takes part. ``others``: phones, watch bridges, home automation, whoever may read and answer."""

    COLLECTOR = "collector"
    PROCESSOR = "processor"
    ALERTER = "alerter"
    DASHBOARD = "dashboard"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Lane:
    """One shape of topic.

    ``name`` names it in documents. ``whose`` and ``last`` say what stands in the place of the athlete and after the
    kind (None: nothing does). ``system``: it stands under the team of the system.
    """

    name: str
    kind: Kind
    body: type[Message]
    senders: frozenset[Party]
    receivers: frozenset[Party]
    whose: str = "athlete"
    last: str | None = None
    system: bool = False

    @property
    def address(self) -> str:
        """The topic with its parameters in braces.

        >>> next(lane.address for lane in LANES if lane.name == "alert")
        'crampwatch/v1/{team}/{athlete}/alert/{slot}'
        """
        team = SYSTEM if self.system else "{team}"
        base = f"{ROOT}/{team}/{{{self.whose}}}/{self.kind}"
        return base if self.last is None else f"{base}/{{{self.last}}}"

    def fits(self, topic: Topic) -> bool:
        """Whether a topic has this shape."""
        return (topic.kind, topic.team == SYSTEM, topic.device is not None) == (
            self.kind,
            self.system,
            self.last is not None,
        )


_COLLECTOR, _PROCESSOR, _ALERTER = (frozenset({one}) for one in (Party.COLLECTOR, Party.PROCESSOR, Party.ALERTER))
_SERVICES = frozenset(Party) - {Party.OTHERS}
_PAGES = frozenset({Party.DASHBOARD, Party.OTHERS})

LANES: Sequence[Lane] = (
    Lane("telemetry", Kind.TELEMETRY, Telemetry, _COLLECTOR, _PAGES | _PROCESSOR),
    Lane("backlog", Kind.BACKLOG, Telemetry, _COLLECTOR, _PROCESSOR),
    Lane("finding", Kind.FINDING, Finding, _PROCESSOR, _PAGES | _ALERTER),
    Lane("assessment", Kind.ASSESSMENT, Assessed, _PROCESSOR, _PAGES | _ALERTER),
    # The alerter reads its own: a broker that was killed may hold an alert that is over.
    Lane("alert", Kind.ALERT, Alert, _ALERTER, _PAGES | _ALERTER, last="slot"),
    Lane("delivery", Kind.DELIVERY, Delivered, _ALERTER, _PAGES),
    Lane("ack", Kind.ACK, Acknowledged, _PAGES, _ALERTER | _PROCESSOR),
    Lane("checkin", Kind.CHECKIN, CheckedIn, _PAGES, _ALERTER | _PROCESSOR),
    Lane("command", Kind.COMMAND, SensorClaimed, _PAGES, _COLLECTOR, whose="collector", system=True),
    Lane("baseline", Kind.BASELINE, BaselineLearned, _PROCESSOR, _PAGES),
    Lane("resetCommand", Kind.COMMAND, ResetAsked, frozenset({Party.DASHBOARD}), _PROCESSOR),
    Lane("sensorStatus", Kind.STATUS, SensorStatus, _COLLECTOR, _PAGES | _ALERTER, last="device"),
    Lane(
        "unclaimedSensorStatus",
        Kind.STATUS,
        SensorStatus,
        _COLLECTOR,
        _PAGES | _ALERTER,
        whose="collector",
        last="device",
        system=True,
    ),
    Lane(
        "serviceStatus",
        Kind.STATUS,
        ServiceStatus,
        _SERVICES,
        _PAGES | _ALERTER | _COLLECTOR,
        whose="service",
        system=True,
    ),
    Lane(
        "watermark",
        Kind.WATERMARK,
        StoredUpTo,
        _PROCESSOR | _COLLECTOR,
        _PROCESSOR | _COLLECTOR,
        whose="collector",
        last="service",
        system=True,
    ),
)
