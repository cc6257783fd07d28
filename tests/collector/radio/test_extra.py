"""The virtual radio is an extra: without it the error says how to get it."""

import subprocess
import sys

from tests.support.needs import ROOT

WITHOUT_BUMBLE = """
import sys
sys.modules["bumble"] = None
from crampwatch.errors import Misconfigured
import collector.ble  # the real Bluetooth does not need it
try:
    from collector.radio.air import Air
except Misconfigured as wrong:
    print(wrong)
"""


def test_without_bumble_the_radio_says_what_to_install_and_bluetooth_still_works():
    run = subprocess.run([sys.executable, "-c", WITHOUT_BUMBLE], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "pip install 'crampwatch[radio]'" in run.stdout
