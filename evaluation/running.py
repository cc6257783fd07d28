"""Sessions to traces over every core, in an order that does not depend on them, going on where it was ended."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from crampwatch.errors import Refused

from . import pool
from .jobs import MACHINE, Job, Opened
from .kept import Shelf, from_bytes, to_bytes, unusable
from .trace import Trace
from .versions import key_of

_Result = TypeVar("_Result")


@dataclass(slots=True)
class Run:
    """What came of many jobs, in their order. ``problems``: what could not be scored and why."""

    traces: list[Trace] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Packed:
    """What came of many jobs by one method among several, in a third of the memory until it is asked for."""

    def __init__(self) -> None:
        self._traces: list[bytes] = []
        self._problems: list[str] = []

    def put(self, made: bytes | str) -> None:
        """Take what the next job came to: its trace in bytes, or why there is none."""
        if isinstance(made, bytes):
            self._traces.append(made)
        else:
            self._problems.append(made)

    def taken(self) -> Run:
        """All of it, once: nothing is held here any longer."""
        traces, self._traces = self._traces[::-1], []
        problems, self._problems = self._problems, []
        return Run([from_bytes(traces.pop()) for _ in range(len(traces))], problems)


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
        makes: what makes a trace in a worker, where it is not the method itself.

    Raises:
        Misconfigured: ``work`` cannot be written to.
    """
    done = Run()
    for (made,) in _each(partial(_made, _shelves([method], work), makes), jobs, cores, work):
        if isinstance(made, Trace):
            done.traces.append(made)
        else:
            done.problems.append(made)
        progress()
    return done


def runs(
    jobs: Sequence[Job],
    methods: Sequence[str],
    *,
    cores: int | None = None,
    work: Path | None = None,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Packed]:
    """Every job's trace by each of several methods: what :func:`run` says of each, with a session drawn or loaded once.

    It is drawn only if the trace of some method is missing in ``work``. ``progress`` is called for each method.
    """
    done = {one: Packed() for one in methods}
    for made in _each(partial(_packed, _shelves(methods, work)), jobs, cores, work):
        for packed, one in zip(done.values(), made, strict=True):
            packed.put(one)
            progress()
    return done


def _shelves(methods: Sequence[str], work: Path | None) -> dict[str, Shelf | None]:
    return {one: None if work is None else Shelf(work, key_of(one)) for one in methods}


def _each(
    work_on: Callable[[Job], _Result], jobs: Sequence[Job], cores: int | None, work: Path | None
) -> Iterator[_Result]:
    try:
        yield from pool.each(work_on, jobs, cores or os.cpu_count() or 1)
    except OSError as error:  # jobs tell theirs by name, so it is the folder
        if work is None:
            raise
        raise unusable(work, error) from error


def _packed(shelves: Mapping[str, Shelf | None], job: Job) -> list[bytes | str]:
    return [one if isinstance(one, str) else to_bytes(one) for one in _made(shelves, None, job)]


def _made(
    shelves: Mapping[str, Shelf | None], makes: Callable[[Job, str], Trace] | None, job: Job
) -> list[Trace | str]:
    """One job in a worker: the trace of each method, or why there is none."""
    try:
        key = job.key
    except Refused as refused:
        return [str(refused)] * len(shelves)
    make = _Once(job).trace if makes is None else partial(makes, job)
    return [_kept_or_made(method, shelf, key, make) for method, shelf in shelves.items()]


def _kept_or_made(method: str, shelf: Shelf | None, key: str, make: Callable[[str], Trace]) -> Trace | str:
    trace = shelf.get(key) if shelf else None
    if trace is None:
        try:
            trace = make(method)
        except Refused as refused:
            return str(refused)
        if shelf:
            shelf.put(key, trace)
    return trace


class _Once:
    """A job that is opened with the first method of which no trace is kept, and not again for the others."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def trace(self, method: str) -> Trace:
        opened = self._opened
        if isinstance(opened, Refused):
            raise opened
        return opened.trace(method)

    @cached_property
    def _opened(self) -> Opened | Refused:
        try:
            return self._job.opened()
        except Refused as refused:
            return refused
