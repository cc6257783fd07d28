"""What every detector promises, over every detector there is."""

import dataclasses
import importlib
import json
import math
import pkgutil
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import processor.context
import processor.detect
from crampwatch.events import FindingKind
from crampwatch.units import Gate, Level, Mode, Motion, Quality
from processor.detect.detector import Proof
from processor.features.view import Baseline, View
from processor.labels import Label, What
from processor.plugins import offered
from processor.state import packed, unpacked
from tests.support.clocks import START_MS


def detectors():
    """Every class of the two packages that observes, with its state and settings classes."""
    for package in (processor.context, processor.detect):
        for module_info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{module_info.name}")
            for value in vars(module).values():
                own = isinstance(value, type) and value.__module__ == module.__name__
                if own and hasattr(value, "observe") and not getattr(value, "_is_protocol", False):
                    yield value


EVERY = sorted(detectors(), key=lambda one: one.name)
BASE = Baseline(170.0, 1.5, 1.0, 0.8, 3.0, 150.0)


def maybe(strategy):
    return st.none() | strategy


@st.composite
def views(draw):
    """Seconds in event-time order, with anything in them that the earlier line could hand over."""
    seconds, at_ms, run_s = [], START_MS, 600.0
    base = draw(maybe(st.just(BASE)))
    for _ in range(draw(st.integers(1, 60))):
        dt_s = float(draw(st.sampled_from((1, 1, 1, 1, 3, 8, 40))))
        at_ms += round(dt_s * 1_000)
        motion = draw(st.sampled_from(Motion))
        before = seconds[-1].motion if seconds else Motion.UNKNOWN
        changed = motion != before
        since_ms = at_ms if changed or not seconds else seconds[-1].motion_since_ms
        run_s += dt_s if motion == Motion.RUN else 0.0
        spm = draw(maybe(st.floats(0, 240, width=32)))
        settled = motion == Motion.RUN and spm is not None and draw(st.booleans())
        mps = draw(maybe(st.floats(0, 12, width=32)))
        score = draw(st.floats(0, 1, width=32))
        seconds.append(
            View(
                at_ms=at_ms,
                dt_s=dt_s,
                broken=dt_s > 20,
                motion=motion,
                motion_before=before,
                motion_since_ms=since_ms,
                changed=changed,
                run_s=run_s,
                settled=settled,
                heart_settled=settled and draw(st.booleans()),
                spm=spm,
                bpm=draw(maybe(st.integers(35, 225))),
                mps=mps,
                smooth_mps=mps,
                quality={channel: draw(st.sampled_from(Quality)) for channel in ("cadence", "heart_rate", "speed")},
                locked=draw(st.booleans()),
                mode=draw(st.sampled_from(Mode)),
                alpha1=draw(maybe(st.floats(0, 2, width=32))),
                labels=tuple(
                    Label(at_ms, what) for what in draw(st.lists(st.sampled_from(get_args(What)), max_size=1))
                ),
                gates=draw(st.lists(st.sampled_from(Gate), max_size=2, unique=True)),
                base=base,
                expected_spm=base and base.spm,
                residual_spm=spm - base.spm if base and settled else None,
                wobble_spm=draw(maybe(st.floats(0, 60, width=32))) if settled else None,
                quick_roughening=draw(maybe(st.floats(-4, 4, width=32))),
                quick_wobble_spm=draw(maybe(st.floats(0, 60, width=32))) if settled else None,
                hitch_load=draw(st.floats(0, 6, width=32)),
                hitches=draw(st.integers(0, 9)),
                unsteadiness=draw(maybe(st.floats(0, 6, width=32))),
                deficit_sigma=draw(maybe(st.floats(-4, 4, width=32))),
                roughening=draw(maybe(st.floats(-4, 4, width=32))),
                shortfall_sigma=draw(maybe(st.floats(-9, 9, width=32))),
                falling_sigma=draw(maybe(st.floats(-9, 9, width=32))),
                speed_steps=draw(st.booleans()),
                cusum=draw(st.floats(0, 20, width=32)),
                peak_score=score,
                level=draw(st.sampled_from(Level)),
            )
        )
    return seconds


def observed(detector, seconds):
    return [list(detector.observe(dataclasses.replace(second, gates=list(second.gates)))) for second in seconds]


def handed_over(detector):
    """A detector made from another's snapshot, by way of JSON."""
    state = detector.snapshot()
    plain = json.loads(json.dumps(packed(state), allow_nan=False))
    return type(detector)(None, unpacked(type(state), plain))


def test_every_detector_is_found_and_is_named_once():
    contexts = {one.__name__ for one in processor.context.CONTEXTS}
    assert {one.__name__ for one in EVERY} == contexts | set(processor.detect.__all__)
    assert len({one.name for one in EVERY}) == len(EVERY)


def test_every_kind_of_finding_has_a_detector_that_says_it():
    source = "".join(importlib.import_module(one.__module__).__loader__.get_source(one.__module__) for one in EVERY)
    # ``other`` is what detectors of other makers say.
    assert [kind for kind in FindingKind if f"FindingKind.{kind.name}" not in source] == [FindingKind.OTHER]


@pytest.mark.parametrize("detector", [*EVERY, *offered()], ids=lambda one: one.name)
class TestEveryDetector:
    @settings(max_examples=25, deadline=None)
    @given(seconds=views(), share=st.floats(0, 1))
    def test_a_snapshot_cut_anywhere_changes_nothing(self, detector, seconds, share):
        cut = round(share * len(seconds))
        whole, first = detector(), detector()
        expected = observed(whole, seconds)
        before = observed(first, seconds[:cut])
        second = handed_over(first)
        assert before + observed(second, seconds[cut:]) == expected
        assert second.snapshot() == whole.snapshot()

    @settings(max_examples=25, deadline=None)
    @given(seconds=views())
    def test_what_it_proves_is_said_in_words_and_is_never_nan(self, detector, seconds):
        for proof in (proof for proofs in observed(detector(), seconds) for proof in proofs):
            assert isinstance(proof, Proof)
            assert 1 <= len(proof.because) <= 2
            assert all(word.endswith(".") and len(word) < 120 for word in proof.because)
            assert all(math.isfinite(value) for value in proof.evidence.values())

    @settings(max_examples=15, deadline=None)
    @given(seconds=views())
    def test_a_snapshot_is_a_copy_and_small(self, detector, seconds):
        machine = detector()
        observed(machine, seconds)
        before = machine.snapshot()
        kept = json.dumps(packed(before))
        observed(machine, seconds)
        assert json.dumps(packed(before)) == kept
        assert len(kept) < 4_000

    def test_its_settings_say_where_every_default_comes_from(self, detector):
        module = importlib.import_module(detector.__module__)
        (chosen,) = [
            value
            for name, value in vars(module).items()
            if name.endswith("Settings") and getattr(value, "__module__", "") == module.__name__
        ]
        text = chosen.__doc__
        for field in dataclasses.fields(chosen):
            assert f"{field.name}:" in text or field.default is dataclasses.MISSING, field.name
        assert "[E]" in text or "science" in text.lower()
