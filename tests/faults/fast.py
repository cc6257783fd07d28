"""A service by a fast clock: ``python -m tests.faults.fast STEADY_S RUN_MS PACE COMMAND``, else as a user starts it."""

import functools
import sys

from crampwatch.cli import serving
from crampwatch.cli.main import main
from tests.faults.day import FastClock

if __name__ == "__main__":
    _, steady_s, run_ms, pace, *command = sys.argv
    serving.WallClock = functools.partial(FastClock, float(steady_s), int(run_ms), float(pace))
    sys.argv = ["crampwatch", *command]
    main()
