"""What was said before a clock was set back still counts, and once."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from crampwatch.events import Finding, FindingKind
from crampwatch.units import Level
from processor.athlete import Athlete
from processor.detect.fatigue import Fatigue
from processor.labels import CRAMP, HOT, PAUSE, UNEVENTFUL, Label, stored_label
from tests.processor.test_labels import AT_MS, findings, second
from tests.support.stories import Story


def after_a_step_back(by_ms=200_000):
    """A run whose clock goes back into its own past, and the first sample after that."""
    story = Story().running(900)
    samples = story.samples
    half = len(samples) // 2
    back = [one.model_copy(update={"at_ms": one.at_ms - by_ms}) for one in samples[half:]]
    return [*samples[:half], *back], half


class TestAClockThatGoesBack:
    def labelled(self, machine, samples, said):
        """What a machine proves when answers come live: by the place of the sample before which each is told."""
        proved = []
        for place, sample in enumerate(samples):
            for label in (one for when, one in said if when == place):
                machine.tell(label)
            proved.append(machine.observe((sample,)))
        return findings(proved)

    @settings(max_examples=25, deadline=None)
    @given(
        said=st.lists(
            st.tuples(
                st.floats(0, 0.999), st.integers(-5_000, 300_000), st.sampled_from([CRAMP, PAUSE, UNEVENTFUL, HOT])
            ),
            max_size=5,
        )
    )
    # Two that wait for different seconds of before the step are heard in one second after it.
    @example([(0.4974452403729789, 2001, CRAMP), (0.5, 98001, CRAMP)])
    def test_what_was_said_has_the_same_effect_live_and_when_it_is_told_again(self, said):
        samples, _ = after_a_step_back()
        told = [(int(share * len(samples)), ahead, what) for share, ahead, what in said]
        live = Athlete("r7", "s1")
        stored = self.labelled(
            live, samples, [(at, Label(samples[at].at_ms + ahead, what)) for at, ahead, what in told]
        )
        anew = Athlete("r7", "s1")
        for label in filter(None, map(stored_label, stored)):
            anew.tell(label, proved=True)
        assert findings([anew.observe(samples)]) == stored
        waiting = json.loads(live.snapshot())
        rebuilt = json.loads(anew.snapshot())
        waiting.pop("labels")
        assert rebuilt.pop("labels") == []
        assert rebuilt == waiting

    def test_what_still_waits_takes_effect_with_the_first_second_after_it(self):
        samples, half = after_a_step_back()
        label = Label(samples[half - 1].at_ms + 30_000, CRAMP)
        machine = Athlete("r7", "s1")
        (finding,) = [one for one in self.labelled(machine, samples, [(half, label)]) if one.kind is FindingKind.LABEL]
        assert samples[half].at_ms <= finding.at_ms < samples[half].at_ms + 30_000
        assert finding.id.endswith("/1")

    def test_what_was_said_before_it_holds_on(self):
        samples, half = after_a_step_back()
        said = [(half // 2, Label(samples[half // 2].at_ms, what)) for what in (CRAMP, HOT)]
        machine = Athlete("r7", "s1")
        self.labelled(machine, samples[:-1], said)
        view = machine.observe(samples[-1:]).views[-1]
        assert (view.prior, view.hot) == (0.88, True)
        assert (machine.summary().cramp, machine.summary().band) == (True, HOT)
        assert Athlete.restore(machine.snapshot()).snapshot() == machine.snapshot()

    def test_a_moment_of_before_the_step_is_not_the_same_after_it(self):
        fatigue = Fatigue()
        fatigue.observe(second(AT_MS, Label(AT_MS, HOT)))
        assert fatigue.after_restart().band == HOT
        finding = {"kind": FindingKind.LABEL, "session": "s1", "at_ms": 1_000, "level": Level.OK, "because": ()}
        ids = ("r7/s1/label-cramp/1000", "r7/s1/label-cramp/1000/2")
        told = [stored_label(Finding(id=one, evidence={CRAMP: 1.0}, **finding)) for one in ids]
        assert told == [Label(1_000, CRAMP), Label(1_000, CRAMP, 2)]
