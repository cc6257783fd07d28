"""CPU time and resident memory of another process, by ps (the same on Linux and macOS)."""

import subprocess
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds so far (or per cent of a core after :meth:`since`), resident memory in MB."""

    cpu_s: float
    rss_mb: float
    cpu_percent: float = 0.0

    def since(self, before: "Usage", seconds: float) -> "Usage":
        """What was used between two readings."""
        spent = self.cpu_s - before.cpu_s
        return Usage(spent, self.rss_mb, 100 * spent / seconds)


def usage_of(pid: int) -> Usage:
    """Usage of a process now; ps counts CPU in hundredths or whole seconds, so measure over many seconds."""
    row = subprocess.run(
        ["ps", "-o", "cputimes=,rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    if len(row) != 2:
        row = ["0", "0"]
    return Usage(float(row[0]), int(row[1]) / 1_024)
