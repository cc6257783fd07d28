"""Services start in order, each ready before the next, and stop in reverse, whoever is impatient."""

import asyncio
import gc
import platform
import subprocess
import sys
import weakref

import pytest

from crampwatch import service
from crampwatch.errors import Misconfigured
from crampwatch.service import LOOKS, running, share_one_heap, spare_collections


class Part:
    """A service that writes down what becomes of it; ``goodbye`` holds up its end."""

    def __init__(self, name, diary):
        self.name = name
        self.ready = asyncio.Event()
        self.goodbye = asyncio.Event()
        self.goodbye.set()
        self._diary = diary

    async def run(self):
        self._diary.append(f"{self.name} up")
        self.ready.set()
        try:
            await asyncio.Event().wait()
        finally:
            self._diary.append(f"{self.name} stopping")
            await self.goodbye.wait()
            self._diary.append(f"{self.name} down")


class Brief(Part):
    """A service that ends before it is ready."""

    def __init__(self, name, diary, error=None):
        super().__init__(name, diary)
        self._error = error

    async def run(self):
        if self._error is not None:
            raise self._error


async def turns(count=20):
    for _ in range(count):
        await asyncio.sleep(0)


async def test_services_start_in_order_and_stop_in_reverse():
    diary = []
    async with running([Part("one", diary), Part("two", diary)]):
        assert diary == ["one up", "two up"]
    assert diary[2:] == ["two stopping", "two down", "one stopping", "one down"]


async def test_a_caller_that_is_cancelled_ends_cancelled_after_an_orderly_stop():
    diary = []
    parts = [Part("one", diary), Part("two", diary)]
    after = []

    async def main():
        async with running(parts):
            await asyncio.Event().wait()
        after.append("went on")

    caller = asyncio.create_task(main())
    await turns()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert diary[2:] == ["two stopping", "two down", "one stopping", "one down"]
    assert after == []


async def test_a_cancellation_during_the_stop_neither_cuts_it_short_nor_is_lost():
    diary = []
    parts = [Part("one", diary), Part("two", diary)]
    parts[1].goodbye.clear()
    after = []

    async def main():
        async with running(parts):
            pass
        after.append("went on")

    caller = asyncio.create_task(main())
    await turns()
    assert diary[2:] == ["two stopping"]
    for _ in range(2):
        caller.cancel()
        await turns()
    assert diary[2:] == ["two stopping"]
    assert not caller.done()
    parts[1].goodbye.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert diary[2:] == ["two stopping", "two down", "one stopping", "one down"]
    assert after == []


async def test_a_service_that_ends_at_once_is_not_taken_for_ready():
    diary = []
    entered = False
    with pytest.raises(ExceptionGroup) as caught:
        async with running([Part("one", diary), Brief("two", diary), Part("three", diary)]):
            entered = True
    assert caught.group_contains(RuntimeError, match="two ended before it was ready")
    assert not entered
    assert diary == ["one up", "one stopping", "one down"]


async def test_a_service_that_fails_before_it_is_ready_says_why_once():
    diary = []
    wrong = Misconfigured("mqtt.url", "write mqtt://host")
    with pytest.raises(ExceptionGroup) as caught:
        async with running([Part("one", diary), Brief("two", diary, wrong)]):
            pytest.fail("entered")
    assert caught.value.exceptions == (wrong,)
    assert diary == ["one up", "one stopping", "one down"]


async def test_a_service_that_fails_later_ends_the_block_with_its_reason():
    diary = []
    wrong = Misconfigured("state_dir", "give it room")
    late = Part("two", diary)
    broken = asyncio.Event()

    async def run():
        late.ready.set()
        await broken.wait()
        raise wrong

    async def main():
        async with running([Part("one", diary), late]):
            broken.set()
            await asyncio.Event().wait()

    late.run = run
    with pytest.raises(ExceptionGroup) as caught:
        await main()
    assert caught.value.exceptions == (wrong,)
    assert diary == ["one up", "one stopping", "one down"]


@pytest.fixture
def _collector_as_it_was():
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


class Ring:
    def __init__(self):
        self.itself = self


@pytest.mark.usefixtures("_collector_as_it_was")
def test_rings_of_a_spared_process_are_still_freed_and_what_it_has_loaded_is_not_looked_at():
    loaded = [[] for _ in range(100)]
    spare_collections()
    assert gc.get_threshold() == LOOKS
    assert gc.get_freeze_count() > len(loaded)
    assert not any(one is loaded[0] for one in gc.get_objects())
    lost = weakref.ref(Ring())
    fillers = []
    while lost() is not None and len(fillers) < 100 * LOOKS[0]:
        fillers.append([])
    assert lost() is None


HEAPS = """
import ctypes, gc, sys, threading
from crampwatch.service import share_one_heap
if sys.argv[1] == "one":
    share_one_heap()
def use():
    kept = [bytes(600) for _ in range(1000)]
threads = [threading.Thread(target=use) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(flush=True)
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives threads heaps; nothing enables it here")
@pytest.mark.parametrize(("asked", "heaps"), [("one", {1}), ("as it comes", {2, 3, 4, 5})])
def test_threads_share_one_heap_when_asked_to(asked, heaps):
    told = subprocess.run([sys.executable, "-c", HEAPS, asked], capture_output=True, text=True, check=True).stderr
    assert told.count("Arena ") in heaps


def test_asking_for_one_heap_where_the_c_library_has_no_such_thing_changes_nothing(monkeypatch):
    monkeypatch.setattr(service.ctypes, "CDLL", lambda _: object())
    share_one_heap()
