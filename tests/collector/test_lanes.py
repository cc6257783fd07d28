"""Two lanes of rows: each row once, each lane in order, whatever grows old."""

from hypothesis import given
from hypothesis import strategies as st

from collector.lanes import Lanes

steps = st.lists(st.tuples(st.sampled_from(["live", "backlog", "aside", "come"]), st.integers(1, 5)), max_size=40)


@given(steps)
def test_every_row_is_sent_once_and_each_lane_in_order(script):
    lanes, next_row, live, backlog = Lanes(7), 7, [], []
    for what, count in [("come", 3), *script]:
        if what == "come":
            next_row += count
        elif what == "live":
            rows = list(range(lanes.live, min(lanes.live + count, next_row)))
            live += rows
            if rows:
                lanes.took_live(rows[-1])
        elif what == "aside":
            lanes.set_aside(min(lanes.live + count, next_row))
        elif lanes.backlog is not None:
            first, length = lanes.backlog
            rows = list(range(first, first + min(count, length)))
            backlog += rows
            lanes.took_backlog(rows[-1])
    while lanes.backlog is not None:
        first, length = lanes.backlog
        backlog += range(first, first + length)
        lanes.took_backlog(first + length - 1)
    assert live == sorted(live)
    assert backlog == sorted(backlog)
    assert sorted(live + backlog) == list(range(7, lanes.live))
    assert lanes.sent_all(lanes.live)
    assert lanes.sent_all(next_row) == (lanes.live == next_row)
