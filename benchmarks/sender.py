"""A process that publishes a field of runners in real time, lean and written in advance.

``python -m benchmarks.sender`` takes one JSON object as its argument, prints ``ready`` when everything is
written, reads the moment to begin, and says at the end (or when it is told to stop) what it sent and how late it was.
"""

import asyncio
import json
import signal
import sys
import time
from types import FrameType

from benchmarks.figures import spread
from benchmarks.traffic import Runners, Schedule, Step
from benchmarks.wire import Wire

#: Messages of so many ms go out in one write.
TICK_S = 0.005
#: What is late goes out in writes of so many.
MOST = 500


class Sender:
    """Sends what is due, tick by tick."""

    def __init__(self, port: int, team: str, collector: str, steps: list[Step], first: int) -> None:
        self._steps = steps
        self._runners = asyncio.run(Runners.write(team, collector, sum(step.seconds for step in steps), first))
        self._wire = Wire(port, f"bench-{collector}")
        self._late_ms: list[float] = []
        self._stopped = False

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Send no more."""
        self._stopped = True

    def run(self, start_ms: int) -> dict[str, object]:
        """Send everything that is due until the schedule ends; return what became of it."""
        due = list[tuple[bytes, bytes]]()
        for one in Schedule(self._steps, start_ms).messages():
            while one.at_ms > time.time() * 1_000:
                self._send(due)
                time.sleep(TICK_S)
            if self._stopped:
                break
            due.append(self._runners.message(one))
            if len(due) >= MOST:
                self._send(due)
            if one.row % 100 == 0:
                self._late_ms.append(time.time() * 1_000 - one.at_ms)
        self._send(due)
        self._wire.settle()
        self._wire.close()
        used = time.process_time()
        return {"sent": self._wire.sent, "late": spread(self._late_ms), "cpu_s": round(used, 2)}

    def _send(self, due: list[tuple[bytes, bytes]]) -> None:
        if due:
            self._wire.send(due)
            due.clear()


def main() -> None:
    """See the module."""
    asked = json.loads(sys.argv[1])
    steps = [Step(*step) for step in asked["steps"]]
    sender = Sender(asked["port"], asked["team"], asked["collector"], steps, asked["first"])
    signal.signal(signal.SIGTERM, sender.stop)
    print("ready", flush=True)
    start_ms = int(sys.stdin.readline())
    print(json.dumps(sender.run(start_ms)), flush=True)


if __name__ == "__main__":
    main()
