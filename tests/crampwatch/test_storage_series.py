"""A run of any length becomes about so many points, and none of its measurements is lost or moved."""

from hypothesis import given
from hypothesis import strategies as st

from crampwatch.storage.series import downsampled

START = 1_760_000_000_000


def drawn(line, *, until_s, points, highest=()):
    times, values = line
    return downsampled([(times, {"x": values})], START, START + until_s * 1_000, points=points, highest=highest)


def every_second(values):
    return [START + n * 1_000 for n in range(len(values))], values


def test_a_mean_stands_for_its_span():
    series = drawn(every_second([100, 110, 120, 130]), until_s=3, points=2)
    assert series.at_ms == [START, START + 2_000]
    assert series.columns["x"] == [105, 125]


def test_the_highest_stands_for_its_span_where_a_mean_would_hide_it():
    assert drawn(every_second([0.1, 0.9, 0.2, 0.2]), until_s=3, points=2, highest={"x"}).columns["x"] == [0.9, 0.2]


def test_a_span_in_which_nothing_was_measured_is_none_and_not_zero():
    assert drawn(([START, START + 3_000], [5, 7]), until_s=3, points=10).columns["x"] == [5, None, None, 7]


def test_a_reading_that_was_missing_does_not_pull_a_mean_down():
    assert drawn(every_second([100, None, None, 130]), until_s=3, points=1).columns["x"] == [115]


def test_a_run_of_one_moment_is_one_point():
    series = drawn(([START], [150]), until_s=0, points=1_000)
    assert (series.at_ms, series.columns["x"]) == ([START], [150])


@given(
    st.lists(st.tuples(st.integers(0, 20_000_000), st.none() | st.integers(0, 300)), min_size=1, max_size=60),
    st.integers(-1, 50),
)
def test_every_reading_is_in_one_span_and_there_are_about_as_many_spans_as_asked(readings, points):
    readings.sort(key=lambda reading: reading[0])
    times, values = [START + at for at, _ in readings], [value for _, value in readings]
    series = downsampled([(times, {"x": values})], times[0], times[-1], points=points, highest={"x"})
    column = series.columns["x"]
    assert 1 <= len(series.at_ms) == len(column) <= max(1, points) + 1
    assert {later - earlier for earlier, later in zip(series.at_ms, series.at_ms[1:], strict=False)} <= {
        (series.at_ms[1] - series.at_ms[0]) if len(series.at_ms) > 1 else 0
    }
    there = [value for value in values if value is not None]
    assert max((value for value in column if value is not None), default=None) == max(there, default=None)
    assert sum(value is not None for value in column) <= len(there)
