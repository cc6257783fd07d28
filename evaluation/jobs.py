"""Sessions that can be had in any process, and what each method makes of them there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from collector.offline import UNDATED_MS
from crampwatch.errors import CrampwatchError, Refused
from simulator.draw import draw
from simulator.session import Session

from . import judgeable, loading
from .gated import Cadence, cadence_of
from .trace import Trace
from .watching import watch, watch_session

#: The method that ships; others are in :mod:`evaluation.baselines`.
MACHINE = "machine"


class Opened(Protocol):
    """A session in this process: drawn or loaded once, for any number of methods."""

    def trace(self, method: str) -> Trace:
        """What a method makes of it.

        Raises:
            Refused: it cannot be scored; the message says why and what to do.
        """
        ...


class Job(Protocol):
    """A session that can be had in any process."""

    @property
    def key(self) -> str:
        """Its name in a folder of kept traces."""
        ...

    def opened(self) -> Opened:
        """The session itself.

        Raises:
            Refused: it cannot be had; the message says why and what to do.
        """
        ...


@dataclass(frozen=True, slots=True)
class Drawn:
    """A simulated session. ``without``: what no sensor is worn for."""

    seed: int
    kind: str
    generator: str = "main"
    without: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """Its name in a folder of kept traces."""
        return "-".join([self.generator, self.kind, str(self.seed), *(f"no_{one}" for one in sorted(self.without))])

    def session(self) -> Session:
        """The session itself."""
        return draw(self.seed, self.kind, self.generator)  # type: ignore[arg-type]  # draw refuses others by itself

    def opened(self) -> Opened:
        """Draws it."""
        return _DrawnOnce(self.session(), self.without)


class _DrawnOnce:
    def __init__(self, session: Session, without: frozenset[str]) -> None:
        self._session, self._without = session, without

    def trace(self, method: str) -> Trace:
        if method == MACHINE:
            return watch_session(self._session, without=self._without)
        return _simply(method, self._cadence)

    @cached_property
    def _cadence(self) -> Cadence:
        return cadence_of(self._session)


@dataclass(frozen=True, slots=True)
class Filed:
    """A session in a file with its truth beside it."""

    path: Path

    @property
    def key(self) -> str:
        """Its name in a folder of kept traces: another content is another session."""
        with _named(self.path):
            return loading.key_of(self.path)

    def opened(self) -> Opened:
        """Loads it."""
        with _named(self.path):
            return _LoadedOnce(self.path, loading.load(self.path))


class _LoadedOnce:
    def __init__(self, path: Path, loaded: loading.Loaded) -> None:
        self._path, self._loaded = path, loaded

    def trace(self, method: str) -> Trace:
        with _named(self._path):
            if method == MACHINE:
                return self._watched()
            return _simply(method, self._cadence)

    def _watched(self) -> Trace:
        found = self._loaded
        trace = watch(found.name, found.truth, found.samples, zero_ms=UNDATED_MS)
        judgeable.demand(trace, found.recording, self._path)
        return trace

    @cached_property
    def _cadence(self) -> Cadence:
        return cadence_of(self._loaded.session())


def _simply(method: str, cadence: Cadence) -> Trace:
    from .baselines import METHODS  # only where they are asked for

    return METHODS[method](cadence)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Whatever goes wrong with a file of somebody else's is one run less, told by its name."""
    try:
        yield
    except CrampwatchError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise Refused("unusable", f"{path} cannot be scored ({what}): write it once more") from error
