"""Read a recording's bytes, unpacked, and never more than a run can have."""

import gzip
import zlib
from pathlib import Path

from crampwatch.errors import Refused

#: The longest known recording (a 24-hour race with everything on) stays far below; a packed bomb does not.
MAX_BYTES = 128 * 1024 * 1024


def content(path: Path) -> bytes:
    """The file's bytes; a ``.gz`` is unpacked.

    Raises:
        Refused: ``unreadable``, ``empty``, ``too_large`` or ``bad_gzip``.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise Refused("unreadable", f"{path} is no regular file: it may never end; name the file itself")
    try:
        data = _unpacked(path) if path.suffix.lower() == ".gz" else _plain(path)
    except OSError as error:
        raise Refused("unreadable", f"{path}: {error.strerror or error}: check the name and the permissions") from error
    if len(data) > MAX_BYTES:
        raise Refused("too_large", f"{path} is larger than {MAX_BYTES // 1024**2} MiB: that is no run")
    if not data:
        raise Refused("empty", f"{path} is empty: copy or export it once more")
    return data


def _plain(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _unpacked(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(MAX_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Refused("bad_gzip", f"{path} cannot be unpacked ({error}): copy or export it once more") from error
