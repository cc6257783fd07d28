"""The secrets of the containers, made as a user makes them, into a folder of the test."""

import subprocess
import sys
from pathlib import Path

from tests.support.needs import ROOT


def make_secrets(folder: Path, *arguments: str) -> str:
    """Run scripts/secrets; what it said."""
    command = [sys.executable, str(ROOT / "scripts" / "secrets"), "--into", str(folder), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def password(folder: Path, user: str) -> str:
    """The password of a broker's user."""
    return (folder / f"{user}.password").read_text(encoding="utf-8")
