"""The page on InfluxDB cannot lie: its questions are asked, and what is written is named."""

import re
import time

import pytest

from crampwatch.clock import WallClock
from crampwatch.events import BatteryReported
from crampwatch.storage import Batch
from crampwatch.storage.influx.edge import InfluxEdge
from crampwatch.storage.influx.setup import set_up
from crampwatch.storage.influx.store import InfluxStore
from crampwatch.storage.influx.tasks import tasks
from tests.suites.stores import RUN, START_MS, alert, assessed, finding, stretch
from tests.support import influx
from tests.support.needs import ROOT

PAGE = (ROOT / "docs" / "influxdb.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"```flux\n(.*?)```", PAGE, re.DOTALL)
OURS = {"_start", "_stop", "_time", "_value", "_field", "_measurement"}


@pytest.fixture
async def home(tmp_path):
    """A bucket that holds a run of a minute ago, with one of everything."""
    home = influx.home(buckets=False)
    edge = InfluxEdge.connect(home.settings)
    await set_up(edge, home.settings)
    await edge.close()
    ago_ms = int(time.time() * 1_000) - 120_000 - START_MS

    def lately(fact):
        moments = {name: value + ago_ms for name, value in fact if name in {"at_ms", "raised_at_ms", "updated_at_ms"}}
        return fact.model_copy(update=moments)

    samples = [*stretch(0, 60), BatteryReported(at_ms=START_MS, device="strap-1", seq=999, percent=80)]
    everything = (samples, [finding()], [assessed(n) for n in range(60)], [alert()])
    store = await InfluxStore.open(home.settings, tmp_path / "outbox-test.db", WallClock())
    await store.record([Batch(RUN, *([lately(one) for one in facts] for facts in everything))])
    await store.name("ada", "Ada")
    await store.runs()
    await store.names()
    await store.close()
    return home


@pytest.mark.parametrize("question", QUESTIONS, ids=range(len(QUESTIONS)))
async def test_a_question_of_the_page_has_an_answer(home, question):
    asked = question.replace('"crampwatch-long"', f'"{home.settings.bucket_long}"')
    asked = asked.replace('"crampwatch"', f'"{home.settings.bucket}"').replace('"home"', f'"{RUN.team}"')
    rows = home.query(asked)
    assert rows or "minute" in asked, "the minutes are filled by a task"


async def test_every_measurement_tag_and_field_is_named(home):
    named = set(re.findall(r"`([a-z_]+)`", PAGE))
    for bucket in (home.settings.bucket, home.settings.bucket_long):
        written = {
            row["_value"]
            for function in ("measurements", "tagKeys", "fieldKeys")
            for row in home.query(
                f'import "influxdata/influxdb/schema"\nschema.{function}(bucket: "{bucket}"'
                f"{', start: -1d' if function != 'measurements' else ''})"
            )
        }
        assert written
        assert written - OURS <= named
    for flux in tasks(home.settings).values():
        assert "25h" in flux
    assert "25 hours" in PAGE
