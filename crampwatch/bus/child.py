"""A child process that never outlives us."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

GOODBYE_WITHIN_S = 3.0
LOG_BYTES = 1_000_000
_PR_SET_PDEATHSIG = 1


class Child:
    """One running child, its output in a log file.

    It goes when :meth:`stop` is called; when we are killed -9, on Linux the kernel kills it (PR_SET_PDEATHSIG; also
    when the thread that started it ends), and everywhere its standard input ends, which a child may watch. A child
    that survives even so (mosquitto on macOS) is found by :func:`kill_leftover` at the next start. It has a session
    of its own: Ctrl-C in the terminal is ours to handle, and the child is needed until everybody has said goodbye.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, argv: Sequence[str], log: Path) -> "Child":
        """Run a command.

        Raises:
            OSError: it cannot be run.
        """
        with _opened(log) as output:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent() if sys.platform == "linux" else None,
            )
        return cls(process)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    async def ended(self) -> int:
        """Wait for its end; the return code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and kill it if it does not within 3 s."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(GOODBYE_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()


def _opened(log: Path) -> BinaryIO:
    """Appending, until it is long enough to begin anew."""
    return log.open("ab" if log.exists() and log.stat().st_size < LOG_BYTES else "wb")


def _die_with_parent() -> Callable[[], None]:
    """What the forked child does before it becomes the command. All it needs is looked up before the fork."""
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the kernel was asked
            os._exit(1)

    return ask_the_kernel


def runs(pid: int, mark: str) -> bool:
    """Whether a process runs whose command line holds ``mark``; its id alone may be somebody else's by now."""
    return mark in _command_line(pid)


def kill_leftover(pid: int, mark: str) -> bool:
    """Kill a process that an earlier, killed run left behind; True if there was one. See :func:`runs`."""
    if not runs(pid, mark):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return True


def _command_line(pid: int) -> str:
    """What a process was started with; empty if there is none."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    command = ["/bin/ps", "-ww", "-p", str(pid), "-o", "command="]
    ps = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - a fixed program and a number
    return ps.stdout.decode(errors="replace")
