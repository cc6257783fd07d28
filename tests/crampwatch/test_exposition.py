"""What Prometheus reads of a process, read with Prometheus' own parsers."""

import math

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from crampwatch import __version__
from crampwatch.exposition import Exposition
from crampwatch.metrics import Gauge, Timings
from tests.support.services import Patient

FORMATS = {"text/plain": parse_text, "application/openmetrics-text; version=1.0.0": parse_openmetrics}


@pytest.fixture(params=FORMATS, ids=["text", "openmetrics"])
def told(request):
    """The samples of services, by name and labels, in each format that a Prometheus asks for."""

    async def reading(*patients):
        body, content_type = Exposition(lambda: [one.vitals() for one in patients]).text(request.param)
        assert content_type.startswith(request.param.split(";")[0])
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in FORMATS[request.param](body.decode())
            for sample in family.samples
        }

    return reading


def labels(**given):
    return tuple(sorted(given.items()))


async def test_a_gauge_is_named_after_the_kind_of_service_and_told_per_service(told):
    near, far = Patient("track-1"), Patient("track-2")
    near.gauges = [Gauge("spool_rows", 3)]
    far.gauges = [Gauge("spool_rows", 40)]
    samples = await told(near, far)
    assert samples["crampwatch_collector_spool_rows", labels(service="track-1")] == 3
    assert samples["crampwatch_collector_spool_rows", labels(service="track-2")] == 40


async def test_a_gauge_keeps_its_own_labels(told):
    one = Patient("processor-1", "processor")
    one.gauges = [Gauge("lag_seconds", 0.4, {"athlete": "ana"}), Gauge("lag_seconds", 7, {"athlete": "bea"})]
    samples = await told(one)
    assert samples["crampwatch_processor_lag_seconds", labels(service="processor-1", athlete="bea")] == 7


async def test_what_was_refused_is_told_by_reason_and_what_knows_none_without(told):
    one = Patient()
    one.counters.add("refused", "truncated_frame", by=2)
    one.counters.add("refused", "unclaimed")
    one.counters.add("frames", by=9)
    samples = await told(one)
    name = "crampwatch_collector_refused_total"
    assert samples[name, labels(service="collector-1", reason="truncated_frame")] == 2
    assert samples[name, labels(service="collector-1", reason="unclaimed")] == 1
    assert samples["crampwatch_collector_frames_total", labels(service="collector-1")] == 9


async def test_a_name_with_letters_that_prometheus_refuses_is_told_all_the_same(told):
    one = Patient()
    one.counters.add("push-failed now", "ntfy://x y.z")
    samples = await told(one)
    key = "crampwatch_collector_push_failed_now_total", labels(service="collector-1", reason="ntfy://x y.z")
    assert samples[key] == 1


async def test_how_long_alerts_took_is_a_histogram_of_the_chain(told):
    one = Patient("alerter-1", "alerter")
    one.timings = {"alert_latency_seconds": Timings((0.1, 1.0))}
    for seconds in (0.05, 0.5, 0.6, 90.0):
        one.timings["alert_latency_seconds"].observe(seconds)
    samples = await told(one)
    name, whose = "crampwatch_alert_latency_seconds", {"service": "alerter-1", "kind": "alerter"}
    assert [samples[f"{name}_bucket", labels(le=bound, **whose)] for bound in ("0.1", "1.0", "+Inf")] == [1, 3, 4]
    assert samples[f"{name}_count", labels(**whose)] == 4
    assert math.isclose(samples[f"{name}_sum", labels(**whose)], 91.15)


async def test_each_service_says_whether_it_is_ready_and_how_many_problems_it_has(told):
    well, ill = Patient("processor-1", "processor"), Patient()
    well.ready.set()
    ill.problems = ["no broker", "disk full"]
    samples = await told(well, ill)
    assert samples["crampwatch_ready", labels(service="processor-1", kind="processor")] == 1
    assert samples["crampwatch_ready", labels(service="collector-1", kind="collector")] == 0
    assert samples["crampwatch_problems", labels(service="collector-1", kind="collector")] == 2


async def test_a_process_tells_its_release_its_tasks_and_what_it_uses(told):
    samples = await told()
    (build,) = [dict(found) for name, found in samples if name == "crampwatch_build_info"]
    assert build["version"] == __version__
    assert samples["crampwatch_tasks", ()] >= 1
    assert samples["process_resident_memory_bytes", ()] > 1_000_000
    assert samples["process_open_fds", ()] > 0
