"""One athlete's machine: facts in, findings out. Pure: it knows no other athlete, no host and no clock."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from crampwatch.events import Assessed, Finding, Sample
from crampwatch.units import SECOND_MS, Level, Quality
from processor.conditioning import Conditioner
from processor.context import CONTEXTS
from processor.context.answers import Answers
from processor.detect import (
    CrampStop,
    Exposure,
    Fatigue,
    GradualDecline,
    Hitch,
    Lately,
    LevelShift,
    Pacing,
    Pattern,
    Resumed,
    Signal,
    Standstill,
    Tally,
    Unsteady,
    WalkBreak,
)
from processor.detect.detector import Detector, Proof
from processor.detect.pattern import PatternSettings
from processor.features.view import View
from processor.labels import Label
from processor.profile import Profile
from processor.profiled import settings_of, usual_baseline
from processor.state import packed, row, unpacked, unrowed
from processor.summary import Summary, summary_of
from processor.timeline import Moment, Timeline, TimelineState

SNAPSHOT_VERSION = 4
#: So many answers wait for their second at once: more than people say in a minute, little in a snapshot.
ANSWERS = 16

#: Every detector that needs no more than the view, in the order in which each one's channel is needed by the next.
_LINE: tuple[type[Detector], ...] = (
    *CONTEXTS,
    Hitch,
    Standstill,
    WalkBreak,
    Resumed,
    Unsteady,
    LevelShift,
    Lately,
    GradualDecline,
    Exposure,
    Pacing,
    Fatigue,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What facts led to. ``ignored`` counts samples that were not taken, by name: duplicate, other_device, backward.

    ``views`` are the seconds as the detectors left them, for those who explain; a host need not look at them.
    """

    findings: Sequence[Finding] = ()
    assessments: Sequence[Assessed] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    views: Sequence[View] = ()


