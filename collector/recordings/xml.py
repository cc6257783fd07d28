"""XML recordings, element by element and without a bomb: what TCX and GPX share; the only import of defusedxml."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree.ElementTree import Element  # only the type; parsing is defusedxml's

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from crampwatch.errors import Refused

from .assembly import Draft


def elements(data: bytes, root: str, file: str) -> Iterator[tuple[str, str, Element]]:
    """(``start`` or ``end``, local name, element) in the order of the file; it ends early where the XML breaks.

    The caller learns of a break by :class:`Broken` after everything sound was told.

    Raises:
        Refused: ``unsafe_xml`` for a document type or entities, ``wrong_format`` for another root than ``root``.
        Broken: the XML ends or breaks here.
    """
    first = True
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            name = local(element)
            if first and name != root:
                raise Refused("wrong_format", f"{file} begins with <{name}>, not with <{root}>: check its ending")
            first = False
            yield event, name, element
    except DefusedXmlException as error:
        raise Refused("unsafe_xml", f"{file} declares a document type or entities; no watch writes that") from error
    except (ParseError, LookupError, ValueError) as error:
        if first:
            raise Refused("wrong_format", f"{file} is no XML ({error}): check its ending or export it again") from error
        raise Broken(str(error)) from error


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
    """The number, or None where there is none."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def moment(text: str | None) -> float | None:
    """Seconds since 1970 of an ISO 8601 time; without a zone it is taken as UTC, as both formats demand."""
    try:
        when = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
