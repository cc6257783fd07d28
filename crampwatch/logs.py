"""The log as machines and files read it: one JSON object, or one plain line, for each record."""

import json
import logging
import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

#: Priorities of syslog, as the journal reads them at the beginning of a line.
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at`` (UTC, milliseconds), ``level``, ``logger``, ``service`` and ``message``.

    ``exception`` holds a traceback where there is one.

    Args:
        services: which service speaks, by the first part of a logger's name.
        process: what is said to speak where no service is known to.
    """

    def __init__(self, services: Mapping[str, str], process: str) -> None:
        super().__init__()
        self._services = services
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "service": self._services.get(record.name.partition(".")[0], self._process),
            "message": printable(record.getMessage()),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


class PlainLines(logging.Formatter):
    """A line a record for a file or a pipe, never wrapped; a traceback follows its record.

    Args:
        journal: the lines go to systemd's journal, which dates them and takes the priority from their beginning.
    """

    def __init__(self, *, journal: bool) -> None:
        text = "%(name)s: %(message)s"
        super().__init__(text if journal else f"%(asctime)s %(levelname)-8s {text}", "%Y-%m-%d %H:%M:%S")
        self._journal = journal

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line without a traceback."""
        record.message = printable(record.message)
        line = super().formatMessage(record)
        return f"<{_priority(record.levelno)}>{line}" if self._journal else line


def printable(text: str) -> str:
    r"""Words from elsewhere as one line that steers no terminal.

    >>> printable("Ada\x1b[2J\n")
    'Ada [2J '
    """
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)


def goes_to_journal(stream: TextIO) -> bool:
    """Whether systemd has linked a stream to its journal, by the words it leaves to its services."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return stat.S_ISSOCK(found.st_mode) and (device, inode) == (str(found.st_dev), str(found.st_ino))


def _priority(level: int) -> int:
    return next((number for least, number in _PRIORITIES if level >= least), _DEBUG)
