"""Where settings stand: a TOML file, a folder of secret files, and how one is laid over the other."""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crampwatch.errors import Misconfigured

ENV_PREFIX = "CRAMPWATCH_"
NESTED = "__"
#: Names a folder of secret files: ``crampwatch_mqtt__password`` in it holds ``mqtt.password``.
SECRETS_DIR = f"{ENV_PREFIX}SECRETS_DIR"


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a settings file.

    Raises:
        Misconfigured: it cannot be read.
    """
    try:
        # An editor may begin a file with a byte order mark, which TOML does not know.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Misconfigured(str(path), f"cannot be read: {error}") from error


def read_secrets(folder: Path) -> dict[str, Any]:
    """Settings from a folder with a file a secret; files without our prefix are somebody else's secrets.

    Raises:
        Misconfigured: the folder or one of the files cannot be read.
    """
    values: dict[str, Any] = {}
    try:
        mine = sorted(one for one in folder.iterdir() if one.name.upper().startswith(ENV_PREFIX) and one.is_file())
        for one in mine:
            value: Any = one.read_text(encoding="utf-8").strip()
            if value.startswith(("[", "{")):
                value = json.loads(value)
            for part in reversed(one.name.lower().removeprefix(ENV_PREFIX.lower()).split(NESTED)):
                value = {part: value}
            values = merged(values, value)
    except (OSError, ValueError) as error:
        raise Misconfigured(SECRETS_DIR, f"secret files in {folder} cannot be read: {error}") from error
    return values


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both, table by table; where both say something, ``over``."""
    both = dict(base)
    for key, value in over.items():
        below = both.get(key)
        both[key] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return both


def setter(loc: tuple[int | str, ...], file: Path | None) -> str:
    """The variable or file that a wrong value at ``loc`` came from."""
    variables = {name.upper() for name in os.environ}
    folder = os.environ.get(SECRETS_DIR)
    secrets = {one.name.upper(): one for one in Path(folder).iterdir()} if folder else {}
    for length in range(len(loc), 0, -1):
        name = (ENV_PREFIX + NESTED.join(str(part) for part in loc[:length])).upper()
        if name in variables:
            return f"the variable {name}"
        if name in secrets:
            return str(secrets[name])
    return str(file or "the command")
