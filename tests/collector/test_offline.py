"""A recording without radio or broker: one file is one session, whatever its runner did in between."""

from collector.offline import DEVICE, samples_of
from collector.recordings import load


def test_numbers_go_on_after_a_long_pause(tmp_path):
    path = tmp_path / "paused.csv"
    moments = [*range(60), *range(2_460, 2_520)]
    path.write_text("\n".join(["t_s,hr_bpm,cadence_spm,speed_mps", *(f"{at_s},150,170,3" for at_s in moments)]))
    samples = samples_of(load(path)[0])
    assert [one.seq for one in samples if one.device == DEVICE] == list(range(3 * len(moments)))
    assert (samples[-1].at_ms - samples[0].at_ms) // 1_000 == 2_519
