"""The secret that device ids are made with: random, made once, never leaving this machine."""

import os
import secrets
import tempfile
from pathlib import Path

from crampwatch.errors import Misconfigured

FILE_NAME = "sensors.key"
BYTES = 32


def sensor_secret(state_dir: Path) -> bytes:
    """The secret kept in ``state_dir``, readable by this user only; made at the first call.

    Sensors get new ids, and claims of the old ids mean nothing, when the file is lost.

    Raises:
        Misconfigured: the folder cannot be used, or the file is damaged.
    """
    path = state_dir / FILE_NAME
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        secret = path.read_bytes()
    except OSError as error:
        raise Misconfigured("state_dir", f"cannot keep {path}: {error}; name a folder of yours") from error
    if len(secret) != BYTES:
        raise Misconfigured("state_dir", f"{path} is damaged: delete it, then claim the sensors again")
    return secret


def _make(path: Path) -> None:
    """Whole or not at all, and on disk: half a secret would be found at the next start."""
    handle, name = tempfile.mkstemp(prefix=f"{path.name}-", dir=path.parent)  # for this user only (0600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(BYTES))
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
