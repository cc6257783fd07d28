"""Hypothesis strategies and builders for facts, shared by every test that needs one."""

from hypothesis import strategies as st

from crampwatch import events as ev
from crampwatch.units import CadenceUnit, Level, Motion, Quality
from crampwatch.usual import BaselineLearned, OwnMean

ids = st.from_regex(r"\A[a-z0-9](?:[a-z0-9-]{0,12}[a-z0-9])?\Z")
epochs = st.integers(min_value=0, max_value=4_102_444_800_000)
texts = st.text(max_size=60)
counts = st.integers(min_value=0, max_value=2**40)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
spms = st.floats(min_value=0, max_value=510, allow_nan=False, width=32)

heart_rates = st.builds(
    ev.HeartRateMeasured,
    at_ms=epochs,
    device=ids,
    seq=counts,
    bpm=st.none() | st.integers(1, 300),
    contact=st.none() | st.booleans(),
    rr_ms=st.lists(st.floats(min_value=1, max_value=64_000, width=32), max_size=4).map(tuple),
)
cadences = st.builds(
    ev.CadenceMeasured,
    at_ms=epochs,
    device=ids,
    seq=counts,
    spm=st.none() | spms,
    raw_per_min=spms,
    unit=st.sampled_from(CadenceUnit),
    decided_by=st.text(max_size=20),
    running=st.none() | st.booleans(),
)
speeds = st.builds(
    ev.SpeedMeasured,
    at_ms=epochs,
    device=ids,
    seq=counts,
    mps=st.floats(min_value=0, max_value=256, width=32),
    distance_m=st.none() | st.floats(min_value=0, max_value=1e6, width=32),
)
batteries = st.builds(ev.BatteryReported, at_ms=epochs, device=ids, seq=counts, percent=st.integers(0, 100))
samples = st.one_of(heart_rates, cadences, speeds, batteries)
telemetry = st.builds(
    ev.Telemetry,
    collector=ids,
    spool=st.from_regex(r"\A[a-z0-9]{1,12}\Z"),
    row=counts,
    session=ids,
    samples=st.lists(samples, min_size=1, max_size=6).map(tuple),
)
becauses = st.lists(texts, max_size=3).map(tuple)
findings = st.builds(
    ev.Finding,
    kind=st.sampled_from(ev.FindingKind),
    id=st.text(min_size=1, max_size=60),
    session=ids,
    at_ms=epochs,
    level=st.sampled_from(Level),
    because=becauses,
    evidence=st.dictionaries(st.text(max_size=10), numbers, max_size=4),
    late=st.booleans(),
)
assessments = st.builds(
    ev.Assessed,
    session=ids,
    at_ms=epochs,
    level=st.sampled_from(Level),
    score=st.floats(0, 1),
    fatigue=st.none() | st.floats(0, 100),
    motion=st.sampled_from(Motion),
    quality=st.dictionaries(st.text(max_size=10), st.sampled_from(Quality), max_size=3),
    contributions=st.dictionaries(st.text(max_size=4), numbers, max_size=4),
)
steps = st.builds(
    ev.GuidanceStep,
    id=st.just("relief.stop"),
    text=texts,
    timer_s=st.none() | st.integers(0, 600),
    note=st.none() | texts,
)
alerts = st.builds(
    ev.Alert,
    kind=st.sampled_from(ev.AlertKind),
    id=st.text(min_size=1, max_size=60),
    finding_id=st.text(max_size=60),
    session=ids,
    level=st.sampled_from(Level),
    state=st.sampled_from(ev.AlertState),
    raised_at_ms=epochs,
    updated_at_ms=epochs,
    title=texts,
    because=becauses,
    steps=st.lists(steps, max_size=3).map(tuple),
    question=st.none() | texts,
)
own_means = st.builds(
    OwnMean,
    own=numbers,
    sessions=st.integers(1, 1_000_000),
    others=numbers,
    own_share=st.floats(0, 1),
)
means = st.none() | own_means
baselines = st.builds(
    BaselineLearned,
    at_ms=epochs,
    version=counts,
    sessions=counts,
    runs=counts,
    cadence_spm_at_3_mps=means,
    cadence_spm_without_speed=means,
    slope_spm_per_mps=means,
    spread_spm=means,
    spread_of_10_s_spm=means,
    drift_percent_per_h=means,
    drift_when_cool_percent_per_h=means,
    drift_when_mild_percent_per_h=means,
    drift_when_hot_percent_per_h=means,
    longest_s=st.none() | st.floats(0, 1e8),
    threshold_scale=st.floats(0.8, 1.25),
    uneventful=counts,
    sensitivity=st.sampled_from(["low", "normal", "high"]),
    learned_at_ms=st.none() | epochs,
)
