"""What a figure depends on, as short hashes: the generator, the machine, its weights."""

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from crampwatch import __version__
from processor.detect.pattern import PatternSettings
from simulator.draw import VERSION

_DIGITS = 12


@cache
def versions() -> dict[str, str]:
    """``package``, ``generator`` (its number and the hash of its code), ``weights`` (the hash of every setting of the
    score and the levels) and ``machine`` (of all code between a sample and a finding).
    """
    return {
        "package": __version__,
        "generator": f"{VERSION}-{_hash('simulator')}",
        "weights": hashed(repr(PatternSettings())),
        "machine": _hash("processor"),
    }


@cache
def key_of(method: str) -> str:
    """Names everything that a method's trace of a session depends on."""
    told = versions()
    code = _hash("evaluation", "simulator", "processor", "collector", "crampwatch")
    return f"{method}-{hashed(' '.join([*told.values(), code]))}"


def hashed(text: str) -> str:
    """The first digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _hash(*packages: str) -> str:
    digest = hashlib.sha256()
    for package in packages:
        for path, file in sorted(_sources(files(package), package)):
            digest.update(path.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:_DIGITS]


def _sources(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for one in folder.iterdir():
        name = f"{path}/{one.name}"
        if one.is_dir() and not one.name.startswith(("_", ".")):
            found += _sources(one, name)
        elif one.name.endswith((".py", ".toml", ".json")):
            found.append((name, one))
    return found
