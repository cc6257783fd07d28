"""The house stands as drawn: our packages are the ones of this checkout, and no module grows without being noticed."""

import ast
import importlib
from pathlib import Path

import pytest

from tests.support.needs import ROOT

PACKAGES = ("crampwatch", "collector", "processor", "alerts", "dashboard", "simulator", "evaluation")
PURE = (
    "crampwatch/events.py",
    "crampwatch/usual.py",
    "crampwatch/topics.py",
    "crampwatch/codec.py",
    "crampwatch/units.py",
    "collector/gatt",
    "collector/pairing.py",
    "collector/intake.py",
    "collector/cadence_unit.py",
    "processor/features",
    "processor/detect",
    "processor/athlete.py",
    "processor/timeline.py",
    "alerts/lifecycle.py",
    "alerts/policy.py",
    "alerts/guidance.py",
    "alerts/triage.py",
)
IMPURE = {"asyncio", "time", "random", "sqlite3", "logging", "crampwatch.clock"}
LONGEST_MODULE = 350
LONGEST_FUNCTION = 50


def modules():
    for package in PACKAGES:
        yield from (path for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts)


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_the_one_of_this_checkout(package):
    assert Path(importlib.import_module(package).__file__).parent == ROOT / package


@pytest.mark.parametrize("place", PURE)
def test_a_pure_module_is_told_the_time_and_draws_no_chance(place):
    path = ROOT / place
    assert path.exists()
    for module in [path] if path.is_file() else path.rglob("*.py"):
        assert IMPURE & set(imported(module)) == set(), module


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("bleak", {"collector/ble_stack.py", "collector/radio/adapter.py", "collector/radio/backend.py"}),
        ("aiomqtt", {"crampwatch/bus/mqtt.py"}),
        ("apprise", {"alerts/channels/apprise.py"}),
        ("garmin_fit_sdk", {"collector/recordings/fit.py"}),
    ],
)
def test_a_library_is_imported_in_its_one_module(library, home):
    users = {
        str(path.relative_to(ROOT)) for path in modules() if any(one.split(".")[0] == library for one in imported(path))
    }
    assert users <= home


def test_no_module_is_longer_than_a_person_reads():
    long = {str(path): n for path in modules() if (n := len(path.read_text().splitlines())) > LONGEST_MODULE}
    assert long == {}


def test_no_function_is_longer_than_a_screen():
    long = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = lines
    assert long == {}
