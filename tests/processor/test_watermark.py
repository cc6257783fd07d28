"""The mark never passes a row that was not settled."""

from hypothesis import given
from hypothesis import strategies as st

from processor.watermark import SPANS, Watermark


def settled(*rows):
    mark = Watermark()
    for row in rows:
        mark.settle(row)
    return mark.up_to


def test_rows_without_a_gap_move_the_mark():
    assert settled(0, 1, 2) == 2


def test_a_missing_row_holds_the_mark_until_it_comes():
    assert settled(0, 1, 3, 4) == 1
    assert settled(0, 1, 3, 4, 2) == 4


def test_nothing_is_forgotten_of_a_collector_that_begins_above_row_0():
    assert settled(100, 101) == -1


def test_a_row_that_comes_twice_says_nothing_about_a_missing_one():
    assert settled(1, 1, 1) == -1
    assert settled(1, 1, 0) == 1


def test_the_broker_s_retained_mark_counts():
    mark = Watermark()
    mark.settle(12)
    mark.raise_to(11)
    assert mark.up_to == 12


@given(st.permutations(range(30)))
def test_any_order_of_all_rows_ends_at_the_last(rows):
    assert settled(*rows) == 29


@given(st.lists(st.integers(0, 40), unique=True))
def test_every_row_up_to_the_mark_was_settled(rows):
    assert set(range(settled(*rows) + 1)) <= set(rows)


@given(st.lists(st.integers(0, 40)), st.lists(st.integers(0, 40)))
def test_a_mark_goes_on_from_the_shelf(before, after):
    whole, first = Watermark(), Watermark()
    for row in before:
        whole.settle(row)
        first.settle(row)
    second = Watermark.load(first.dump())
    for row in after:
        whole.settle(row)
        second.settle(row)
    assert second.dump() == whole.dump()


def rows_above(mark, rows):
    return [row for row in rows if mark.has(row)]


@given(st.lists(st.integers(0, 40)))
def test_what_was_settled_is_known_and_nothing_else(rows):
    mark = Watermark()
    for row in rows:
        mark.settle(row)
    assert rows_above(mark, range(42)) == sorted(set(rows))


def test_a_spool_that_leaves_out_every_other_row_is_remembered_up_to_a_bound():
    mark = Watermark()
    for row in range(2, 6 * SPANS, 2):
        mark.settle(row)
    assert mark.up_to == -1
    assert rows_above(mark, range(6 * SPANS)) == [2 * one for one in range(1, SPANS + 1)]


def test_what_was_beyond_the_bound_counts_when_it_comes_again():
    mark = Watermark()
    for row in range(2, 4 * SPANS, 2):
        mark.settle(row)
    for row in range(4 * SPANS):
        mark.settle(row)
    assert mark.up_to == 4 * SPANS - 1


def test_a_row_below_the_bound_pushes_out_the_highest():
    mark = Watermark()
    for row in range(10, 10 + 2 * SPANS, 2):
        mark.settle(row)
    mark.settle(5)
    assert mark.has(5)
    assert not mark.has(8 + 2 * SPANS)
