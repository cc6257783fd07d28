"""FIT files, by Garmin's own decoder; the only import of it."""

import bisect
from itertools import pairwise
from typing import Any

from garmin_fit_sdk import Decoder, Stream

from crampwatch.errors import Refused

from .assembly import UNKNOWN, Draft, Point
from .recording import MarkKind

#: FIT counts seconds from 1989-12-31T00:00:00Z (FIT SDK, date_time).
_FIT_EPOCH_S = 631_065_600
#: Global message numbers (FIT SDK, mesg_num).
_SPORT, _SESSION, _LAP, _RECORD, _EVENT, _HRV = 12, 18, 19, 20, 21, 78
_RUNNING = "running"
_TIMER = {
    "start": MarkKind.TIMER_START,
    "stop": MarkKind.TIMER_STOP,
    "stop_all": MarkKind.TIMER_STOP,
    "stop_disable": MarkKind.TIMER_STOP,
    "stop_disable_all": MarkKind.TIMER_STOP,
}
Message = dict[str, Any]


class _Gathered:
    """Messages as they come, in the file's order: beats have no time but their place after a record."""

    def __init__(self) -> None:
        self.draft = Draft()
        self.sessions: list[tuple[float, str]] = []
        self.named_sport = UNKNOWN

    def take(self, number: int, message: Message) -> None:
        """Listen to one message."""
        if number == _RECORD:
            self._record(message)
        elif number == _HRV:
            self._beats(message.get("time"))
        elif number == _EVENT and message.get("event") == "timer":
            self._mark(message, _TIMER.get(str(message.get("event_type"))))
        elif number == _LAP:
            self._mark(message, MarkKind.LAP)
            self.named_sport = str(message.get("sport", self.named_sport))
        elif number == _SPORT:
            self.named_sport = str(message.get("sport", self.named_sport))
        elif number == _SESSION:
            self._session(message)

    def _record(self, message: Message) -> None:
        at_s = _moment(message.get("timestamp"))
        if at_s is None:
            self.draft.found["records without a time, left out"] += 1
            return
        cadence = _number(message.get("cadence"))
        if cadence is not None:
            cadence += _number(message.get("fractional_cadence")) or 0.0
        speed = _number(message.get("enhanced_speed"))
        self.draft.points.append(
            Point(
                at_s=at_s,
                bpm=_number(message.get("heart_rate")),
                cadence=cadence,
                speed_mps=speed if speed is not None else _number(message.get("speed")),
                distance_m=_number(message.get("distance")),
            )
        )

    def _beats(self, times: Any) -> None:
        intervals = [time * 1_000 for time in (times if isinstance(times, list) else [times]) if _number(time)]
        if not self.draft.points:
            self.draft.found["beat intervals before the first record, left out"] += len(intervals)
            return
        self.draft.points[-1].rr_ms += tuple(round(rr, 3) for rr in intervals)

    def _mark(self, message: Message, kind: MarkKind | None) -> None:
        at_s = _moment(message.get("timestamp"))
        if at_s is not None and kind is not None:
            self.draft.marks.append((at_s, kind))

    def _session(self, message: Message) -> None:
        at_s = _moment(message.get("start_time"))
        if at_s is None:
            at_s = self.draft.points[0].at_s if self.draft.points else 0.0
        self.sessions.append((at_s, str(message.get("sport", UNKNOWN))))


def read_fit(data: bytes, file: str) -> list[Draft]:
    """The running sessions of a FIT file, each a draft.

    What is readable before a damage is taken, with a note.

    Raises:
        Refused: ``not_fit``, ``damaged`` (nothing readable) or ``not_running``.
    """
    decoder = Decoder(Stream.from_byte_array(bytearray(data)))
    if not decoder.is_fit():
        raise Refused("not_fit", f"{file} is no FIT file, whatever its ending says: {_looks_like(data)}")
    gathered = _Gathered()
    _, problems = decoder.read(
        convert_datetimes_to_dates=False,
        expand_sub_fields=False,
        expand_components=False,
        merge_heart_rates=False,
        mesg_listener=gathered.take,
    )
    draft = gathered.draft
    if problems:
        what = str(problems[0]).removeprefix("FIT Runtime Error").strip()
        if not draft.points:
            raise Refused("damaged", f"{file} is damaged ({what}) and nothing in it is readable: copy it once more")
        draft.damage = what
    return _runs(gathered, file)


def _runs(gathered: _Gathered, file: str) -> list[Draft]:
    """Split what was gathered by session; only runs are kept, the rest is named."""
    draft = gathered.draft
    sessions = sorted(gathered.sessions)
    if len(sessions) <= 1:
        draft.sport = sessions[0][1] if sessions else gathered.named_sport
        drafts = [draft]
    else:
        drafts = _split(draft, sessions)
    skipped = [one.sport for one in drafts if one.sport not in {_RUNNING, UNKNOWN}]
    runs = [one for one in drafts if one.sport in {_RUNNING, UNKNOWN}]
    if not runs:
        raise Refused("not_running", f"{file} holds {', '.join(skipped)} and no run: give a file of a run")
    for run in runs:
        run.found.update(f"session of {sport}, skipped" for sport in skipped)
    return runs


def _split(draft: Draft, sessions: list[tuple[float, str]]) -> list[Draft]:
    """A record belongs to the last session that began before it; the first also has what came earlier."""
    drafts = [Draft(sport=sport, found=draft.found.copy(), damage=draft.damage) for _, sport in sessions]
    starts = [start for start, _ in sessions]
    for point in draft.points:
        drafts[max(0, bisect.bisect_right(starts, point.at_s) - 1)].points.append(point)
    for mine, (begin, end) in zip(drafts, pairwise([*starts, float("inf")]), strict=True):
        mine.marks = [mark for mark in draft.marks if begin <= mark[0] < end]
    return [one for one in drafts if one.points or one.sport != _RUNNING]


def _number(value: Any) -> float | None:
    """A single number; the decoder has already made 0xFF None, and a garbled definition can make an array."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _moment(value: Any) -> float | None:
    number = _number(value)
    return None if number is None else number + _FIT_EPOCH_S


def _looks_like(data: bytes) -> str:
    start = data[:64].lstrip()
    if start.startswith(b"<"):
        return "it is XML, so name it .tcx or .gpx"
    if start.startswith(b"\x1f\x8b"):
        return "it is packed, so name it .fit.gz"
    return "export it once more"
