"""CPU time and resident memory of another process: from /proc where there is one, else by ps."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds so far (or per cent of a core after :meth:`since`), resident memory in MB.

    ``loop_s`` is what the main thread had of ``cpu_s``: in a service of ours the event loop, the rest being its
    database threads. 0 where it cannot be told.
    """

    cpu_s: float
    rss_mb: float
    cpu_percent: float = 0.0
    loop_s: float = 0.0

    def since(self, before: "Usage", seconds: float) -> "Usage":
        """What was used between two readings."""
        spent = self.cpu_s - before.cpu_s
        return Usage(spent, self.rss_mb, 100 * spent / seconds, self.loop_s - before.loop_s)


def usage_of(pid: int) -> Usage:
    """Usage of a process now, in hundredths of a second; nothing when it is gone."""
    folder = Path(f"/proc/{pid}")
    if not Path("/proc/self").exists():
        return _by_ps(pid)
    try:
        resident_pages = int((folder / "statm").read_text().split()[1])
        return Usage(
            _cpu_s(folder / "stat"),
            resident_pages * os.sysconf("SC_PAGE_SIZE") / 1_048_576,
            loop_s=_cpu_s(folder / "task" / str(pid) / "stat"),
        )
    except (FileNotFoundError, ProcessLookupError):
        return Usage(0.0, 0.0)


def _cpu_s(stat: Path) -> float:
    # The name of the command stands in parentheses and may hold anything.
    fields = stat.read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def _by_ps(pid: int) -> Usage:
    """Whole seconds on some systems: measure over many."""
    command = ["ps", "-o", "cputimes=,rss=", "-p", str(pid)]
    row = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return Usage(float(row[0]), int(row[1]) / 1_024) if len(row) == 2 else Usage(0.0, 0.0)
