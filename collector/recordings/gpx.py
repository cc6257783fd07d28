"""GPX 1.1 with Garmin's TrackPointExtension, as Garmin Connect and Strava write it."""

from math import asin, cos, radians, sin, sqrt
from xml.etree.ElementTree import Element  # only the type; parsing is defusedxml's

from crampwatch.errors import Refused

from .assembly import UNKNOWN, Draft, Point
from .xml import Broken, Runs, cadence_byte, elements, note_break, number, texts

_EARTH_M = 6_371_009.0
_POLE_DEG, _DATE_LINE_DEG = 90.0, 180.0
#: ``<type>`` is free text; Strava writes 9 for a run.
_RUNS = {"9", "run", "running", "trail_running", "trail running", "track_running", "treadmill_running", "jogging"}


class _Tracks(Runs):
    """Tracks, and how far each has come."""

    def __init__(self) -> None:
        super().__init__()
        self._here: tuple[float, float] | None = None
        self._distance_m = 0.0

    def start(self, name: str) -> None:
        """An element opens."""
        if name == "trk":
            self.drafts.append(Draft())
            self._here, self._distance_m, self.broke_at_s = None, 0.0, None
        elif name == "trkseg" and self.drafts and self.drafts[-1].points:
            # A new segment is how the format says that the timer was stopped; the way between is not run.
            self.broke_at_s, self._here = self.drafts[-1].points[-1].at_s, None

    def end(self, name: str, element: Element) -> None:
        """An element is complete."""
        if not self.drafts:
            return
        if name == "trkpt":
            self._point(element)
        elif name == "type" and element.text:
            told = element.text.strip().lower()
            self.drafts[-1].sport = "running" if told in _RUNS else told or UNKNOWN

    def _point(self, element: Element) -> None:
        found = texts(element)
        at_s = self.begin_point(found.get("time"))
        if at_s is None:
            return
        self.drafts[-1].points.append(
            Point(
                at_s=at_s,
                bpm=number(found.get("hr", found.get("heartrate"))),
                cadence=cadence_byte(found.get("cad", found.get("cadence"))),
                speed_mps=number(found.get("speed")),
                distance_m=self._way_so_far(element),
            )
        )

    def _way_so_far(self, element: Element) -> float | None:
        lat, lon = number(element.get("lat")), number(element.get("lon"))
        if lat is None or lon is None or abs(lat) > _POLE_DEG or abs(lon) > _DATE_LINE_DEG:
            return None
        if self._here is not None:
            self._distance_m += metres_between(self._here, (lat, lon))
        self._here = (lat, lon)
        return self._distance_m


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance between two (latitude, longitude) in degrees, by the haversine formula."""
    lat1, lon1, lat2, lon2 = (radians(value) for value in (*one, *other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_M * asin(sqrt(min(1.0, half)))


def read_gpx(data: bytes, file: str) -> list[Draft]:
    """The runs of a GPX file, each a draft.

    Raises:
        Refused: ``wrong_format``, ``unsafe_xml``, ``damaged`` or ``not_running``.
    """
    tracks = _Tracks()
    try:
        for event, name, element in elements(data, "gpx", "trkpt", file):
            if event == "start":
                tracks.start(name)
            else:
                tracks.end(name, element)
    except Broken as broken:
        note_break(tracks.drafts, broken, file)
    skipped = [draft.sport for draft in tracks.drafts if draft.sport not in {"running", UNKNOWN}]
    runs = [draft for draft in tracks.drafts if draft.sport in {"running", UNKNOWN}]
    if skipped and not runs:
        raise Refused("not_running", f"{file} holds {', '.join(skipped)} and no run: give a file of a run")
    for draft in runs:
        draft.found.update(f"track of {sport}, skipped" for sport in skipped)
    return runs
