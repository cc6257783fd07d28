"""What one recording may do to a command: whatever it raises is a refusal of that file, and the others go on."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from crampwatch.errors import CrampwatchError, Refused

log = logging.getLogger(__name__)


@contextlib.contextmanager
def one_file(path: Path) -> Iterator[None]:
    """Work on one foreign file.

    Raises:
        Refused: ``unusable`` in place of any error that nobody foresaw; what crampwatch raises on purpose passes.
    """
    try:
        yield
    except CrampwatchError:
        raise
    except Exception as error:
        log.debug("%s cannot be used", path, exc_info=error)
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise Refused("unusable", f"{path} cannot be used ({what}): export it once more, and report this") from error
