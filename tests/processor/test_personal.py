"""What is usual for an athlete: learned run by run, shrunk to the population, bounded, and told to the next session."""

import doctest
import json
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.units import HOUR_MS, MINUTE_MS
from processor import personal as personal_module
from processor import population
from processor.labels import BANDS
from processor.learning import confirmed, learned, without_scores
from processor.personal import LEARNING, Mean, Personal, longest_s, threshold_scale, usual_run_s, warmer
from processor.population import POPULATION, SCORE_AT_QUANTILE, SCORE_EDGES, score_quantile
from processor.profile import Asked, Profile, Usual, profile_of
from processor.summary import Summary
from tests.support.clocks import START_MS

DAY_MS = 24 * HOUR_MS
BINS = len(SCORE_EDGES) + 1


def session(day=0, minutes=60, **more):
    """An uneventful hour with speed, some days after the start, of which nobody said anything."""
    ended_ms = START_MS + day * DAY_MS
    usual = {
        "run_s": minutes * 60.0,
        "distance_m": minutes * 180.0,
        "spm": 172.0,
        "mps": 3.2,
        "sigma_spm": 1.6,
        "block_sigma_spm": 1.1,
        "slope": 7.0,
        "early_mps": 3.1,
        "drift_percent_per_h": 4.0,
        "uneventful": True,
        "scores": at_score(0, 3_000.0),
    }
    return Summary(began_ms=ended_ms - minutes * MINUTE_MS, ended_ms=ended_ms, **{**usual, **more})


def at_score(place, seconds):
    """A histogram with all its seconds in one bin."""
    return tuple(seconds if number == place else 0.0 for number in range(BINS))


def after(*summaries, start=None):
    personal = start or Personal()
    for one in summaries:
        personal = learned(personal, one)
    return personal


maybe = st.none() | st.floats(0, 300, width=32)


@st.composite
def sessions(draw):
    return session(
        day=draw(st.integers(0, 400)),
        minutes=draw(st.integers(0, 600)),
        distance_m=draw(st.none() | st.floats(0, 200_000)),
        spm=draw(maybe),
        mps=draw(st.none() | st.floats(0.5, 12)),
        sigma_spm=draw(maybe),
        block_sigma_spm=draw(maybe),
        slope=draw(st.none() | st.floats(-40, 40)),
        # Nobody runs a third of a run at less: such a speed is taken for none.
        early_mps=draw(st.none() | st.just(0.0) | st.floats(0.5, 12)),
        drift_percent_per_h=draw(st.none() | st.floats(-90, 900)),
        hard=draw(st.booleans()),
        uneventful=draw(st.booleans()),
        band=draw(st.sampled_from([None, *BANDS])),
        confirmed=draw(st.booleans()),
        scores=tuple(draw(st.lists(st.floats(0, 90_000), min_size=BINS, max_size=BINS))),
    )


