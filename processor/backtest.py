"""The same athlete machine over a recording, offline."""

from collections.abc import Iterable, Iterator

from crampwatch.events import Sample
from processor.athlete import Athlete, Outcome
from processor.labels import Label
from processor.profile import Profile


def backtest(
    athlete_id: str,
    session: str,
    samples: Iterable[Sample],
    profile: Profile | None = None,
    *,
    labels: Iterable[Label] = (),
    machines: type[Athlete] = Athlete,
) -> Iterator[Outcome]:
    """What each sample of a recording leads to, in order; the last outcome closes the last second.

    The findings are those that the live machine proves from the same samples, bit for bit. ``labels`` is what
    people said; ``machines`` makes the machine, for one that also has detectors of other makers.
    """
    machine = machines(athlete_id, session, profile)
    for label in labels:
        machine.tell(label, proved=True)
    for sample in samples:
        outcome = machine.observe((sample,))
        if outcome.findings or outcome.assessments or outcome.ignored:
            yield outcome
    yield machine.flush()
