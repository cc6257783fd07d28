"""Training Center XML (Garmin TrainingCenterDatabase v2, ActivityExtension v2)."""

from xml.etree.ElementTree import Element  # only the type; parsing is defusedxml's

from crampwatch.errors import Refused

from .assembly import UNKNOWN, Draft, Point
from .recording import MarkKind
from .xml import Broken, Runs, cadence_byte, elements, note_break, number, texts

#: The schema knows Running, Biking and Other; Other may be anything, so the numbers must tell.
_SPORTS = {"running": "running", "other": UNKNOWN, "": UNKNOWN}


class _Activities(Runs):
    """Activities, which of them are skipped, and the tracks of a lap."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped: list[str] = []
        self._open = False
        self._tracks_in_lap = 0

    def start(self, name: str, element: Element) -> None:
        """An element opens."""
        if name == "Activity":
            told = element.get("Sport", "").lower()
            self._open = told in _SPORTS
            if self._open:
                self.drafts.append(Draft(sport=_SPORTS[told]))
            else:
                self.skipped.append(told)
        elif name == "Lap":
            self._tracks_in_lap = 0
        elif name == "Track" and self._open and self.drafts[-1].points:
            # A second track inside a lap is how the format says that the timer was stopped in between.
            self.broke_at_s = self.drafts[-1].points[-1].at_s if self._tracks_in_lap else None

    def end(self, name: str, element: Element) -> None:
        """An element is complete."""
        if name == "Trackpoint":
            if self._open:
                self._point(element)
        elif name == "Track":
            self._tracks_in_lap += 1
        elif name == "Lap" and self._open and self.drafts[-1].points:
            self.drafts[-1].marks.append((self.drafts[-1].points[-1].at_s, MarkKind.LAP))

    def _point(self, element: Element) -> None:
        found = texts(element)
        at_s = self.begin_point(found.get("Time"))
        if at_s is None:
            return
        self.drafts[-1].points.append(
            Point(
                at_s=at_s,
                bpm=number(found.get("Value")),
                cadence=cadence_byte(found.get("RunCadence", found.get("Cadence"))),
                speed_mps=number(found.get("Speed")),
                distance_m=number(found.get("DistanceMeters")),
            )
        )


def read_tcx(data: bytes, file: str) -> list[Draft]:
    """The runs of a TCX file, each a draft.

    Raises:
        Refused: ``wrong_format``, ``unsafe_xml``, ``damaged`` or ``not_running``.
    """
    activities = _Activities()
    try:
        for event, name, element in elements(data, "TrainingCenterDatabase", "Trackpoint", file):
            (activities.start if event == "start" else activities.end)(name, element)
    except Broken as broken:
        note_break(activities.drafts, broken, file)
    if activities.skipped and not activities.drafts:
        raise Refused("not_running", f"{file} holds {', '.join(activities.skipped)} and no run: give a file of a run")
    for draft in activities.drafts:
        draft.found.update(f"activity of {sport}, skipped" for sport in activities.skipped)
    return activities.drafts