class Athlete:
    """One session of one athlete.

    Promises: the same facts in the same order give the same findings and the same :meth:`snapshot`, byte for
    byte, wherever they are observed; a machine restored from a snapshot goes on as this one would. A fact seen
    twice changes nothing. Being woken late, twice or never gives the same findings: what was due is found by the
    next fact, stamped with the time at which it was due. So a host with timers of its own may wake, and one without
    (the worker, the backtest) need not.

    Args:
        athlete_id: pseudonymous id; findings are named after it.
        session: this session; a new one has a machine of its own.
        profile: what is known beforehand.
        state: what :meth:`snapshot` holds of the parts, for :meth:`restore`.

    Attributes:
        restarts: how often the athlete's clock has gone back for good.
    """

    #: Detectors of other makers, after our own and before the level is decided; see :mod:`processor.plugins`.
    extra: ClassVar[tuple[type[Detector], ...]] = ()

    def __init__(
        self, athlete_id: str, session: str, profile: Profile | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        self.athlete_id = athlete_id
        self.session = session
        self.profile = profile or Profile()
        self._labels: list[Label] = []
        self._assemble(state or {})

    def observe(self, samples: Iterable[Sample]) -> Outcome:
        """Take facts in the order in which they came."""
        return self._outcome(moment for sample in samples for moment in self._timeline.add(sample))

    def tell(self, label: Label, *, proved: bool = False) -> None:
        """A person said something. It takes effect with the first second at or after its moment that is still open.

        When that was, a ``label`` finding says: a replay that tells it then writes the same rows. Of what was said
        alike for the same second the first counts; when more than :data:`ANSWERS` wait, the oldest go that are not
        the first of their kind, so that no word keeps another kind of word from being heard.

        Args:
            label: what, and for when.
            proved: such a finding says that it took effect, and after how many backward steps of the clock; so it
                waits for them, and however many there are.
        """
        if not proved:
            label = replace(label, restarts=self.restarts)
        second = label.at_ms // SECOND_MS, label.restarts
        if any(one.what == label.what and (one.at_ms // SECOND_MS, one.restarts) == second for one in self._labels):
            return
        waiting = sorted([*self._labels, label], key=lambda one: (one.restarts, one.at_ms, one.what))
        self._labels = waiting if proved or len(waiting) <= ANSWERS else _without_oldest_double(waiting)

    def wake_at_ms(self) -> int | None:
        """The athlete time at which something will be proved unless a fact comes before; None: nothing is due."""
        return self._signal.due_ms()

    def wake(self, now_ms: int) -> Outcome:
        """Athlete time has reached ``now_ms``: no fact from before it will follow."""
        outcome = self._outcome(self._timeline.advance(now_ms))
        silence = [self._named(proof) for proof in self._signal.wake(now_ms)]
        return Outcome([*outcome.findings, *silence], outcome.assessments, outcome.ignored, outcome.views)

    def flush(self) -> Outcome:
        """Close the last second: no more facts will come."""
        return self._outcome(self._timeline.flush())

    @property
    def last_ms(self) -> int | None:
        """The last second that was closed."""
        return self._timeline.last_ms

    def summary(self) -> Summary | None:
        """What the session has taught so far; None before its first second is closed."""
        if self.last_ms is None:
            return None
        state = {type(one): one.snapshot for one in self._detectors}
        return summary_of(
            self.last_ms,
            self._conditioner.parts["baseline"].state,
            state[Exposure](),
            state[Pacing](),
            state[Tally](),
            answers=state[Answers](),
            waiting=[one.what for one in self._labels],
        )

    def snapshot(self) -> bytes:
        """The machine as canonical JSON: versioned, a few kilobytes, the same bytes for the same facts.

        Parts and detectors are rows by name; their instants are counted from the last second that was closed.
        """
        now_ms = self.last_ms or 0
        body = {
            "v": SNAPSHOT_VERSION,
            "athlete": self.athlete_id,
            "session": self.session,
            "profile": self.profile.plain(),
            "restarts": self.restarts,
            "labels": [packed(label) for label in self._labels],
            "timeline": row(self._timeline.state),
            "parts": _told((name, row(part.state, now_ms)) for name, part in self._conditioner.parts.items()),
            "detectors": _told((one.name, row(one.snapshot(), now_ms)) for one in self._detectors),
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def restore(cls, snapshot: bytes) -> Self:
        """The machine that gave this snapshot.

        Raises:
            ValueError: it is no snapshot of a version that this release reads; start afresh from the store.
        """
        body = json.loads(snapshot)
        version = body.get("v") if isinstance(body, dict) else None
        if version != SNAPSHOT_VERSION:
            raise ValueError(f"snapshot version {version!r}; this release reads {SNAPSHOT_VERSION}")
        return cls(body["athlete"], body["session"], Profile.restored(body["profile"]), body)

    def _assemble(self, body: Mapping[str, Any]) -> None:
        self._timeline = Timeline(None, unrowed(TimelineState, body["timeline"]) if body else None)
        self.restarts: int = body.get("restarts", 0)
        self._labels = [unpacked(Label, one) for one in body.get("labels", ())]
        self._build(body.get("parts", {}), body.get("detectors", {}))

    def _build(self, parts: Mapping[str, Any], detectors: Mapping[str, Any]) -> None:
        now_ms = self.last_ms or 0

        def state(kind: type[Detector]) -> Any:
            return unrowed(kind.state_type, detectors[kind.name], now_ms) if kind.name in detectors else None

        self._conditioner = Conditioner(
            lambda name, kind: unrowed(kind, parts[name], now_ms) if name in parts else None,
            baseline=usual_baseline(self.profile),
        )
        given = settings_of(self.profile)
        self._signal = Signal(None, state(Signal))
        self._pattern = Pattern(
            PatternSettings(
                prior=self.profile.prior,
                sensitivity=self.profile.sensitivity,
                threshold_scale=self.profile.threshold_scale,
            ),
            state(Pattern),
        )
        line = [kind(given.get(kind), state(kind)) for kind in (*_LINE, *self.extra)]
        self._detectors: tuple[Detector, ...] = (
            self._signal,
            *line,
            self._pattern,
            CrampStop(None, state(CrampStop)),
            Tally(None, state(Tally)),
        )
        self._observers = tuple(one.observe for one in self._detectors)

    def _outcome(self, moments: Iterable[Moment] | Iterator[Moment]) -> Outcome:
        findings: list[Finding] = []
        assessments: list[Assessed] = []
        views: list[View] = []
        for moment in moments:
            view = self._look(moment, findings)
            views.append(view)
            assessments.append(self._assess(view))
        ignored: dict[str, int] = {}
        if self._timeline.ignored:
            ignored = dict(self._timeline.ignored)
            self._timeline.ignored.clear()
        return Outcome(findings, assessments, ignored, views)

    def _look(self, moment: Moment, findings: list[Finding]) -> View:
        """The view of a second as the detectors leave it; what they prove is added to the findings."""
        if moment.restarted:
            self._begin_again()
        at_ms = moment.at_ms
        if silence := self._signal.wake(at_ms):
            findings.extend([self._named(proof) for proof in silence])
        view = self._conditioner.look(moment, self._pattern.level, self._heard(at_ms) if self._labels else ())
        for observe in self._observers:
            if proofs := observe(view):
                findings.extend([self._named(proof) for proof in proofs])
        return view

    def _heard(self, at_ms: int) -> tuple[Label, ...]:
        """Labels that take effect now: what waited for a second that the clock has left for good, and what is due."""
        now = self.restarts
        heard = tuple(one for one in self._labels if one.restarts < now or (one.restarts == now and one.at_ms <= at_ms))
        self._labels = self._labels[len(heard) :]
        return heard

    def _begin_again(self) -> None:
        """The athlete's clock went back: nothing before can be compared with what comes. What was said holds on."""
        self.restarts += 1
        now_ms = self.last_ms or 0
        lasting = [one for one in self._detectors if isinstance(one, (Answers, Fatigue, Tally))]
        self._build({}, {one.name: row(one.after_restart(), now_ms) for one in lasting})

    def _assess(self, view: View) -> Assessed:
        return Assessed(
            session=self.session,
            at_ms=view.at_ms,
            level=view.level,
            settled=view.base is not None and view.quality["cadence"] is not Quality.UNDEFINED,
            score=round(view.score, 4),
            fatigue=None if view.fatigue is None else round(view.fatigue, 1),
            motion=view.motion,
            quality=view.quality,
            contributions={name: round(part, 3) for name, part in view.parts.items()} if view.parts else {},
            mode=view.mode,
            quiet=tuple(view.gates),
            because=view.because if view.level is not Level.OK else (),
        )

    def _named(self, proof: Proof) -> Finding:
        """A proof as a finding. Its name follows from content, so that a replay writes the same row."""
        kind = f"{proof.kind}-{proof.tag}" if proof.tag else str(proof.kind)
        again = f"/{self.restarts}" if self.restarts else ""
        return Finding(
            kind=proof.kind,
            id=f"{self.athlete_id}/{self.session}/{kind}/{proof.at_ms}{again}",
            session=self.session,
            at_ms=proof.at_ms,
            level=proof.level,
            because=proof.because,
            evidence=dict(proof.evidence),
        )


def _without_oldest_double(labels: list[Label]) -> list[Label]:
    """All but the oldest that says what an older one says already."""
    said = set()
    for place, label in enumerate(labels):
        if label.what in said:
            return labels[:place] + labels[place + 1 :]
        said.add(label.what)
    return labels


def _told(rows: Iterable[tuple[str, list[Any]]]) -> dict[str, list[Any]]:
    """The rows that say anything."""
    return {name: one for name, one in rows if one != [0]}
