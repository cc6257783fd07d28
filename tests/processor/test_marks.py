"""Watermarks of many spools: counted apart, kept as long as they may matter."""

from processor.marks import MOST, UNHEARD_MS, Marks
from processor.reading import Origin
from tests.support.clocks import START_MS

ONE, OTHER = Origin("c1", "a"), Origin("c1", "b")


def test_each_spool_has_rows_of_its_own():
    marks = Marks()
    marks.settle(ONE, 0, START_MS)
    marks.settle(OTHER, 5, START_MS)
    assert (marks.up_to(ONE), marks.up_to(OTHER), marks.up_to(Origin("c2", "a"))) == (0, -1, -1)


def test_raising_a_mark_is_news_once():
    marks = Marks()
    assert [marks.raise_to(ONE, row, START_MS) for row in (4, 4, 3, 5)] == [True, False, False, True]


def test_what_is_kept_is_the_same_after_a_restart():
    marks = Marks()
    marks.settle(ONE, 0, START_MS)
    marks.settle(ONE, 2, START_MS)
    again = Marks(marks.kept([ONE]))
    again.settle(ONE, 1, START_MS)
    assert again.up_to(ONE) == 2


def test_a_spool_unheard_of_for_a_month_is_dropped_when_a_new_one_comes():
    marks = Marks()
    marks.settle(ONE, 0, START_MS)
    later_ms = START_MS + UNHEARD_MS + 1
    assert marks.prune(later_ms - 1) == []
    marks.settle(OTHER, 0, later_ms)
    assert marks.prune(later_ms) == [ONE]
    assert len(marks) == 1


def test_what_a_start_finds_too_old_is_dropped():
    marks = Marks()
    marks.settle(ONE, 0, START_MS)
    again = Marks(marks.kept([ONE]))
    assert again.prune(START_MS + UNHEARD_MS + 1) == [ONE]


def test_beyond_the_most_those_unheard_of_longest_go():
    marks = Marks()
    for number in range(MOST + 2):
        marks.settle(Origin("c", f"s{number}"), 0, START_MS + number)
    assert marks.prune(START_MS + MOST + 2) == [Origin("c", "s1"), Origin("c", "s0")]


def test_a_clock_that_went_back_drops_nothing():
    marks = Marks()
    marks.settle(ONE, 0, START_MS)
    marks.settle(OTHER, 0, 0)
    assert marks.prune(0) == []
