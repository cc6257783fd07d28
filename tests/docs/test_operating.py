"""docs/operating.md cannot lie about what is measured, nor about the figures that `crampwatch status` puts in words."""

import ast
import re

import pytest

from crampwatch.exposition import metric_name
from crampwatch.herald import link_gauges
from crampwatch.meanings import MEANINGS
from crampwatch.roll import LOSSES, QUEUES, SILENT_S
from tests.support.needs import ROOT

TEXT = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
KINDS = {"collector": "collector", "processor": "processor", "alerts": "alerter", "dashboard": "dashboard"}
#: Names that the code makes as it goes, by the module that does.
MADE = {
    ("processor", "pulse.py", "name"): ("sessions", "sessions_behind", "queue_messages"),
    ("alerts", "outlet.py", "self._way"): ("published", "recorded"),
}
METRIC = re.compile(r"[|] `crampwatch_\w+` [|] (gauge|counter|histogram|info) [|]")
PROCESS = {"build_info": "info", "tasks": "gauge", "ready": "gauge", "problems": "gauge"}


def constants(module):
    """What the module's constants hold, by name."""
    return {
        node.targets[0].id: node.value.value
        for node in module.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }


def named(package, path, argument, known):
    """The names that the first argument of a call may hold."""
    if isinstance(argument, ast.Constant):
        return (argument.value,)
    if isinstance(argument, ast.Name) and argument.id in known:
        return (known[argument.id],)
    return MADE[package, path.name, ast.unparse(argument)]


def measured(package):
    """Every name that a package counts or shows, with its type."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        known = constants(module)
        for node in ast.walk(module):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            if isinstance(node.func, ast.Attribute) and node.func.attr == "add":
                if ast.unparse(node.func.value).endswith("counters"):
                    found.update(dict.fromkeys(named(package, path, node.args[0], known), "counter"))
            elif isinstance(node.func, ast.Name) and node.func.id == "Gauge":
                found.update(dict.fromkeys(named(package, path, node.args[0], known), "gauge"))
            elif isinstance(node.func, ast.Name) and node.func.id == "link_gauges":
                found.update(dict.fromkeys((gauge.name for gauge in link_gauges(None)), "gauge"))
    return found


def waiting():
    """What a store shows of what waits before it, and counts of what goes on from there."""
    return measured("crampwatch/storage")


def families():
    """Full name, type and meaning of every metric."""
    rows = {metric_name(name): (kind, MEANINGS[name]) for name, kind in PROCESS.items()}
    for package, kind in KINDS.items():
        names = measured(package)
        if kind != "collector":
            names |= waiting()
        for name, type_ in names.items():
            full = metric_name(kind, name) + ("_total" if type_ == "counter" else "")
            rows[full] = (type_, MEANINGS.get(f"{kind}_{name}") or MEANINGS.get(name))
    for name in ("stored_seconds", "alert_latency_seconds", "push_seconds"):
        rows[metric_name(name)] = ("histogram", MEANINGS[name])
    return rows


def test_every_metric_says_what_it_means():
    silent = [name for name, (_, meaning) in families().items() if not meaning]
    assert silent == [], "give it a line in crampwatch/meanings.py"


def test_every_metric_stands_in_the_page_with_its_meaning_and_no_other_does():
    wanted = {f"| `{name}` | {type_} | {meaning} |" for name, (type_, meaning) in families().items()}
    there = {line for line in TEXT.splitlines() if METRIC.match(line)}
    assert (wanted - there, there - wanted) == (set(), set()), "mend the tables in docs/operating.md"


def test_no_meaning_is_left_of_a_metric_that_is_gone():
    names = {name for package in KINDS for name in measured(package)} | set(waiting())
    known = names | set(PROCESS) | {"stored_seconds", "alert_latency_seconds", "push_seconds"}
    kinds = tuple(f"{kind}_" for kind in KINDS.values())
    left = [
        name
        for name in MEANINGS
        if name not in known and not any(name.startswith(kind) and name.removeprefix(kind) in known for kind in kinds)
    ]
    assert left == []


@pytest.mark.parametrize("name", [*QUEUES, *LOSSES])
def test_what_status_puts_in_words_is_something_that_a_service_tells(name):
    assert name == "pushes_owed" or name in waiting() or any(name in measured(one) for one in KINDS)


@pytest.mark.parametrize("name", ["dead_letters", "outbox_points"])
def test_status_counts_what_waits_for_influxdb_in_the_unit_of_its_figure(name):
    assert {**QUEUES, **LOSSES}[name].split()[0] == MEANINGS[name].split()[0] == "points"


def test_the_page_says_after_how_long_a_service_is_silent():
    assert f"{SILENT_S:.0f} s" in TEXT


def test_the_page_names_each_path_and_every_exit_code_of_status():
    for word in ("/healthz", "/readyz", "/metrics", "health_port", "health_host", "log_format"):
        assert f"`{word}" in TEXT or f".{word}" in TEXT, word
    assert set(re.findall(r"^\| `(\d)` \|", TEXT, re.MULTILINE)) >= {"0", "1", "3"}


def troubles():
    """The words that every trouble begins with: the longest that the code says as they stand."""
    for package in (*KINDS, "crampwatch"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Trouble":
                    texts = [one.value for one in ast.walk(node.args[1]) if isinstance(one, ast.Constant)]
                    yield max((text for text in texts if isinstance(text, str)), key=len).strip(" :")


def test_every_trouble_that_a_service_may_name_is_explained():
    assert [words for words in troubles() if words not in TEXT] == []
