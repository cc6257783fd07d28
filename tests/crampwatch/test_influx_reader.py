"""Reading back from a real InfluxDB: exact figures by Flux, also where runs of one athlete overlap."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crampwatch.errors import Misconfigured
from crampwatch.events import Alert, AlertKind, AlertState
from crampwatch.settings import Influxdb
from crampwatch.storage import Batch, RunKey
from crampwatch.storage.influx import flux, reading
from crampwatch.storage.influx.edge import InfluxEdge
from crampwatch.storage.influx.lines import batch_lines, mark_lines, minutes
from crampwatch.storage.influx.reader import SPARE_RUNS, InfluxReader
from crampwatch.units import MINUTE_MS, Level
from tests.suites.stores import START_MS, assessed, finding, in_order, second, stretch
from tests.support import influx

RUN = RunKey("club", "ada", "morning")
SAME_TIME = RunKey("club", "ada", "second-watch")


@pytest.fixture
def home():
    return influx.home()


@pytest.fixture
async def edge(home):
    edge = InfluxEdge.connect(home.settings)
    yield edge
    await edge.close()


@pytest.fixture
def reader(home, edge):
    return InfluxReader(edge, home.settings)


@pytest.fixture
def recorded(home):
    def record(*batches):
        for one in batches:
            home.write(*batch_lines(one), *mark_lines(one.run, minutes(one)))

    return record


def of_session(facts, session):
    return [one.model_copy(update={"session": session}) for one in facts]


async def test_two_runs_of_one_athlete_at_one_time_are_told_apart(reader, recorded):
    # Two collectors hear one athlete, each with sensors and a session of its own.
    other = [
        one.model_copy(
            update={"device": f"{one.device}-b", "bpm": 120} if one.kind == "heart_rate" else {"device": "b"}
        )
        for one in stretch(50, 150)
    ]
    recorded(
        Batch(RUN, stretch(0, 100), (finding(),), [assessed(n) for n in range(100)]),
        Batch(SAME_TIME, other, (), of_session([assessed(60, level=Level.NOW)], SAME_TIME.session)),
    )
    mine, theirs = await reader.run(RUN), await reader.run(SAME_TIME)
    assert (mine.samples, mine.mean_bpm, mine.worst, mine.findings) == (300, 150.0, "watch", 1)
    assert (mine.started_ms, mine.ended_ms) == (START_MS, START_MS + 99_000)
    assert (theirs.samples, theirs.mean_bpm, theirs.worst, theirs.findings) == (300, 120.0, "now", 0)
    assert theirs.distance_m == pytest.approx(297.0)
    assert list(await reader.samples(RUN, after_ms=-1, before_ms=None)) == in_order(stretch(0, 100))
    assert set((await reader.series(SAME_TIME, points=10)).columns["bpm"]) == {120.0}
    assert await reader.runs(team=None, athlete=None, limit=9) == [theirs, mine]


async def test_an_alert_that_is_cleared_in_the_next_run_does_not_mix_the_two(reader, recorded, edge):
    life = [
        Alert(
            kind=AlertKind.FAULT,
            id="a-1",
            finding_id="f-1",
            session=RUN.session,
            level=Level.WARNING,
            state=state,
            raised_at_ms=START_MS,
            updated_at_ms=updated_ms,
            title="No signal",
            because=(),
        )
        for state, updated_ms in ((AlertState.RAISED, START_MS), (AlertState.CLEARED, START_MS + 60 * MINUTE_MS))
    ]
    evening = RunKey(RUN.team, RUN.athlete, "evening")
    recorded(Batch(RUN, stretch(0, 60), alerts=life), Batch(evening, stretch(3_570, 3_640)))
    asked, query = [], edge.query

    async def watched(text):
        asked.append(text)
        return await query(text)

    edge.query = watched
    assert [one.samples for one in await reader.runs(team=None, athlete=None, limit=9)] == [210, 180]
    assert not any("distance_m" in text and "pivot" in text for text in asked), "no run was counted point by point"
    assert [one.state for one in await reader.alerts(RUN)] == [AlertState.CLEARED]


async def test_of_many_runs_that_began_in_one_minute_the_newest_are_found(reader, recorded):
    many = SPARE_RUNS + 4
    for n in range(many):
        recorded(Batch(RunKey("club", f"r{n}", "race"), second(n)[:1]))
    newest = await reader.runs(team="club", athlete=None, limit=2)
    assert [one.run.athlete for one in newest] == [f"r{many - 1}", f"r{many - 2}"]


async def test_runs_that_began_at_once_are_in_the_order_of_their_names(reader, recorded):
    keys = [RunKey("club", name, "race") for name in ("bea", "cleo", "ada")]
    recorded(*(Batch(key, second(0)) for key in keys))
    assert [one.run.athlete for one in await reader.runs(team=None, athlete=None, limit=3)] == ["cleo", "bea", "ada"]


@pytest.mark.parametrize("measurement", ["telemetry", "finding", "alert"])
async def test_a_point_of_somebody_else_is_told_by_the_name_of_the_setting(home, reader, recorded, measurement):
    recorded(Batch(RUN, stretch(0, 10)))
    tags = "group=club,runner=ada,src=x,kind=hitch,level=ok"
    home.write(f'{measurement},{tags} session="morning",id="x",temperature=20.5 {START_MS * 1_000}')
    ask = {
        "telemetry": lambda: reader.samples(RUN, after_ms=-1, before_ms=None),
        "finding": lambda: reader.findings(RUN),
        "alert": lambda: reader.alerts(RUN),
    }
    with pytest.raises(Misconfigured, match=rf"influxdb\.bucket: .*'{measurement}'.*delete it"):
        await ask[measurement]()


async def test_a_bucket_that_is_missing_is_told_by_the_name_of_the_setting(home, reader):
    home.drop_bucket(home.settings.bucket)
    with pytest.raises(Misconfigured, match=r"influxdb\.bucket: .*influx setup"):
        await reader.runs(team=None, athlete=None, limit=1)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=40)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        texts | st.sampled_from(['"', "\\", "${x}", "$", '" or true //', "a\nb", "\0", "é🏃"]), min_size=1, max_size=9
    )
)
async def test_a_text_in_a_question_means_itself(edge, values):
    values = [f".{one}" for one in values]  # array.from fails on an empty text
    rows = ", ".join(f"{{n: {n}, v: {flux.text(value)}}}" for n, value in enumerate(values))
    told = await edge.query(f'import "array"\narray.from(rows: [{rows}])')
    assert {row["n"]: reading.words(row["v"]) for row in told} == dict(enumerate(values))


async def test_a_strange_name_finds_nothing_and_breaks_nothing(reader, recorded):
    recorded(Batch(RUN, second(0)))
    strange = RunKey('club" or true or "', "ada", "morning")
    assert await reader.run(strange) is None
    assert list(await reader.samples(strange, after_ms=-1, before_ms=None)) == []
    assert list(await reader.runs(team='"', athlete="\\", limit=3)) == []


async def test_a_question_about_no_runs_is_not_asked():
    class Nobody:
        async def query(self, flux):
            raise AssertionError(flux)

    assert list(await InfluxReader(Nobody(), Influxdb()).runs(team=None, athlete=None, limit=0)) == []
