"""Detectors of other makers: found by entry points, loaded only when named, refused by name where they cannot be."""

import json
import shutil
import subprocess
import sys
import tomllib

import pytest

from crampwatch.cli.offline import findings_of
from crampwatch.errors import Misconfigured
from crampwatch.events import FindingKind
from crampwatch.settings import Settings
from processor.athlete import Athlete
from processor.plugins import athlete_with, available, offered, own_names
from tests.cli.rig import csv_of
from tests.processor.metronome import Metronome, told, with_extra
from tests.suites.test_detectors import TestEveryDetector as Promises
from tests.support.needs import ROOT
from tests.support.stories import Story

EXAMPLE = ROOT / "docs" / "examples" / "steady-cadence"


def leave(folder, dist, entries):
    """What pip leaves of a distribution beside its modules."""
    info = folder / f"{dist.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"{name} = {where}" for name, where in entries.items()]
    (info / "entry_points.txt").write_text("\n".join(["[crampwatch.detectors]", *lines]) + "\n", encoding="utf-8")


@pytest.fixture
def offer(tmp_path, monkeypatch):
    """Put a distribution of one module on the path."""

    def offering(dist, name, source=""):
        module = dist.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        leave(tmp_path, dist, {name: f"{module}:{name.title()}"})
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, module, raising=False)

    return offering


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The example of the docs in a folder, as its own pyproject.toml has it installed."""
    folder = tmp_path_factory.mktemp("site")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    (package,) = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    shutil.copytree(EXAMPLE / package, folder / package)
    leave(folder, project["project"]["name"], project["project"]["entry-points"]["crampwatch.detectors"])
    return folder


@pytest.fixture
def example(installed, monkeypatch):
    monkeypatch.syspath_prepend(installed)


def test_an_installed_detector_goes_through_the_suite_of_all_detectors(example):
    (kind,) = offered()
    assert kind.name == "steady_cadence"
    promises = [name for name in vars(Promises) if name.startswith("test_")]
    assert len(promises) >= 4
    for promise in promises:
        getattr(Promises(), promise)(detector=kind)


def test_nothing_is_loaded_unless_it_is_named(example):
    assert "steady_cadence" in available()
    assert athlete_with(()) is Athlete
    assert Settings().processor.detectors == ()


def test_a_real_distribution_is_loaded_and_its_findings_carry_its_name(example):
    findings = told(athlete_with(("steady_cadence",)), Story().running(300, spm=158.0).samples)
    (one,) = [finding for finding in findings if finding.kind is FindingKind.OTHER]
    assert "/other-steady_cadence/" in one.id
    assert one.because == ("Your cadence was below 165 for 60 s.",)


def test_our_own_findings_are_the_same_with_and_without_it(example):
    samples = Story().running(600).hitching(8, every_s=20).standing(60).samples
    findings = told(athlete_with(("steady_cadence",)), samples)
    assert [one for one in findings if one.kind is not FindingKind.OTHER] == told(Athlete, samples)


def test_the_tests_of_the_example_pass_where_it_is_installed(installed):
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", EXAMPLE, EXAMPLE / "tests"],
        env={"PYTHONPATH": f"{installed}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_a_recording_is_read_with_it_as_well(example, tmp_path):
    recording = csv_of(Story().running(300, spm=158.0), tmp_path / "slow.csv")
    kinds = [row["kind"] for row in findings_of(recording, athlete_with(("steady_cadence",)))]
    assert "other" in kinds


def test_a_machine_with_it_is_restored_to_where_it_was(example):
    machines, samples = athlete_with(("steady_cadence",)), Story().running(400, spm=158.0).samples
    whole, first = machines("r1", "s1"), machines("r1", "s1")
    expected = list(whole.observe(samples).findings)
    before = list(first.observe(samples[:500]).findings)
    second = machines.restore(first.snapshot())
    assert before + list(second.observe(samples[500:]).findings) == expected
    assert second.snapshot() == whole.snapshot()


def test_a_snapshot_is_read_with_or_without_it():
    machine = with_extra(Metronome)("r1", "s1")
    machine.observe(Story().running(250).samples)
    plain = Athlete.restore(machine.snapshot())
    assert "metronome" not in json.loads(plain.snapshot())["detectors"]
    again = with_extra(Metronome).restore(plain.snapshot())
    assert "metronome" in json.loads(again.snapshot())["detectors"]


def test_a_name_that_nobody_offers_is_refused_with_those_that_are_offered(offer):
    offer("drummer", "drum")
    with pytest.raises(Misconfigured, match=r"processor\.detectors: .*'flute'.*drum"):
        athlete_with(("flute",))


def test_a_name_that_two_distributions_offer_is_refused_with_both(offer):
    offer("drummer-a", "drum")
    offer("drummer-b", "drum")
    with pytest.raises(Misconfigured, match="drummer-a and drummer-b"):
        athlete_with(("drum",))


def test_a_name_given_twice_is_refused(example):
    with pytest.raises(Misconfigured, match="twice"):
        athlete_with(("steady_cadence", "steady_cadence"))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise RuntimeError('no licence')", "no licence"),
        ("raise SystemExit(1)", "cannot be imported: SystemExit"),
        ("", "cannot be imported"),
        ("Drum = 7", "it is no class"),
        ("class Drum:\n    name = 'drum'", "it has no observe"),
    ],
)
def test_a_distribution_that_is_broken_is_named(offer, source, words):
    offer("drummer", "drum", source)
    with pytest.raises(Misconfigured, match=words) as refused:
        athlete_with(("drum",))
    assert "'drum' of drummer" in str(refused.value)


def test_a_detector_must_be_called_as_its_entry_point_is(offer):
    offer("drummer", "drum", "from tests.processor.metronome import Metronome as Drum")
    with pytest.raises(Misconfigured, match="calls itself 'metronome'"):
        athlete_with(("drum",))


def test_a_detector_may_not_take_the_name_of_one_of_ours(offer):
    source = "from tests.processor.metronome import spoiled\nHitch = spoiled(name='hitch')"
    offer("drummer", "hitch", source)
    with pytest.raises(Misconfigured, match="crampwatch's own"):
        athlete_with(("hitch",))
    assert {"hitch", "pattern", "signal"} <= own_names()
