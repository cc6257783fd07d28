"""A sample is the same sample after it was a row, in SQLite or in a chunk."""

import sqlite3

import pytest
from hypothesis import given

from crampwatch.codec import decode
from crampwatch.errors import Refused
from crampwatch.storage.rows import Kind, assessment_row, order, sample_of, sample_row
from crampwatch.topics import Kind as TopicKind
from tests.support import facts

MEMORY = sqlite3.connect(":memory:")


@given(facts.samples)
def test_any_sample_survives_being_a_row(sample):
    assert sample_of(sample_row(7, sample)) == sample


@given(facts.samples)
def test_sqlite_gives_back_the_row_it_was_given(sample):
    row = sample_row(7, sample)
    marks = ", ".join("?" * len(row))
    assert MEMORY.execute(f"SELECT {marks}", row).fetchone() == row


@given(facts.samples)
def test_a_row_is_ordered_as_its_sample(sample):
    assert order(sample_row(7, sample)) == (sample.at_ms, sample.device, sample.seq)


@given(facts.assessments)
def test_an_assessment_is_kept_to_what_a_page_can_show(assessed):
    *_, kind, score, fatigue, level, motion, _ = assessment_row(7, assessed)
    assert kind == Kind.ASSESSMENT
    assert abs(score / 10_000 - assessed.score) <= 5e-5
    assert (fatigue is None) == (assessed.fatigue is None)
    assert fatigue is None or abs(fatigue / 100 - assessed.fatigue) <= 5e-3 + 1e-9
    assert (level, motion) == (assessed.level, assessed.motion)


def test_an_assessment_is_no_sample():
    row = (0, 7, "", 0, 0, int(Kind.ASSESSMENT), 1, 2, "ok", "run", None)
    with pytest.raises(ValueError, match="no sample"):
        sample_of(row)


def test_a_number_that_no_store_could_keep_is_refused_at_the_door():
    body = b'{"v":1,"kind":"telemetry","collector":"c","spool":"s","row":0,"session":"s","samples":[%s]}'
    sample = b'{"kind":"battery","at_ms":1,"device":"d","seq":99999999999999999999,"percent":5}'
    with pytest.raises(Refused, match="seq"):
        decode(TopicKind.TELEMETRY, body % sample)
