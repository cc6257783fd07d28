"""Rows of states are read by place: which field stands where is part of the version of a snapshot."""

import dataclasses
import importlib
import pkgutil

import pytest

import processor.context
import processor.detect
import processor.features
from processor.state import row, unrowed

#: The fields of every state in their order.
#: A new field goes to the end of its state and of its line here, with a default that says what older states mean.
#: Any other change: raise ``SNAPSHOT_VERSION`` in processor/athlete.py, and then write it here.
ORDER = {
    "AnswersState": "cramp_ms pause_ms eased_ms quiet_until_ms eased uneventful_ms band band_ms",
    "BaselineState": (
        "run_s due_s spm mps bpm blocks block_sum block_s wobble_sum wobble_s recent_ms recent_spm base adapted_spm "
        "slope_xy slope_xx near_ms near_spm"
    ),
    "BeatsState": "rr_ms first faults skip judged_ms amiss_ms told_ms heard_at_ms tried_at_ms alpha1 share",
    "CadenceState": "before trusted_spm trusted_at_ms still_since_ms repaired_s factor doubt_s",
    "CrampStopState": "normal_at_ms fell_at_ms sudden signs asked_at_ms unsure last_at_ms",
    "DeclineState": "block block_s block_at_ms apart_s percents deficit_percent told",
    "ExposureState": "began_ms distance_m measured_s",
    "FatigueState": (
        "usual by usual_ratio ratio mps bpm measured_at_ms alpha1 index_at_ms parts told since_ms high_since_ms band"
    ),
    "GuardState": "failed inner untold hour_ms said",
    "HeartState": (
        "good_bpm good_at_ms same_since_ms past_bpm past_at_ms first_at_ms beats_at_ms recent_at_ms recent_s "
        "recent_bpm recent_spm span_s equal entered_by_jump locked apart_s"
    ),
    "HillState": "next_ms mps bpm flat_mps flat_times until_ms",
    "HitchState": "began_ms low_until_ms depth_spm load at_ms weights",
    "IntervalsState": "next_ms by_heart fast extreme end_bpm before before_bpm rises_ms followed until_ms mean_mps",
    "ModeState": "mode present changed_ms gone due_ms locked had_cadence good_ms beats_ms",
    "LatelyState": "rough rough_long rough_for_s short short_long mean mean_long quick_spm quick_long_spm quick_for_s "
    "quick_share quick_told dip_at_ms mps",
    "MotionState": "motion since_ms before next next_since_ms seen_at_ms",
    "PacingState": "metres seconds early_mps",
    "PatternState": "score rank asked_ms entered_ms quiet_ms ran_at_ms peak_slot peaks because",
    "PhaseState": "next_ms read_at_ms fast_mps fast_bpm usual_mps usual_bpm up_ms since_ms finish over_ms",
    "PlanState": "ran_s counted began_ms until_ms told",
    "ResumedState": "left_ms halted again_ms",
    "ShiftState": "block_sum block_s cusum deficit_sigma told",
    "SignalState": "last_ms silent told since_ms told_ms",
    "SourceState": "device heard_s rival rival_s alone alone_s beats_s",
    "SpeedState": "mps at_ms smooth_mps slow_mps stepped_at_ms still_s blind",
    "SpeedTrustState": "next_ms read_at_ms mps spm bpm up turned_at_ms wild_at_ms",
    "StandstillState": "since_ms named break_at_ms",
    "StopsState": "normal_at_ms ran_from_s left_ms still_ms clean again_ms walks_ms load gate until_ms",
    "StretchState": "since_ms work_s work_since_ms",
    "TallyState": "scores worst asked asking answered cramp hard decoupling decoupled_at_s open_ms high fine",
    "TimelineState": "open_s final_s moment_s backward restarted spm bpm mps rr_ms reported heard_s seen sources "
    "other_sensor ran_s",
    "TreadmillState": "next_ms read_at_ms mps same_s low_spm high_spm still_s closed",
    "TurnState": "began_ms low_until_ms depth_spm before_mps low_mps way_m at_ms at_m until_ms",
    "UnsteadyState": "ratio since_ms told",
    "UsualAlphaState": "bpm taken_at_ms learned line recent",
    "WalkState": "ran_s named",
}


def states():
    """Every state that a snapshot can hold, by name."""
    names = ["processor.conditioning", "processor.guard", "processor.modes", "processor.sources", "processor.timeline"]
    for package in (processor.context, processor.detect, processor.features):
        names += [f"{package.__name__}.{one.name}" for one in pkgutil.iter_modules(package.__path__)]
    for name in names:
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and value.__module__ == name and value.__name__.endswith("State"):
                yield value


EVERY = {one.__name__: one for one in states()}


def test_every_state_has_its_line():
    assert sorted(EVERY) == sorted(ORDER), "write the fields of the new state into ORDER"


@pytest.mark.parametrize("name", sorted(ORDER))
def test_the_fields_of_a_state_stand_where_they_stood(name):
    order = " ".join(one.name for one in dataclasses.fields(EVERY[name]))
    assert order == ORDER[name], "append fields, or raise SNAPSHOT_VERSION: the note on ORDER says how"


@pytest.mark.parametrize("kind", EVERY.values(), ids=EVERY)
def test_a_state_at_rest_tells_nothing(kind):
    assert row(kind(), 1_760_000_000_000) == [0]
    assert unrowed(kind, [0], 1_760_000_000_000) == kind()


@dataclasses.dataclass
class Inner:
    """A state within a state."""

    since_ms: int | None = None


@dataclasses.dataclass
class Older:
    """A state as an older release wrote it."""

    at_ms: int = 0
    seen_ms: dict[str, list[int | None]] = dataclasses.field(default_factory=dict)
    share: float | None = 0.5
    inner: Inner = dataclasses.field(default_factory=Inner)


@dataclasses.dataclass
class Newer(Older):
    """The same with a field appended."""

    times: int = 1


def test_a_row_holds_what_is_not_at_its_default_and_tells_instants_from_now():
    state = Older(at_ms=990, seen_ms={"pod": [1_000, None]}, inner=Inner(1_005))
    assert row(state, 1_000) == [0b1011, -10, {"pod": [0, None]}, [1, 5]]
    assert unrowed(Older, row(state, 1_000), 1_000) == state


def test_none_and_a_default_are_told_apart():
    assert unrowed(Older, row(Older(share=None))) == Older(share=None)


def test_a_field_that_the_older_writer_did_not_know_takes_its_default():
    assert unrowed(Newer, row(Older(at_ms=7))) == Newer(at_ms=7)


@pytest.mark.parametrize("values", [[0b10000, 1], [0b11, 1], [0, 1]])
def test_a_row_that_does_not_fit_is_refused(values):
    with pytest.raises(ValueError, match=r"fields that it does not have|zip\(\)"):
        unrowed(Older, values)
