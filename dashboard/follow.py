"""The board follows the bus: one message in, the part of the board that it concerns changed."""

from crampwatch import events as ev
from crampwatch.codec import decode
from crampwatch.storage import RunKey
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.units import MINUTE_MS

from .live import Board
from .site import Site

#: A clock may be this far ahead of ours. What is dated later is no fact about now: taken, it would outlive all that is.
AHEAD_MS = 2 * MINUTE_MS


async def follow(site: Site, topic_text: str, payload: bytes) -> None:
    """Take one message.

    Raises:
        Refused: the topic or the payload is none of ours.
        Unavailable: the store or the feed could not be asked; the board itself has taken the message.
    """
    topic = Topic.parse(topic_text)
    if not payload:
        _gone(site.board, topic)
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
        case ev.Assessed() if message.at_ms <= until_ms:
            board.judged(athlete, message)
        case ev.Finding() if message.at_ms <= until_ms:
            board.found(athlete, message)
        case ev.Alert():
            await site.alerted(athlete, message)
        case ev.Delivered():
            await site.pushed(athlete, message)
        case ev.SensorStatus() | ev.ServiceStatus():
            _status(board, topic, message)


def _status(board: Board, topic: Topic, message: ev.SensorStatus | ev.ServiceStatus) -> None:
    """A sensor's or a service's state; under the system team a sensor is nobody's yet."""
    if isinstance(message, ev.ServiceStatus):
        board.service(topic.athlete, message)
    elif topic.team == SYSTEM:
        board.unclaimed(topic.athlete, message.device, message)
    else:
        board.sensor(topic.athlete, message)


async def _began(site: Site, athlete: str, session: str) -> None:
    """A session is new to the board, perhaps not to the store: take its true start, and a name given since."""
    summary = await site.store.run(RunKey(site.board.team, athlete, session))
    if summary is not None:
        site.board.started(athlete, session, summary.started_ms)
    await site.refresh_names()


def _gone(board: Board, topic: Topic) -> None:
    """A retained message was cleared."""
    if topic.kind is Kind.ALERT and topic.device is not None:
        board.alert_gone(topic.athlete, topic.device)
    elif topic.kind is Kind.STATUS and topic.device is None:
        board.service(topic.athlete, None)
    elif topic.kind is Kind.STATUS and topic.team == SYSTEM:
        board.unclaimed(topic.athlete, topic.device or "", None)
    elif topic.kind is Kind.STATUS:
        board.sensor_gone(topic.athlete, topic.device or "")