class TestLearning:
    def test_each_session_makes_a_version(self):
        personal = after(session(0), session(1), session(2))
        assert (personal.version, personal.sessions, len(personal.runs)) == (3, 3, 3)
        assert personal.slope == Mean(7.0, 3)

    def test_a_session_with_hardly_any_running_teaches_nothing(self):
        personal = after(session())
        assert learned(personal, session(1, minutes=4)) is personal

    def test_cadence_is_compared_at_one_speed(self):
        fast, slow = session(spm=179.0, mps=4.0), session(spm=172.0, mps=3.0)
        assert after(fast).reference_spm == after(slow).reference_spm == Mean(172.0, 1)

    def test_without_speed_the_plain_cadence_is_learned(self):
        personal = after(session(mps=None, slope=None))
        assert (personal.plain_spm, personal.reference_spm.sessions) == (Mean(172.0, 1), 0)

    def test_drift_is_learned_where_a_session_says_something_of_it(self):
        personal = after(*(session(drift_percent_per_h=drift) for drift in (9.0, None, 3.0)))
        assert personal.drift == Mean(6.0, 2)

    @settings(max_examples=50, deadline=None)
    @given(summaries=st.lists(sessions(), max_size=4), order=st.randoms(use_true_random=False))
    def test_the_order_in_which_the_shelf_hears_of_sessions_hardly_matters(self, summaries, order):
        shuffled = list(summaries)
        order.shuffle(shuffled)
        one, other = after(*summaries), after(*shuffled)
        assert (one.version, one.sessions, one.ended_ms) == (other.version, other.sessions, other.ended_ms)
        assert one.uneventful == other.uneventful
        assert one.sigma_spm.value == pytest.approx(other.sigma_spm.value, abs=0.001)
        if one.runs:
            newest = {run for run in one.runs if one.ended_ms - run.ended_ms <= LEARNING.window_ms}
            assert newest == set(other.runs)

    @settings(max_examples=30, deadline=None)
    @given(summaries=st.lists(sessions(), min_size=1, max_size=12), times=st.integers(1, 6))
    def test_it_is_small_finite_and_comes_back_from_json(self, summaries, times):
        personal = after(*summaries * times)
        body = personal.encode()
        assert len(body) <= 2_048
        assert Personal.decode(body) == personal
        assert Personal.decode(body).encode() == body

    def test_two_months_of_two_runs_a_day_stay_small(self):
        personal = Personal()
        for number in range(120):
            run = session(minutes=30 + number % 50)
            personal = learned(personal, replace(run, ended_ms=START_MS + number * DAY_MS // 2))
        assert len(personal.encode()) <= 2_048
        assert longest_s(personal, personal.ended_ms) == 79 * 60

    def test_drift_is_kept_by_the_weather_too_where_somebody_said_how_it_was(self):
        personal = after(*(session(drift_percent_per_h=9.0, band=band) for band in ("hot", "hot", "cool", None)))
        assert (personal.drift, personal.hot_drift, personal.cool_drift) == (Mean(9.0, 4), Mean(9.0, 2), Mean(9.0, 1))
        assert personal.mild_drift == Mean()

    def test_one_of_the_schema_before_knows_no_weather(self):
        personal = after(session(band="hot"))
        body = {name: one for name, one in json.loads(personal.encode()).items() if not name.endswith("_drift")}
        assert Personal.decode(json.dumps({**body, "v": 2}).encode()) == replace(personal, hot_drift=Mean())

    def test_another_schema_is_refused(self):
        body = json.loads(Personal().encode())
        with pytest.raises(ValueError, match="schema"):
            Personal.decode(json.dumps({**body, "v": 1}).encode())

    def test_a_reset_is_a_version_that_knows_nothing(self):
        personal = after(session(0), session(1))
        assert personal.reset() == Personal(version=3)


class TestTheWeather:
    def test_who_is_not_known_drifts_as_others_do(self):
        assert [warmer(Personal(), band) for band in BANDS] == [0.0, 0.0, 3.0]

    def test_what_hot_runs_say_is_shrunk_to_what_all_runs_say(self):
        hot, mild = session(drift_percent_per_h=9.0, band="hot"), session(drift_percent_per_h=4.0, band="mild")
        personal = after(*[mild, hot] * 5)
        common = personal.drift.shrunk(5.0)
        assert warmer(personal, "hot") == pytest.approx(0.5 * 9.0 + 0.5 * (common + 3.0) - common, abs=0.001)
        assert warmer(personal, "mild") == 0.0
        usual = profile_of(Asked(), personal, START_MS).usual
        assert (usual.cool_drift, usual.mild_drift, usual.hot_drift) == (0.0, 0.0, warmer(personal, "hot"))

    @given(summaries=st.lists(sessions(), max_size=8), band=st.sampled_from(BANDS))
    @settings(max_examples=50, deadline=None)
    def test_it_lies_within_its_bounds(self, summaries, band):
        assert 0.0 <= warmer(after(*summaries), band) <= LEARNING.warmer_percent_per_h


class TestAWordThatComesLate:
    def test_that_nothing_happened_counts_the_scores_of_a_run_that_had_not(self):
        run = session(uneventful=False)
        personal = after(run)
        assert confirmed(personal, run, counted=False) == replace(
            after(session(confirmed=True)), version=personal.version + 1
        )

    def test_that_nothing_happened_adds_no_scores_twice(self):
        run = session()
        personal = after(run)
        assert confirmed(personal, run, counted=True) == replace(
            after(session(confirmed=True)), version=personal.version + 1
        )

    @pytest.mark.parametrize("run", [session(minutes=4), session(scores=at_score(0, 0.0))])
    def test_of_hardly_any_running_it_says_nothing(self, run):
        personal = after(session())
        assert confirmed(personal, run, counted=False) is personal


class TestShrinking:
    def test_five_sessions_weigh_as_much_as_everybody_else(self):
        assert Mean(8.0, 5).shrunk(6.0) == pytest.approx(7.0)

    def test_nobody_is_known_from_no_session(self):
        assert Mean().shrunk(POPULATION.slope) == POPULATION.slope

    @given(value=st.floats(-100, 100), count=st.integers(0, 20), usual=st.floats(-100, 100))
    def test_what_is_used_lies_between_both(self, value, count, usual):
        used = Mean(value, count).shrunk(usual)
        assert min(value, usual) - 1e-9 <= used <= max(value, usual) + 1e-9


class TestExposureAndPace:
    def test_without_four_runs_of_thirty_days_nothing_is_long(self):
        three = after(*(session(day) for day in range(3)))
        assert longest_s(three, START_MS + 3 * DAY_MS) is None
        four = learned(three, session(3, minutes=90))
        assert longest_s(four, START_MS + 4 * DAY_MS) == 90 * 60

    def test_runs_of_more_than_thirty_days_ago_do_not_count(self):
        personal = after(session(0, minutes=180), *(session(29 + day) for day in range(4)))
        assert longest_s(personal, START_MS + 33 * DAY_MS) == 60 * 60
        assert longest_s(personal, START_MS + 80 * DAY_MS) is None

    def test_what_was_usual_more_than_thirty_days_ago_is_so_no_more(self):
        personal = after(*(session(day, minutes=120) for day in range(4)))
        assert usual_run_s(personal, START_MS + 4 * DAY_MS) == 120 * 60
        assert usual_run_s(personal, START_MS + 40 * DAY_MS) is None
        usual = profile_of(Asked(), personal, START_MS + 40 * DAY_MS).usual
        assert usual.third_s == Profile().usual.third_s

    def test_the_first_third_is_compared_with_the_last_five(self):
        personal = after(*(session(day, early_mps=speed) for day, speed in enumerate((5.0, 3.0, 3.1, 3.2, 3.3, 3.4))))
        usual = profile_of(Asked(), personal, START_MS + 6 * DAY_MS).usual
        assert (usual.early_mps, usual.third_s) == (3.2, 1_200.0)
        assert 3.4 <= usual.early_high_mps <= 5.0


class TestPrior:
    def test_a_history_of_cramp_raises_it(self):
        assert profile_of(Asked(cramped_12_months=True, cramps_ever=3), Personal(), START_MS).prior == 0.8
        assert profile_of(Asked(cramps_ever=1), Personal(), START_MS).prior == 0.0

    def test_a_hard_session_raises_it_for_two_days(self):
        personal = after(session(0, hard=True))
        for hours, prior in ((12, 0.2), (47, 0.2), (49, 0.0)):
            assert profile_of(Asked(), personal, START_MS + hours * HOUR_MS).prior == prior

    def test_the_longest_quarter_of_the_runs_is_hard_as_well(self):
        personal = after(*(session(day) for day in range(5)), session(5, minutes=150))
        assert personal.hard_at_ms == START_MS + 5 * DAY_MS

    @given(st.booleans(), st.integers(0, 100))
    def test_history_never_adds_more_than_is_allowed(self, lately, ever):
        assert 0 <= profile_of(Asked(lately, ever), after(session(hard=True)), START_MS + 1).prior <= 1.2


class TestThresholds:
    def test_nothing_is_scaled_before_an_uneventful_run(self):
        assert threshold_scale(Personal()) == 1.0
        assert threshold_scale(after(session(uneventful=False))) == 1.0

    def test_a_run_that_was_not_uneventful_never_changes_the_scores(self):
        personal = after(session(0))
        again = learned(personal, session(1, uneventful=False, scores=at_score(9, 3_000.0)))
        assert (again.scores, again.uneventful) == (personal.scores, personal.uneventful)
        assert again.sessions == 2

    def test_who_wavers_more_in_runs_said_to_be_without_a_cramp_has_higher_ones_within_bounds(self):
        restless = after(*(session(day, confirmed=True, scores=at_score(9, 3_000.0)) for day in range(60)))
        calm = after(*(session(day, scores=at_score(0, 3_000.0)) for day in range(60)))
        assert threshold_scale(restless) == LEARNING.scale_high
        assert threshold_scale(calm) == LEARNING.scale_low

    def test_runs_of_which_nobody_said_anything_never_make_them_higher(self):
        silent = after(*(session(day, scores=at_score(9, 3_000.0)) for day in range(60)))
        assert (silent.uneventful, threshold_scale(silent)) == (60, 1.0)

    def test_silent_runs_raise_nothing_beyond_what_confirmed_ones_say(self):
        one = session(0, confirmed=True, scores=at_score(7, 3_000.0))
        silent = [session(day, scores=at_score(9, 3_000.0)) for day in range(1, 30)]
        assert 1.0 < threshold_scale(after(one)) == threshold_scale(after(one, *silent))

    @settings(max_examples=50, deadline=None)
    @given(summaries=st.lists(sessions(), max_size=6))
    def test_without_an_answer_the_scale_is_one_at_most(self, summaries):
        assert threshold_scale(after(*(replace(one, confirmed=False) for one in summaries))) <= 1.0

    def test_what_a_session_taught_of_scores_can_be_taken_back(self):
        earlier, newest = after(session(0)), after(session(0), session(1, scores=at_score(9, 3_000.0)))
        corrected = without_scores(newest, earlier)
        assert (corrected.version, corrected.sessions) == (3, 2)
        assert (corrected.scores, corrected.uneventful) == (earlier.scores, 1)
        assert corrected.runs == newest.runs

    @settings(max_examples=50, deadline=None)
    @given(summaries=st.lists(sessions(), max_size=6))
    def test_the_scale_stays_within_its_bounds(self, summaries):
        assert 0.8 <= threshold_scale(after(*summaries)) <= 1.25

    def test_one_session_moves_them_less_than_many(self):
        def scale(count):
            return threshold_scale(
                after(*(session(day, confirmed=True, scores=at_score(7, 3_000.0)) for day in range(count)))
            )

        assert 1.0 < scale(1) < scale(3)

    @given(st.lists(st.floats(0, 1e5), min_size=BINS, max_size=BINS))
    def test_a_quantile_is_a_score(self, seconds):
        found = score_quantile(seconds)
        assert found is None or 0 <= found <= 1

    def test_the_population_has_a_scale_of_one(self):
        assert SCORE_EDGES[0] < SCORE_AT_QUANTILE < SCORE_EDGES[-1]


def test_the_examples_in_the_docstrings_hold():
    assert [doctest.testmod(module).failed for module in (personal_module, population)] == [0, 0]


def test_an_athlete_without_history_is_like_everybody():
    assert profile_of(Asked(), Personal(), START_MS) == Profile()


def test_a_profile_is_kept_whole_by_name_with_its_schema():
    body = json.loads(Profile().encode())
    assert (body["v"], body["sensitivity"], body["usual"]["slope"]) == (1, 1.0, POPULATION.slope)
    assert set(body["usual"]) == {one.name for one in fields(Usual)}
    with pytest.raises(ValueError, match="schema"):
        Profile.decode(json.dumps({**body, "v": 99}).encode())


def test_a_profile_comes_back_from_json():
    personal = after(*(session(day) for day in range(6)))
    profile = profile_of(Asked(cramped_12_months=True, cramps_ever=2, sensitivity=2.0), personal, START_MS + 6 * DAY_MS)
    assert Profile.restored(json.loads(json.dumps(profile.plain()))) == profile
    assert Profile.decode(profile.encode()) == profile
    assert profile.usual.longest_s == 3_600.0
