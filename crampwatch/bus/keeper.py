"""Keep one broker alive for every process that shares a state folder."""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crampwatch.bus.brands import Brand
from crampwatch.bus.child import Child, kill_leftover
from crampwatch.bus.probe import round_trip
from crampwatch.errors import Misconfigured, Unavailable

log = logging.getLogger(__name__)

UP_WITHIN_S = 10.0
PROBE_WITHIN_S = 1.5
#: One slow answer on a busy machine is no proof; two in a row are.
FAILED_PROBES = 2
HEIR_LOOKS_EVERY_S = 0.5
LONGEST_PAUSE_S = 10.0


@dataclass(frozen=True, slots=True)
class Note:
    """What the process that runs the broker leaves for the others."""

    name: str
    port: int
    pid: int


def note_in(folder: Path) -> Note | None:
    """The note in a broker's folder, if there is a readable one."""
    try:
        note = Note(**json.loads((folder / "broker.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return note if isinstance(note.port, int) and isinstance(note.pid, int) else None


class Keeper:
    """Runs a broker in ``folder``, or joins the process that does and takes over when it goes.

    Who holds the lock file runs the broker; the kernel lets go of it however that process ends.
    """

    def __init__(self, brand: Brand, folder: Path, port: int) -> None:
        self._brand = brand
        self._folder = folder
        self._wanted_port = port
        self._lock: int | None = None
        self._child: Child | None = None
        self.port = 0
        self.log = folder / f"{brand.name}.log"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Keeper"]:
        """Have a broker while the block runs.

        Raises:
            Misconfigured: the port is taken, the folder cannot be written, or the broker ends at once.
            Unavailable: it does not answer.
        """
        task: asyncio.Task[None] | None = None
        try:
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                await self._begin()
            except OSError as error:
                raise Misconfigured("state_dir", f"cannot run a broker in {self._folder}: {error}") from error
            task = asyncio.create_task(self._keep(), name=f"{self._brand.name}-keeper")
            yield self
        finally:
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            await self._end()

    async def _begin(self) -> None:
        if self._inherit():
            await self._serve()
            return
        # Somebody else runs it, or is just about to.
        await _within(UP_WITHIN_S, self._join, f"another process holds {self._folder} but no broker answers there")

    async def _join(self) -> bool:
        if self._inherit():
            await self._serve()
            return True
        note = note_in(self._folder)
        if note is None or not await _answers(note.port):
            return False
        self.port = note.port
        return True

    def _inherit(self) -> bool:
        """Take the lock if nobody holds it."""
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._lock = handle
        return True

    async def _serve(self) -> None:
        """Start the broker, on the port that the others know."""
        last = note_in(self._folder)
        if last is not None and kill_leftover(last.pid, str(self._folder)):
            log.warning("killed a broker (pid %d) that an earlier run had left behind", last.pid)
            await asyncio.sleep(0.1)
        if not self.port:
            self.port = self._choose_port(last.port if last else 0)
        try:
            pid = await self._start_child()
        except Misconfigured as error:
            if not self._set_state_aside():
                raise
            log.warning("%s; what it had kept is set aside and it starts anew", error)
            await self._drop_child()
            pid = await self._start_child()
        note = Note(self._brand.name, self.port, pid)
        draft = self._folder / f"broker.json.{os.getpid()}"
        draft.write_text(json.dumps(asdict(note)), encoding="utf-8")
        draft.replace(self._folder / "broker.json")

    async def _start_child(self) -> int:
        self._child = child = await Child.start(self._brand.command(self._folder, self.port), self.log)
        await _within(UP_WITHIN_S, self._is_up, f"{self._brand.name} does not answer on port {self.port}")
        return child.pid

    def _set_state_aside(self) -> bool:
        """Move what the broker keeps out of its way: a damaged file must not stop every start.

        Nothing is lost by it: spools send again what no processor has confirmed, states are published anew.
        """
        kept = self._folder / self._brand.state_file if self._brand.state_file else None
        if kept is None or not kept.exists():
            return False
        kept.replace(kept.with_name(f"{kept.name}.set-aside"))
        return True

    def _choose_port(self, last: int) -> int:
        if self._wanted_port:
            if not _is_free(self._wanted_port):
                raise Misconfigured("mqtt.port", f"port {self._wanted_port} is taken; 0 takes a free one")
            return self._wanted_port
        return last if last and _is_free(last) else _free_port()

    async def _is_up(self) -> bool:
        if self._child is None or not self._child.running:
            raise Misconfigured("mqtt.port", f"{self._brand.name} ended at once: {_last_line(self.log)}")
        return await _answers(self.port)

    async def _keep(self) -> None:
        """Watch over the broker, whoever runs it."""
        pause_s = 0.0
        while True:
            if self._lock is None:
                await asyncio.sleep(HEIR_LOOKS_EVERY_S)
                if not self._inherit():
                    continue
                log.info("the process that ran %s has gone; running it here now", self._brand.name)
            elif self._child is not None:
                what = await self._until_bad(self._child)
                pause_s = 0.0
                log.warning("%s %s; starting it again (log: %s)", self._brand.name, what, self.log)
            await self._drop_child()
            await asyncio.sleep(pause_s)
            try:
                await self._serve()
            except (Unavailable, Misconfigured, OSError) as error:
                level = logging.WARNING if not pause_s else logging.DEBUG
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2 or 0.5)
                log.log(level, "cannot start %s again yet: %s", self._brand.name, error)
                await self._drop_child()
            else:
                log.info("%s answers on port %d", self._brand.name, self.port)

    async def _until_bad(self, child: Child) -> str:
        """Return what is wrong with the broker, once something is."""
        ended = asyncio.create_task(child.ended(), name=f"{self._brand.name}-ended")
        failed = 0
        try:
            while failed < FAILED_PROBES:
                done, _ = await asyncio.wait({ended}, timeout=self._brand.probe_every_s)
                if done:
                    return f"ended with code {ended.result()}"
                failed = 0 if await _answers(self.port) else failed + 1
        finally:
            ended.cancel()
        return "accepts connections and answers none"

    async def _drop_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.stop()

    async def _end(self) -> None:
        try:
            await self._drop_child()
        finally:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None


async def _answers(port: int) -> bool:
    try:
        await round_trip(port, within_s=PROBE_WITHIN_S)
    except Unavailable:
        return False
    return True


async def _within(seconds: float, ready: Callable[[], Coroutine[Any, Any, bool]], otherwise: str) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not await ready():  # noqa: ASYNC110 - another process sends no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise Unavailable(otherwise) from None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _last_line(file: Path) -> str:
    with contextlib.suppress(OSError):
        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "no word in its log")
    return "no log"
