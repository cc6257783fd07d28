"""A body on the shelf that is no profile: it is refused by the name of its field; an older one is read."""

import json
from dataclasses import asdict, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.personal import LEARNING
from processor.profile import Asked, Profile, Usual, profile_of
from tests.processor.test_personal import after, session, sessions
from tests.support.clocks import START_MS

WORTHLESS = ["x", None, True, float("nan"), float("inf"), -1, 10**400, [], {}]


def body(of_usual=(), **changed):
    values = json.loads(Profile().encode())
    return json.dumps({**values, "usual": {**values["usual"], **dict(of_usual)}, **changed}).encode()


@pytest.mark.parametrize("name", ["prior", "sensitivity", "threshold_scale", "usual"])
@pytest.mark.parametrize("value", WORTHLESS, ids=lambda value: repr(value)[:8])
def test_a_wrong_field_is_named(name, value):
    if (name, value) == ("usual", {}):
        name = "slope"
    with pytest.raises(ValueError, match=name):
        Profile.decode(body(**{"usual" if name == "slope" else name: value}))


@pytest.mark.parametrize("name", [one.name for one in fields(Usual)])
@pytest.mark.parametrize("value", WORTHLESS, ids=lambda value: repr(value)[:8])
def test_a_wrong_field_of_what_is_usual_is_named(name, value):
    if value is None and getattr(Usual(), name) is None:
        assert Profile.decode(body({name: value})) == Profile()
        return
    with pytest.raises(ValueError, match=name):
        Profile.decode(body({name: value}))


@pytest.mark.parametrize("values", [{"longest_s": 0}, {"early_mps": 0.0}, {"third_s": 0}, {"sessions": 1.5}])
def test_nothing_is_divided_by_nothing(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        Profile.decode(body(values))


@pytest.mark.parametrize("name", ["prior", "usual"])
def test_a_field_that_is_missing_is_named(name):
    values = json.loads(Profile().encode())
    del values[name]
    with pytest.raises(ValueError, match=f"{name}: missing"):
        Profile.decode(json.dumps(values).encode())


def test_a_field_of_nobody_is_named():
    with pytest.raises(ValueError, match="stranger: missing, or unknown here"):
        Profile.decode(body(stranger=1))
    with pytest.raises(ValueError, match="stranger: missing, or unknown here"):
        Profile.decode(body({"stranger": 1}))


@pytest.mark.parametrize("kept", [b"", b"{", b"[" * 100_000, b"\xff", b"7", b'{"v":1}', b'{"v":2}', None])
def test_what_is_no_profile_at_all_is_refused(kept):
    with pytest.raises(ValueError, match=r"."):
        Profile.decode(kept)


def test_one_of_an_older_release_knows_no_weather_and_takes_what_others_have():
    profile = profile_of(Asked(cramps_ever=2), after(session(), session(1)), START_MS)
    values = {"v": 1, **asdict(profile)}
    for name in ("cool_drift", "mild_drift", "hot_drift"):
        del values["usual"][name]
    found = Profile.decode(json.dumps(values).encode())
    assert found == profile
    assert found.usual.hot_drift == 3.0


@given(
    summaries=st.lists(sessions(), max_size=6),
    cramped=st.booleans(),
    sensitivity=st.sampled_from([0.5, 1.0, 2.0]),
)
def test_whatever_was_learned_makes_a_profile_that_is_read_as_it_was_written(summaries, cramped, sensitivity):
    profile = profile_of(Asked(cramped, 3, sensitivity), after(*summaries), START_MS + LEARNING.rest_ms)
    assert Profile.decode(profile.encode()) == profile
    assert Profile.restored(profile.plain()) == profile
