"""What is found in the stores afterwards, held against what was sent and against a run without faults."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crampwatch.events import Alert, Finding, Sample
from crampwatch.storage import Store
from crampwatch.storage.sqlite import SqliteStore
from tests.faults.plan import Plan

#: An alert as a person knows it: whose, about what, how urgent, and where it ended.
Known = tuple[str, str, str, str]


@dataclass(frozen=True)
class Kept:
    """Everything that a store holds of a group."""

    sessions: int
    samples: Mapping[str, Sequence[Sample]]
    findings: Mapping[str, Finding]
    alerts: Sequence[tuple[str, Alert]]

    @property
    def known_alerts(self) -> Counter[Known]:
        return Counter((athlete, str(one.kind), str(one.level), str(one.state)) for athlete, one in self.alerts)


async def read(store: Store, team: str, plan: Plan) -> Kept:
    """Read everything of a group."""
    samples: dict[str, list[Sample]] = {}
    findings: dict[str, Finding] = {}
    alerts: list[tuple[str, Alert]] = []
    runs = [one.run for one in await store.runs(team=team, limit=10_000) if one.run.athlete in plan.ids]
    for key in runs:
        samples.setdefault(key.athlete, []).extend(await store.samples(key))
        findings |= {one.id: one for one in await store.findings(key)}
        alerts += [(key.athlete, one) for one in await store.alerts(key)]
    return Kept(len(runs), samples, findings, alerts)


async def read_sqlite(path: Path, team: str, plan: Plan) -> Kept:
    """Read a store of ours from its file."""
    store = await SqliteStore.open(path, read_only=True)
    try:
        return await read(store, team, plan)
    finally:
        await store.close()


def _named(sample: Sample) -> tuple[str, str, int]:
    return sample.device, sample.kind, sample.at_ms


@dataclass(frozen=True)
class Stored:
    """How a store's samples compare with those sent. ``doubled``: the same measurement twice; ``strange``: not sent."""

    sent: int
    lost: int
    doubled: int
    strange: int

    @property
    def exact(self) -> bool:
        return self.lost == self.doubled == self.strange == 0


def compare_samples(plan: Plan, kept: Kept) -> Stored:
    """Hold what is stored against what was sent, sample by sample."""
    sent = lost = doubled = strange = 0
    for athlete, (_, expected) in plan.taken.items():
        found = kept.samples.get(athlete, ())
        names = Counter(map(_named, found))
        sent += len(expected)
        lost += len(set(expected) - set(found))
        doubled += sum(count - 1 for count in names.values())
        strange += len(set(found) - set(expected))
    return Stored(sent, lost, doubled, strange)


def compare_findings(expected: Iterable[Finding], found: Mapping[str, Finding]) -> list[str]:
    """What differs, in words; whether a finding came late is judged apart."""
    wanted = {one.id: one.model_copy(update={"late": False}) for one in expected}
    there = {name: one.model_copy(update={"late": False}) for name, one in found.items()}
    missing = [f"finding missing: {name}" for name in sorted(wanted.keys() - there.keys())]
    extra = [f"finding not in the reference: {name}" for name in sorted(there.keys() - wanted.keys())]
    other = [f"finding differs: {name}" for name in sorted(wanted.keys() & there.keys()) if wanted[name] != there[name]]
    return missing + extra + other


def compare_counts(what: str, expected: Counter, found: Counter) -> list[str]:
    """What there is more or less of, in words."""
    missing = [f"{what} missing: {one} x{count}" for one, count in sorted((expected - found).items())]
    extra = [f"{what} too many: {one} x{count}" for one, count in sorted((found - expected).items())]
    return missing + extra


@dataclass
class Outcome:
    """One row of the table."""

    name: str
    kills: Sequence[tuple[str, float]] = ()
    stored: Mapping[str, Stored] = field(default_factory=dict)
    findings: Sequence[str] = ()
    late: int = 0
    pushes: Sequence[str] = ()
    alerts: Sequence[str] = ()
    #: Pushes on the broker that came more than once: their takers know them by their ids.
    repeats: int = 0
    recovered_s: Sequence[float] = ()

    #: Whether findings were held against those of a run without faults.
    compared: bool = True

    @property
    def found(self) -> str:
        """How the findings compare, in a word."""
        if not self.compared:
            return "-"
        return "no" if self.findings else "equal"

    @property
    def faultless(self) -> bool:
        stores = all(one.exact for one in self.stored.values())
        return stores and not (self.findings or self.pushes or self.alerts)

    @property
    def told(self) -> list[str]:
        """Everything that is wrong, a line each."""
        stores = [f"{name}: {one}" for name, one in self.stored.items() if not one.exact]
        return [*stores, *self.findings, *self.pushes, *self.alerts]
