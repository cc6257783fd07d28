"""``crampwatch backtest``: the machine that watches live, over recordings."""

import gzip
import json
from pathlib import Path

import pytest

from collector.offline import samples_of
from collector.recordings import load
from processor.backtest import backtest
from tests.cli.rig import csv_of
from tests.support.stories import Story

FIELDS = ["file", "at_s", "kind", "level", "because"]


def build_up():
    """A cadence that gets rough and low, with hitches, then a stop."""
    return Story().running(600).running(120, 160.0, sway=6.0).hitching(8, every_s=20, spm=160.0).standing(60)


@pytest.fixture
def recording(tmp_path):
    return csv_of(build_up(), tmp_path / "build_up.csv")


def rows(told):
    return [json.loads(line) for line in told.out.splitlines()]


def test_json_is_one_line_per_finding_with_exactly_the_five_fields(crampwatch, recording):
    told = crampwatch("backtest", recording, "--json")
    assert told.code == 0
    found = rows(told)
    assert found
    for row in found:
        assert list(row) == FIELDS
        assert row["file"] == str(recording)
        assert isinstance(row["at_s"], float)
        assert row["because"]
        assert all(isinstance(one, str) for one in row["because"])
    assert {"pattern", "cramp_stop"} <= {row["kind"] for row in found}


def test_the_findings_are_those_of_the_machine_on_the_same_samples(crampwatch, recording):
    samples = samples_of(load(recording)[0])
    proved = [one for outcome in backtest("r1", "s1", samples) for one in outcome.findings]
    assert [tuple(row[name] for name in FIELDS[1:]) for row in rows(crampwatch("backtest", recording, "--json"))] == [
        ((one.at_ms - samples[0].at_ms) / 1_000, one.kind, one.level, list(one.because)) for one in proved
    ]


def test_seconds_count_from_the_first_sample_whenever_the_recording_begins(crampwatch, tmp_path, recording):
    header, *lines = recording.read_text().splitlines()
    later = [f"{float(line.partition(',')[0]) + 3_000},{line.partition(',')[2]}" for line in lines]
    shifted = tmp_path / "shifted.csv"
    shifted.write_text("\n".join([header, *later]) + "\n")
    told = [rows(crampwatch("backtest", one, "--json")) for one in (recording, shifted)]
    first, second = ([row | {"file": ""} for row in one] for one in told)
    assert first == second


def test_a_packed_recording_says_the_same(crampwatch, tmp_path, recording):
    packed = tmp_path / "build_up.csv.gz"
    packed.write_bytes(gzip.compress(recording.read_bytes()))
    plain, gz = (rows(crampwatch("backtest", one, "--json")) for one in (recording, packed))
    assert [row | {"file": ""} for row in gz] == [row | {"file": ""} for row in plain]


def test_a_broken_file_is_named_on_stderr_and_the_others_still_run(crampwatch, tmp_path, recording):
    broken = tmp_path / "broken [2].fit"
    broken.write_bytes(b"\x0e\x10nonsense")
    again = csv_of(build_up(), tmp_path / "again.csv")
    told = crampwatch("backtest", recording, broken, again, "--json")
    assert told.code == 1
    (line,) = told.err.strip().splitlines()
    assert line.startswith("refused (")
    assert "broken [2].fit" in line
    assert list(dict.fromkeys(row["file"] for row in rows(told))) == [str(recording), str(again)]


@pytest.mark.parametrize("t_s", ["1e13", "1e300", "inf"])
def test_times_beyond_any_run_cost_that_file_only(crampwatch, tmp_path, recording, t_s):
    (tmp_path / "odd.csv").write_text(f"t_s,hr_bpm\n{t_s},150\n")
    told = crampwatch("backtest", "odd.csv", recording, "--json")
    assert told.code == 1
    (line,) = told.err.strip().splitlines()
    assert line.startswith("refused (")
    assert "odd.csv" in line
    assert rows(told)


def test_a_file_that_is_not_there_is_named_as_well(crampwatch, recording):
    told = crampwatch("backtest", "gone.csv", recording, "--json")
    assert told.code == 1
    assert "gone.csv" in told.err
    assert rows(told)


def test_a_quiet_run_says_nothing_and_is_well(crampwatch, tmp_path):
    told = crampwatch("backtest", csv_of(Story().running(300), tmp_path / "quiet.csv"), "--json")
    assert (told.code, told.out, told.err) == (0, "", "")


def test_for_people_a_finding_is_one_line_with_its_moment_and_reason(crampwatch, recording):
    found = rows(crampwatch("backtest", recording, "--json"))
    lines = crampwatch("backtest", recording).out.splitlines()
    assert len(lines) == len(found)
    for line, row in zip(lines, found, strict=True):
        minutes, seconds = divmod(int(row["at_s"]), 60)
        assert line.startswith(f"0:{minutes:02}:{seconds:02}  {row['kind']}")
        assert row["because"][0] in line


def test_the_findings_do_not_depend_on_where_the_file_lies(crampwatch, recording):
    absolute = rows(crampwatch("backtest", recording, "--json"))
    relative = rows(crampwatch("backtest", Path(recording.name), "--json"))
    assert [row | {"file": recording.name} for row in absolute] == relative
