"""Takes what comes from the bus: validates it, has it decided and kept, before the broker may forget it."""

import logging
from collections.abc import Callable

from crampwatch.bus import Delivery
from crampwatch.codec import decode
from crampwatch.errors import Refused
from crampwatch.events import Acknowledged, Alert, Assessed, CheckedIn, Finding, Message, SensorStatus, ServiceStatus
from crampwatch.metrics import Counters
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.trouble import level
from crampwatch.units import MINUTE_MS

from .case import Case, Run, Verdict
from .journal import Told
from .policy import Reason
from .room import Room

log = logging.getLogger(__name__)

#: A run's last sign of life is kept this often; a restart needs it no finer.
KEEP_RUN_MS = MINUTE_MS


class Reception:
    """Hands each message to whom it concerns.

    Args:
        room: where facts are kept, decided and looked at.
        counters: ``taken`` by kind, ``decided`` and ``refused`` by reason.
        due_sooner: called when something was told that the time may make something of.
        instance: this alerter's id.
        contradicted: called when somebody says that this alerter is down.
    """

    def __init__(
        self,
        room: Room,
        counters: Counters,
        due_sooner: Callable[[], None],
        *,
        instance: str,
        contradicted: Callable[[], None],
    ) -> None:
        self._room = room
        self._counters = counters
        self._due_sooner = due_sooner
        self._own = Topic(SYSTEM, instance, Kind.STATUS)
        self._contradicted = contradicted
        self._kept: dict[str, Run] = {}
        self._gone: dict[str, int | None] = {}

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
            hint = "look at what publishes there"
            log.log(level(first=first), "left out a message on %s: %s; %s", delivery.topic[:120], error, hint)
            return
        if topic.kind is Kind.ALERT:
            await self._take_own(topic, message, retained=delivery.retained)
            return
        if topic == self._own:
            if isinstance(message, ServiceStatus) and message.state == "down":
                # The broker published our last will after a broken link, and keeps it although we are back.
                self._contradicted()
            return
        self._counters.add("taken", topic.kind)
        if topic.kind is Kind.STATUS:
            await self._take_status(topic, message, retained=delivery.retained)
        elif message is not None:
            await self.take_fact(topic.athlete, message)

    async def _take_status(self, topic: Topic, message: Message | None, *, retained: bool) -> None:
        if topic.team == SYSTEM:
            await self._take_service(topic, message, retained=retained)
        elif topic.device is not None:
            self._room.sight.sensor(topic.athlete, topic.device, message if isinstance(message, SensorStatus) else None)
        self._due_sooner()

    async def _take_service(self, topic: Topic, message: Message | None, *, retained: bool) -> None:
        if topic.device is not None:  # a sensor that nobody has claimed
            return
        status = message if isinstance(message, ServiceStatus) else None
        now_ms = self._room.clock.now_ms()
        since_ms = self._room.sight.service(topic.athlete, status, now_ms, retained=retained)
        if topic.athlete not in self._gone or self._gone[topic.athlete] != since_ms:
            await self._room.journal.keep_gone(topic.athlete, since_ms)
            self._gone[topic.athlete] = since_ms

    async def _take_own(self, topic: Topic, message: Message | None, *, retained: bool) -> None:
        """What the broker kept of our alerts. One that was killed may have forgotten the end of one."""
        if not retained or not isinstance(message, Alert) or not message.state.open:
            return
        if await self._room.journal.correct(topic.athlete, message, self._room.clock.now_ms()):
            self._counters.add("corrected")
            self._changed()

    async def take_fact(self, athlete: str, message: Message) -> None:
        """Take what is told of an athlete; raises as :meth:`take` does."""
        now_ms, desk = self._room.clock.now_ms(), self._room.desk
        match message:
            case Assessed():
                await self._run_seen(athlete, message.session, message.at_ms, now_ms)
                await self._level_seen(athlete, message, now_ms)
            case Finding():
                if not message.late:
                    await self._run_seen(athlete, message.session, message.at_ms, now_ms)
                told = Told(f"finding:{athlete}:{message.id}", athlete, "finding", message)
                verdict = await self._decide(told, now_ms, lambda case: desk.on_finding(case, message, now_ms))
                if verdict is not None:
                    in_time = verdict.reason not in {Reason.LATE, Reason.TOO_LATE}
                    self._room.levels.found(athlete, message, in_time=in_time)
            case Acknowledged():
                named = f"{message.alert_id}:{message.at_ms}:{message.by}:{message.answer}"
                told = Told(f"ack:{athlete}:{named}", athlete, "ack", message)
                await self._decide(told, now_ms, lambda case: desk.on_answer(case, message, now_ms))
            # Whatever else a runner says is for those who learn: it opens and closes nothing.
            case CheckedIn(what="cramp" | "eased"):
                told = Told(f"checkin:{athlete}:{message.at_ms}:{message.what}", athlete, "checkin", message)
                await self._decide(told, now_ms, lambda case: desk.on_check_in(case, message, now_ms))

    async def _decide(self, told: Told, now_ms: int, work: Callable[[Case], Verdict | None]) -> Verdict | None:
        verdict = await self._room.journal.decide(told, now_ms, work)
        self._counters.add("decided", "known" if verdict is None else verdict.reason)
        if verdict is not None and verdict.filed:
            self._changed()
        return verdict

    async def _level_seen(self, athlete: str, assessed: Assessed, now_ms: int) -> None:
        """Make up for word of a level that did not come in time."""
        levels, desk = self._room.levels, self._room.desk
        if not self._room.sight.in_run(athlete, assessed.session):
            return
        stands = levels.seen(athlete, assessed, now_ms)
        if stands is not None:
            told = Told(stands.name(athlete), athlete, "level", assessed)
            await self._decide(told, now_ms, lambda case: desk.on_level(case, stands, assessed.at_ms, now_ms))
            levels.settle(athlete, stands)

    async def _run_seen(self, athlete: str, session: str, at_ms: int, now_ms: int) -> None:
        """Note a sign of life; a new run ends what is open of the last."""
        # A date ahead of the clock must not keep a silent run from being missed.
        run = self._room.sight.run_seen(athlete, session, min(at_ms, now_ms))
        kept = self._kept.get(athlete)
        if kept is not None and kept.session == run.session and run.seen_ms - kept.seen_ms < KEEP_RUN_MS:
            return
        await self._room.journal.run_seen(athlete, run)
        if kept is None or kept.session != run.session:
            await self._room.journal.revise(
                athlete, "run", now_ms, lambda case: self._room.desk.on_session(case, run.session, now_ms)
            )
            self._changed()
        self._kept[athlete] = run

    def _changed(self) -> None:
        self._room.changed()
        self._due_sooner()
