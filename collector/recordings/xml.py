"""XML recordings, element by element and without a bomb: what TCX and GPX share; the only import of defusedxml."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite
from xml.etree.ElementTree import Element  # only the type; parsing is defusedxml's

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from crampwatch.errors import Refused

from .assembly import Draft
from .recording import MarkKind

#: A day at a point a second with everything on has 1.2 million elements; a bomb of 120 MiB has thirty.
MAX_ELEMENTS = 1_500_000


def elements(data: bytes, root: str, point: str, file: str) -> Iterator[tuple[str, str, Element]]:
    """(``start`` or ``end``, local name, element) in the order of the file; it ends early where the XML breaks.

    An element is whole when it ends and gone afterwards: only below a ``point`` are finished ones kept, until that
    point has ended. The caller learns of a break by :class:`Broken` after everything sound was told.

    Raises:
        Refused: ``too_large`` for more than ``MAX_ELEMENTS``, ``unsafe_xml`` for a document type or entities,
            ``wrong_format`` for another root than ``root``.
        Broken: the XML ends or breaks here.
    """
    if data.count(b"<") - data.count(b"</") > MAX_ELEMENTS:
        raise Refused("too_large", f"{file} holds more than {MAX_ELEMENTS:,} XML elements: that is no run")
    first = True
    above: list[Element] = []
    points_above = 0
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            name = local(element)
            if first and name != root:
                raise Refused("wrong_format", f"{file} begins with <{name}>, not with <{root}>: check its ending")
            first = False
            yield event, name, element
            if event == "start":
                above.append(element)
                points_above += name == point
                continue
            above.pop()
            points_above -= name == point
            if above and not points_above:
                above[-1].remove(element)
    except DefusedXmlException as error:
        raise Refused("unsafe_xml", f"{file} declares a document type or entities; no watch writes that") from error
    except (ParseError, LookupError, ValueError) as error:
        if first:
            raise Refused("wrong_format", f"{file} is no XML ({error}): check its ending or export it again") from error
        raise Broken(str(error)) from error


class Runs:
    """What the elements of a file have told so far: a draft a run, and a stop of the timer that waits for its end."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.broke_at_s: float | None = None

    def begin_point(self, time: str | None) -> float | None:
        """The moment of a point of the last draft, seconds since 1970; a stop of the timer ends with it.

        None when it has no time: then it is left out, and noted.
        """
        draft = self.drafts[-1]
        at_s = moment(time)
        if at_s is None:
            draft.found["points without a time, left out"] += 1
        elif self.broke_at_s is not None:
            draft.marks += [(self.broke_at_s, MarkKind.TIMER_STOP), (at_s, MarkKind.TIMER_START)]
            self.broke_at_s = None
        return at_s


class Broken(Exception):  # noqa: N818 - what was read before it still counts
    """The XML breaks off; handled inside this package."""


def note_break(drafts: list[Draft], broken: Broken, file: str) -> None:
    """Keep what was read before the break, with a note.

    Raises:
        Refused: ``damaged``, nothing was readable.
    """
    if not any(draft.points for draft in drafts):
        raise Refused("damaged", f"{file} is damaged ({broken}) and nothing in it is readable: export it again")
    drafts[-1].damage = str(broken)


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def texts(element: Element) -> dict[str, str]:
    """Local names of all leaves below to their texts; the first of a name counts."""
    found: dict[str, str] = {}
    for leaf in element.iter():
        if leaf.text and not leaf.text.isspace():
            found.setdefault(local(leaf), leaf.text.strip())
    return found


def number(text: str | None) -> float | None:
    """The number, or None where there is none; ``inf`` and ``nan`` are words that floats know and no file means."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if isfinite(value) else None


def cadence_byte(text: str | None) -> float | None:
    """A cadence: a byte up to 254 in both schemas; 255 is how their writers say missing."""
    cadence = number(text)
    return None if cadence == 0xFF else cadence


def moment(text: str | None) -> float | None:
    """Seconds since 1970 of an ISO 8601 time; without a zone it is taken as UTC, as both formats demand."""
    try:
        when = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
