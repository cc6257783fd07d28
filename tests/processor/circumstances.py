"""What a machine says of circumstances, and runs with climbs and changes of pace."""

from functools import cache

from crampwatch.events import FindingKind
from processor.athlete import Athlete
from tests.support import needs, runs
from tests.support.clocks import START_MS
from tests.support.stories import Story

#: A recorded trail run with hills.
RECORDED_HILLS = "thomaschampagne+elevate__sloatsburg.csv"


def told(samples):
    machine = Athlete("r7", "s1")
    outcome, end = machine.observe(samples), machine.flush()
    return [*outcome.findings, *end.findings], [*outcome.assessments, *end.assessments]


def said(samples, gate):
    """At which seconds a gate was said to be closed."""
    findings, _ = told(samples)
    tag = f"/{FindingKind.CONTEXT}-{gate}/"
    return [(one.at_ms - START_MS) // 1_000 for one in findings if tag in one.id]


def quiet(samples, gate):
    """The seconds in which a gate is closed."""
    _, assessments = told(samples)
    return [(one.at_ms - START_MS) // 1_000 for one in assessments if gate in one.quiet]


def kinds(samples, kind):
    return [one for one in told(samples)[0] if one.kind is kind]


def stretch(story, seconds, *, spm=170.0, mps=3.0, bpm=(150, 150)):
    """Running while heart rate goes from one value to another."""
    first, last = bpm
    for second in range(seconds):
        story.running(1, spm, mps, round(first + (last - first) * second / seconds))
    return story


@cache
def recorded(name):
    return told(runs.samples(needs.data() / "runs" / name))


def climbing(story, seconds=150, *, spm=170.0):
    """Slower, and the heart works harder for a minute and a half; then as before."""
    stretch(story, 90, spm=spm, mps=2.5, bpm=(150, 168))
    return stretch(story, seconds - 90, spm=spm, mps=2.5, bpm=(168, 168))


def intervals(times, *, heart=True, speed=True, work_s=120, rest_s=90):
    story = Story(heart=heart, speed=speed).running(600)
    for _ in range(times):
        stretch(story, work_s, spm=178, mps=3.8, bpm=(145, 172))
        stretch(story, rest_s, spm=164, mps=2.5, bpm=(172, 145))
    return story
