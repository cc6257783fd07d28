"""Each recording says what it said when somebody last read it: the golden timelines."""

import pytest

from tests.scenarios.recordings import observed
from tests.scenarios.timelines import GOLDEN, difference, golden_file, goldens, timeline
from tests.support import needs

MOST_BYTES = 6_000


@pytest.fixture
def _recordings():
    needs.data()


@pytest.mark.usefixtures("_recordings")
def test_every_recording_gives_its_golden_timeline():
    changed = [found for path, seen in observed().items() if (found := difference(path, timeline(path, seen)))]
    told = "\n\n".join(changed)
    again = "read each change; is it right, then: .venv/bin/python -m tests.scenarios.write"
    assert changed == [], f"{len(changed)} recordings say something else now; {again}\n\n{told}"


@pytest.mark.usefixtures("_recordings")
def test_no_golden_timeline_is_of_a_recording_that_is_gone():
    assert {golden_file(path) for path in observed()} == set(GOLDEN.glob("*.json"))


def test_golden_timelines_stay_small_and_hold_nothing_of_the_recording_itself():
    assert {path.name for path in GOLDEN.glob("*.json") if path.stat().st_size > MOST_BYTES} == set()
    assert all("hr_bpm" not in one and "cadence_spm" not in one for one in goldens())
