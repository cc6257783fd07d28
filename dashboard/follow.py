"""The board follows the bus: one message in, the part of the board that it concerns changed."""

from crampwatch import events as ev
from crampwatch.codec import decode
from crampwatch.storage import RunKey
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.units import MINUTE_MS
from crampwatch.usual import BaselineLearned

from .live import Board
from .site import Site

#: A clock may be this far ahead of ours. What is dated later is no fact about now: taken, it would outlive all that is.
AHEAD_MS = 2 * MINUTE_MS


async def follow(site: Site, topic_text: str, payload: bytes, *, retained: bool = False) -> None:
    """Take one message; ``retained``: the broker had kept it from before.

    Raises:
        Refused: the topic or the payload is none of ours.
        Unavailable: the store or the feed could not be asked; the board itself has taken the message.
    """
    topic = Topic.parse(topic_text)
    if not payload:
        _gone(site, topic)
        return
    message = decode(topic.kind, payload)
    board, athlete, until_ms = site.board, topic.athlete, site.clock.now_ms() + AHEAD_MS
    match message:
        case ev.Telemetry():
            credible = tuple(sample for sample in message.samples if sample.at_ms <= until_ms)
            present = message.model_copy(update={"samples": credible})
            # Backlog is for the store; a runner is live by what comes live.
            if topic.kind is Kind.TELEMETRY and credible and board.measured(athlete, present):
                await _began(site, athlete, message.session)
        case ev.Assessed() | ev.Finding() | BaselineLearned() if message.at_ms <= until_ms:
            _stands(board, athlete, message)
        case ev.Alert():
            await site.alerted(athlete, message)
        case ev.Delivered():
            await site.pushed(athlete, message)
        case ev.ServiceStatus():
            board.roll.heard(topic.athlete, message, site.clock.now_ms(), site.stopwatch(), retained=retained)
        case ev.SensorStatus():
            _sensor(board, topic, message)


def _stands(board: Board, athlete: str, message: ev.Assessed | ev.Finding | BaselineLearned) -> None:
    """How a runner stands, by the processor's word."""
    match message:
        case ev.Assessed():
            board.judged(athlete, message)
        case ev.Finding():
            board.found(athlete, message)
        case BaselineLearned():
            board.learned(athlete, message)


def _sensor(board: Board, topic: Topic, message: ev.SensorStatus) -> None:
    """A sensor's state; under the system team it is nobody's yet."""
    if topic.team == SYSTEM:
        board.unclaimed(topic.athlete, message.device, message)
    else:
        board.sensor(topic.athlete, message)


async def _began(site: Site, athlete: str, session: str) -> None:
    """A session is new to the board, perhaps not to the store: take its true start, and a name given since."""
    summary = await site.store.run(RunKey(site.board.team, athlete, session))
    if summary is not None:
        site.board.started(athlete, session, summary.started_ms)
    await site.refresh_names()


def _gone(site: Site, topic: Topic) -> None:
    """A retained message was cleared."""
    board = site.board
    if topic.kind is Kind.ALERT and topic.device is not None:
        board.alert_gone(topic.athlete, topic.device)
    elif topic.kind is Kind.BASELINE:
        board.learned(topic.athlete, None)
    elif topic.kind is Kind.STATUS and topic.device is None:
        board.roll.heard(topic.athlete, None, site.clock.now_ms(), site.stopwatch(), retained=False)
    elif topic.kind is Kind.STATUS and topic.team == SYSTEM:
        board.unclaimed(topic.athlete, topic.device or "", None)
    elif topic.kind is Kind.STATUS:
        board.sensor_gone(topic.athlete, topic.device or "")
