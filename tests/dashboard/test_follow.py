"""What comes over the bus and what the board makes of it: only the present is shown as present."""

import pytest

from crampwatch.codec import encode
from crampwatch.events import Telemetry
from crampwatch.topics import Kind, Topic
from crampwatch.units import HOUR_MS, Level
from dashboard.follow import AHEAD_MS, follow
from tests.dashboard.desk import BECAUSE, TEAM, assessed, heart_rate, pattern, telemetry
from tests.support.clocks import START_MS

NOW = START_MS
FAR = 4_102_444_800_000  # the year 2100


@pytest.fixture
def hear(site):
    async def heard(message, kind, athlete="ana"):
        await follow(site, str(Topic(TEAM, athlete, kind)), encode(message))

    return heard


def only(site, now_ms=NOW):
    (row,) = site.board.view(now_ms).athletes
    return row


async def test_one_sample_from_the_future_does_not_stand_before_the_present_ones(site, hear):
    await hear(telemetry(FAR, 199, 99, session="s9"), Kind.TELEMETRY)
    assert (only(site).word, only(site).hr_bpm, only(site).age_s) == ("Waiting", None, None)
    await hear(telemetry(NOW, 152, 172), Kind.TELEMETRY)
    row = only(site)
    assert (row.session, row.hr_bpm, row.cadence_spm, row.elapsed_s) == ("s1", 152, 172, 0)
    later = only(site, NOW + HOUR_MS)
    assert (later.word, later.hr_bpm, later.age_s) == ("No signal", None, 3_600)


async def test_what_is_credible_in_a_message_is_taken_without_the_rest(site, hear):
    samples = (heart_rate(NOW, 150), heart_rate(NOW + AHEAD_MS + 1, 199))
    await hear(Telemetry(collector="c1", spool="s0", row=1, session="s1", samples=samples), Kind.TELEMETRY)
    assert (only(site).hr_bpm, only(site).age_s) == (150, 0)


@pytest.mark.parametrize(("ahead_ms", "bpm"), [(AHEAD_MS, 150), (AHEAD_MS + 1, None)])
async def test_a_collector_s_clock_may_be_two_minutes_ahead(site, hear, ahead_ms, bpm):
    await hear(telemetry(NOW + ahead_ms), Kind.TELEMETRY)
    assert only(site).hr_bpm == bpm


async def test_a_judgement_from_the_future_does_not_keep_the_later_ones_away(site, hear):
    await hear(telemetry(NOW), Kind.TELEMETRY)
    await hear(assessed(FAR, Level.IMMINENT), Kind.ASSESSMENT)
    await hear(pattern(FAR, Level.IMMINENT), Kind.FINDING)
    assert (only(site).word, only(site).because) == ("Not assessed", ())
    await hear(assessed(NOW, Level.WATCH), Kind.ASSESSMENT)
    await hear(pattern(NOW, Level.WATCH), Kind.FINDING)
    assert (only(site).word, only(site).because) == ("Watch", BECAUSE)


async def test_backlog_is_history_however_young(site, hear):
    await hear(telemetry(NOW, 152), Kind.BACKLOG)
    await hear(assessed(NOW), Kind.ASSESSMENT)
    row = only(site)
    assert (row.word, row.hr_bpm, row.age_s, row.session) == ("Waiting", None, None, None)


async def test_old_samples_and_old_judgements_make_nobody_look_live(site, hear):
    long_ago = NOW - HOUR_MS
    await hear(telemetry(long_ago), Kind.TELEMETRY)
    await hear(assessed(long_ago), Kind.ASSESSMENT)
    assert (only(site).word, only(site).hr_bpm, only(site).gauge) == ("No signal", None, None)
    await hear(telemetry(NOW), Kind.TELEMETRY)
    assert (only(site).word, only(site).gauge) == ("Not assessed", None)
