"""Takes what comes from the bus: validates it, has it decided and kept, before the broker may forget it."""

import logging
from collections.abc import Callable

from crampwatch.bus import Delivery
from crampwatch.clock import Clock
from crampwatch.codec import decode
from crampwatch.errors import Refused
from crampwatch.events import Acknowledged, Assessed, CheckedIn, Finding, Message, SensorStatus, ServiceStatus
from crampwatch.metrics import Counters
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.units import MINUTE_MS

from .case import Run, Verdict
from .desk import Desk
from .journal import Journal, Told
from .sight import Sight

log = logging.getLogger(__name__)

#: A run's last sign of life is kept this often; a restart needs it no finer.
KEEP_RUN_MS = MINUTE_MS


class Reception:
    """Hands each message to whom it concerns.

    Args:
        journal, desk, sight: where facts are kept, decided, and looked at.
        clock: the run's time.
        counters: ``taken`` by kind, ``decided`` by reason, ``refused`` by reason.
        decided: called after a decision that changed something.
        looked: called when something was told that bears on faults.
        contradicted: called when somebody says that this alerter is down.
        instance: this alerter's id.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        desk: Desk,
        sight: Sight,
        clock: Clock,
        counters: Counters,
        decided: Callable[[], None],
        looked: Callable[[], None],
        contradicted: Callable[[], None],
        instance: str,
    ) -> None:
        self._journal = journal
        self._desk = desk
        self._sight = sight
        self._clock = clock
        self._counters = counters
        self._decided = decided
        self._looked = looked
        self._contradicted = contradicted
        self._instance = instance
        self._kept: dict[str, Run] = {}

    async def take(self, delivery: Delivery) -> None:
        """Take one message; when this returns it is safe here, or was refused and counted.

        Raises:
            Unavailable: the journal cannot be written now; the message must come again.
        """
        try:
            topic = Topic.parse(delivery.topic)
            message = decode(topic.kind, delivery.payload) if delivery.payload else None
        except Refused as error:
            first = self._counters.add("refused", error.reason) == 1
            log.log(logging.WARNING if first else logging.DEBUG, "left out a message on %s: %s", delivery.topic, error)
            return
        self._counters.add("taken", topic.kind)
        if topic.kind is Kind.STATUS:
            self._take_status(topic, message, retained=delivery.retained)
        elif message is not None:
            await self._take_fact(topic.athlete, message)

    def _take_status(self, topic: Topic, message: Message | None, *, retained: bool) -> None:
        if topic.team == SYSTEM:
            self._take_service(topic, message, retained=retained)
        elif topic.device is not None:
            self._sight.sensor(topic.athlete, topic.device, message if isinstance(message, SensorStatus) else None)
        self._looked()

    def _take_service(self, topic: Topic, message: Message | None, *, retained: bool) -> None:
        if topic.device is not None:  # a sensor that nobody has claimed
            return
        status = message if isinstance(message, ServiceStatus) else None
        if topic.athlete != self._instance:
            self._sight.service(topic.athlete, status, self._clock.now_ms(), retained=retained)
        elif status is not None and status.state == "down":
            # The broker published our last will after a broken link, and keeps it although we are back.
            self._contradicted()

    async def _take_fact(self, athlete: str, message: Message) -> None:
        now_ms = self._clock.now_ms()
        match message:
            case Assessed():
                await self._run_seen(athlete, message.session, message.at_ms, now_ms)
            case Finding():
                if not message.late:
                    await self._run_seen(athlete, message.session, message.at_ms, now_ms)
                told = Told(f"finding:{athlete}:{message.id}", athlete, "finding", message)
                self._count(
                    await self._journal.decide(told, now_ms, lambda case: self._desk.on_finding(case, message, now_ms))
                )
            case Acknowledged():
                answer_id = f"ack:{athlete}:{message.alert_id}:{message.at_ms}:{message.by}:{message.answer}"
                told = Told(answer_id, athlete, "ack", message)
                self._count(
                    await self._journal.decide(told, now_ms, lambda case: self._desk.on_answer(case, message, now_ms))
                )
            case CheckedIn():
                told = Told(f"checkin:{athlete}:{message.at_ms}:{message.what}", athlete, "checkin", message)
                self._count(
                    await self._journal.decide(told, now_ms, lambda case: self._desk.on_check_in(case, message, now_ms))
                )

    async def _run_seen(self, athlete: str, session: str, at_ms: int, now_ms: int) -> None:
        """Note a sign of life; a new run ends what is open of the last."""
        run = self._sight.run_seen(athlete, session, at_ms)
        kept = self._kept.get(athlete)
        if kept is not None and kept.session == run.session and run.seen_ms - kept.seen_ms < KEEP_RUN_MS:
            return
        await self._journal.run_seen(athlete, run)
        if kept is None or kept.session != run.session:
            await self._journal.revise(
                athlete, "run", now_ms, lambda case: self._desk.on_session(case, run.session, now_ms)
            )
            self._decided()
        self._kept[athlete] = run

    def _count(self, verdict: Verdict | None) -> None:
        self._counters.add("decided", "known" if verdict is None else verdict.reason)
        if verdict is not None and verdict.filed:
            self._decided()
