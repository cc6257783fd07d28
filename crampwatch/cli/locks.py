"""Who uses a state folder: one process a service, known by the locks that it holds."""

import contextlib
import fcntl
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from crampwatch.errors import Misconfigured
from crampwatch.settings import Settings

#: Who only asks holds a lock for no longer than this.
ASKED_S = 0.05
#: What starts each service that may have an outbox.
COMMANDS = {"processor": "process", "alerter": "alert", "dashboard": "serve"}


@contextlib.contextmanager
def sole_user(state_dir: Path, services: Sequence[str]) -> Iterator[None]:
    """Hold a lock per service in ``state_dir``, so that two processes never share one queue.

    Raises:
        Misconfigured: another process holds one, or the folder cannot be used.
    """
    with contextlib.ExitStack() as stack:
        for service in services:
            path = state_dir / f"{service}.lock"
            try:
                state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
                _lock(stack.enter_context(path.open("w")))
            except BlockingIOError:
                raise Misconfigured(
                    "state_dir", f"another crampwatch {service} uses {state_dir}; stop it or set another state_dir"
                ) from None
            except OSError as error:
                raise Misconfigured("state_dir", f"cannot write in {state_dir}: {error}") from error
        yield


def in_use(state_dir: Path, service: str) -> bool:
    """Whether a process runs a service on ``state_dir`` now."""
    try:
        with (state_dir / f"{service}.lock").open() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def undelivered(settings: Settings, service: str) -> str:
    """What to start so that a service's outbox is delivered; empty when somebody does that already."""
    if settings.storage.backend != "sqlite" and in_use(settings.state_dir, service):
        return ""
    start = (
        f"start `crampwatch {COMMANDS[service]}` or `crampwatch run`" if service in COMMANDS else "start what made it"
    )
    mend = 'set storage.backend to "both" and ' if settings.storage.backend == "sqlite" else ""
    return f"nobody delivers that: {mend}{start}"


def _lock(handle: TextIO) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(ASKED_S)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
