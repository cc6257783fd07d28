"""Work over every core: results in the order of what was asked, a bounded number of them ahead."""

import gc
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TypeVar

from crampwatch.errors import Unavailable

#: So many pieces wait for each worker: enough that none idles, few enough that memory stays small.
_AHEAD = 8
#: A session makes a hundred thousand small things that hold nothing in circles, and Python would look through them,
#: and all that was imported, after every 700: a tenth of a worker's time.
_LOOK_AFTER = 50_000

_Piece = TypeVar("_Piece")
_Made = TypeVar("_Made")


def each(work_on: Callable[[_Piece], _Made], pieces: Sequence[_Piece], cores: int) -> Iterator[_Made]:
    """What becomes of every piece, in their order.

    Args:
        work_on: is sent to the workers, as are the pieces.
        pieces: of the work.
        cores: how many processes; 1: none beside this one.

    Raises:
        Unavailable: one of them was killed.
    """
    if cores == 1 or len(pieces) < 2:
        yield from map(work_on, pieces)
        return
    # spawn: a forked child of a process with threads may hang, and spawn is what every platform has.
    pool = ProcessPoolExecutor(min(cores, len(pieces)), get_context("spawn"), _begin_worker)
    waiting: dict[int, Future[_Made]] = {}
    try:
        for number in range(len(pieces)):
            for ahead in range(number, min(len(pieces), number + _AHEAD * cores)):
                if ahead not in waiting:
                    waiting[ahead] = pool.submit(work_on, pieces[ahead])
            yield waiting.pop(number).result()
    except BrokenProcessPool as error:
        raise Unavailable(
            "one of the processes was killed, most likely because memory ran out: begin again with fewer (--jobs 1); "
            "with --work, what is done is kept"
        ) from error
    finally:
        # Once only: a second shutdown, as a "with" makes one, lets what waits begin after all.
        pool.shutdown(wait=True, cancel_futures=True)


def _begin_worker() -> None:
    """Ctrl-C is the main process's to answer; and a worker whose main process was killed ends as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, name="ends with its parent", daemon=True).start()
    gc.freeze()
    gc.set_threshold(_LOOK_AFTER)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
