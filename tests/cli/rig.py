"""The command line from outside: in this process where nothing runs on, else as a user starts it."""

import contextlib
import os
import signal
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

from crampwatch.cli import console
from crampwatch.cli.main import main
from crampwatch.events import CadenceMeasured, HeartRateMeasured, SpeedMeasured

SCRIPT = Path(sysconfig.get_path("scripts")) / "crampwatch"
#: Wall seconds after which a process that should have spoken or ended is given up.
PATIENCE_S = 30.0
#: Tests run beside each other: who wants to be asked about health says at which port.
NO_HEALTH_PORTS = {f"CRAMPWATCH_{section}__HEALTH_PORT": "-1" for section in ("COLLECTOR", "PROCESSOR", "ALERTS")}
#: A broker that somebody runs for everybody on this machine.
OPEN_BROKER = (
    "listener {port} 127.0.0.1",
    "allow_anonymous true",
    f"user {'root' if os.geteuid() == 0 else 'mosquitto'}",
)


@dataclass(frozen=True)
class Told:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


class Here:
    """Runs commands in this process."""

    def __init__(self, capsys, monkeypatch):
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments):
        self._monkeypatch.setattr(sys, "argv", ["crampwatch", *(str(one) for one in arguments)])
        for one in (console.out, console.errors):
            self._monkeypatch.setattr(one, "_width", 400)
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        said = self._capsys.readouterr()
        return Told(code, said.out, said.err)


class Process:
    """A command in a process of its own, whose lines can be waited for."""

    def __init__(self, command, **variables):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CRAMPWATCH_")}
        environment |= {"COLUMNS": "200", "PYTHONUNBUFFERED": "1", **NO_HEALTH_PORTS} | {
            k: str(v) for k, v in variables.items()
        }
        self._child = subprocess.Popen(
            [str(one) for one in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )
        self._lines = Queue()
        self.said = []
        self._reader = Thread(target=self._read, name="reader of a command", daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self._child.pid

    def until(self, words, within_s=PATIENCE_S):
        """The next line with these words."""
        while True:
            try:
                line = self._lines.get(timeout=within_s)
            except Empty:
                raise AssertionError(f"{words!r} was not said within {within_s} s: {self.said}") from None
            if line is None:
                raise AssertionError(f"it ended without saying {words!r}: {self.said}")
            if words in line:
                return line

    def tell(self, number=signal.SIGTERM):
        """Send a signal."""
        self._child.send_signal(number)

    def ended(self, within_s=PATIENCE_S):
        """Wait for the end; the exit code."""
        try:
            code = self._child.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {within_s} s: {self.said}") from None
        self._reader.join(5)
        return code

    def kill(self):
        """End it and everything that it has started, whatever became of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def _read(self):
        for line in self._child.stdout:
            self.said.append(line.rstrip("\n"))
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


def left_of(pid):
    """What still runs of a process that led its session: itself or anything that it started."""
    found = subprocess.run(["ps", "-A", "-o", "pid=,sess=,stat=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(maxsplit=3) for line in found.stdout.splitlines()]
    return [row for row in rows if row[1] == str(pid) and not row[2].startswith("Z")]


def csv_of(story, path):
    """A story as a recording that the command line reads."""
    rows = {}
    for sample in story.samples:
        row = rows.setdefault(sample.at_ms, {})
        match sample:
            case HeartRateMeasured():
                row["bpm"] = sample.bpm
            case CadenceMeasured():
                row["spm"] = sample.spm
            case SpeedMeasured():
                row["mps"] = sample.mps
    first_ms = min(rows)
    lines = ["t_s,hr_bpm,cadence_spm,speed_mps"]
    for at_ms, row in sorted(rows.items()):
        values = (row.get(name, "") for name in ("bpm", "spm", "mps"))
        lines.append(",".join(str(value) for value in ((at_ms - first_ms) / 1_000, *values)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
