"""Sessions to traces over every core, in an order that does not depend on them, going on where it was ended."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Protocol

from collector.offline import UNDATED_MS
from crampwatch.errors import CrampwatchError, Refused
from simulator.draw import draw
from simulator.session import Session

from . import judgeable, loading
from .kept import Shelf, unusable
from .trace import Trace
from .versions import key_of
from .watching import watch, watch_session

#: The method that ships; others are in :mod:`evaluation.baselines`.
MACHINE = "machine"
#: So many sessions wait in the pool for each worker: enough that none idles, few enough that memory stays small.
_AHEAD = 8


class Job(Protocol):
    """A session that can be had in any process."""

    @property
    def key(self) -> str:
        """Its name in a folder of kept traces."""
        ...

    def trace(self, method: str) -> Trace:
        """What a method makes of it.

        Raises:
            Refused: it cannot be scored; the message says why and what to do.
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

    def trace(self, method: str = MACHINE) -> Trace:
        """What a method makes of it."""
        session = self.session()
        if method == MACHINE:
            return watch_session(session, without=self.without)
        from .baselines import METHODS

        return METHODS[method](session)


@dataclass(frozen=True, slots=True)
class Filed:
    """A session in a file with its truth beside it."""

    path: Path

    @property
    def key(self) -> str:
        """Its name in a folder of kept traces: another content is another session."""
        with _named(self.path):
            return loading.key_of(self.path)

    def trace(self, method: str = MACHINE) -> Trace:
        """What a method makes of it."""
        with _named(self.path):
            found = loading.load(self.path)
            if method == MACHINE:
                trace = watch(found.name, found.truth, found.samples, zero_ms=UNDATED_MS)
                judgeable.demand(trace, found.recording, self.path)
                return trace
            from .baselines import METHODS

            return METHODS[method](found.session())


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


@dataclass(slots=True)
class Run:
    """What came of many jobs, in their order. ``problems``: what could not be scored and why."""

    traces: list[Trace] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def run(
    jobs: Sequence[Job],
    *,
    method: str = MACHINE,
    cores: int | None = None,
    work: Path | None = None,
    progress: Callable[[], None] = lambda: None,
    makes: Callable[[Job, str], Trace] | None = None,
) -> Run:
    """Every job's trace.

    Args:
        jobs: sessions.
        method: the machine, or a name in :data:`evaluation.baselines.METHODS`.
        cores: how many processes; None: one a core; 1: none beside this one.
        work: a folder in which traces are kept. What is there already is not made again, so a run that was ended
            goes on; traces of other code, generators or weights are not taken.
        progress: called as each job is done.
        makes: what makes a trace in a worker; for tests.

    Raises:
        Misconfigured: ``work`` cannot be written to.
    """
    shelf = None if work is None else Shelf(work, key_of(method))
    done = Run()
    work_on = partial(_made, method, shelf, makes or _trace)
    try:
        for made in _every(work_on, jobs, cores or os.cpu_count() or 1):
            if isinstance(made, Trace):
                done.traces.append(made)
            else:
                done.problems.append(made)
            progress()
    except OSError as error:  # jobs tell theirs by name, so it is the folder
        if work is None:
            raise
        raise unusable(work, error) from error
    return done


def _trace(job: Job, method: str) -> Trace:
    return job.trace(method)


def _made(method: str, shelf: Shelf | None, makes: Callable[[Job, str], Trace], job: Job) -> Trace | str:
    """One job in a worker: its trace, or why there is none."""
    try:
        key = job.key
        trace = shelf.get(key) if shelf else None
        if trace is None:
            trace = makes(job, method)
            if shelf:
                shelf.put(key, trace)
    except Refused as refused:
        return str(refused)
    return trace


def _every(work_on: Callable[[Job], Trace | str], jobs: Sequence[Job], cores: int) -> Iterator[Trace | str]:
    """Results in the order of the jobs, a bounded number ahead."""
    if cores == 1 or len(jobs) < 2:
        yield from map(work_on, jobs)
        return
    # spawn: a forked child of a process with threads may hang, and spawn is what every platform has.
    with ProcessPoolExecutor(min(cores, len(jobs)), get_context("spawn"), _begin_worker) as pool:
        waiting: dict[int, Future[Trace | str]] = {}
        try:
            for number in range(len(jobs)):
                for ahead in range(number, min(len(jobs), number + _AHEAD * cores)):
                    if ahead not in waiting:
                        waiting[ahead] = pool.submit(work_on, jobs[ahead])
                yield waiting.pop(number).result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _begin_worker() -> None:
    """Ctrl-C is the main process's to answer; and a worker whose main process was killed ends as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, name="ends with its parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
