"""What a finding, an answer, a fault or the time makes of an athlete's case. Pure: it is told the case and the moment.

Every handler returns a verdict with its reason. The journal keeps verdicts; nothing is remembered here.
"""

from dataclasses import replace

from crampwatch.events import Acknowledged, AlertKind, AlertState, CheckedIn, Finding, FindingKind
from crampwatch.units import Level

from .case import Case, Fault, Filed, Verdict
from .drafts import Drafts, Subject
from .guidance import Flow, Guidance
from .levels import Standing
from .lifecycle import Event
from .policy import PAUSE_MS, Candidate, Hush, Outcome, Reason, Rules, decide
from .triage import TEMPERATURE, Lead, flow_of, lead, subject

_WRITES = {Outcome.SHOW, Outcome.PUSH}


class Desk:
    """Decides on cases by rules and guidance."""

    def __init__(self, guidance: Guidance, rules: Rules) -> None:
        self._drafts = Drafts(guidance, rules)
        self._rules = rules

    def on_finding(self, case: Case, finding: Finding, now_ms: int) -> Verdict:
        """What a finding means for a person."""
        if finding.kind is FindingKind.RESUMED:
            return self._resumed(case, finding, now_ms)
        about = subject(finding)
        if about is None:
            return Verdict(Reason.NOT_ALERTING)
        slot, level = about
        fatigue = finding.kind is FindingKind.FATIGUE
        candidate = Candidate(slot, level, finding.id, finding.at_ms, late=finding.late, gives_way=fatigue)
        reason = decide(candidate, case.memory(), self._rules, now_ms)
        if reason.outcome not in _WRITES:
            return self._unwritten(case, slot, reason, now_ms)
        warm_c = finding.evidence.get(TEMPERATURE)
        about_it = Subject(slot, flow_of(finding), level, finding.id, finding.because, finding.at_ms, warm_c)
        return self._written(replace(case, session=finding.session), about_it, reason, now_ms)

    def on_level(self, case: Case, stands: Standing, at_ms: int, now_ms: int) -> Verdict | None:
        """What a level means that stands at ``at_ms`` and was not told in time; None: nothing that is not shown."""
        slot, level, name = stands.slot, stands.level, stands.name(case.athlete)
        shown = case.open.get(slot)
        as_shown = shown is not None and shown.alert.level is level
        if as_shown and shown is not None and not shown.overdue:
            return None
        fatigue = level is not Level.OK and stands.flow is Flow.FATIGUE_WATCH
        candidate = Candidate(slot, level, name, at_ms, gives_way=fatigue, stands=True)
        reason = decide(candidate, case.memory(), self._rules, now_ms)
        if reason.outcome is Outcome.IGNORE or (as_shown and reason.outcome is not Outcome.PUSH):
            return None
        if reason.outcome not in _WRITES:
            return self._unwritten(case, slot, reason, now_ms)
        warm_c = None if stands.finding is None else stands.finding.evidence.get(TEMPERATURE)
        about = Subject(slot, stands.flow, level, name, stands.because(at_ms), at_ms, warm_c)
        return self._written(replace(case, session=stands.session), about, reason, now_ms)

    def on_answer(self, case: Case, answer: Acknowledged, now_ms: int) -> Verdict:
        """What an answer to an alert leads to. The answer is kept as a label whatever comes of it."""
        filed = case.by_id(answer.alert_id)
        if filed is None:
            return Verdict(Reason.NO_SUCH_ALERT)
        to = lead(filed.flow, answer.answer, by_runner=answer.by == "runner")
        if to is Lead.NOTHING:
            return Verdict(Reason.ALREADY_ANSWERED)
        if to is Lead.EASED:
            return Verdict(Reason.EASED, (self._drafts.turned(case, filed, Flow.CRAMP_EASED, now_ms),))
        if to in {Lead.CLOSE, Lead.PAUSE}:
            paused_until_ms = now_ms + PAUSE_MS if to is Lead.PAUSE else None
            closed = self._drafts.moved(filed, Event.ENDED, now_ms)
            return Verdict(Reason.ANSWERED, (closed,), self._hush(filed, Level.WARNING, now_ms), paused_until_ms)
        if to is Lead.RELIEF and filed.alert.kind is AlertKind.CRAMP:
            return self._cramp(case, answer.at_ms, f"the {answer.by} says so", now_ms)
        return self._seen(case, filed, answer, to, now_ms)

    def on_check_in(self, case: Case, check_in: CheckedIn, now_ms: int) -> Verdict:
        """What a runner says unasked."""
        if check_in.what == "cramp":
            return self._cramp(case, check_in.at_ms, "the runner says so", now_ms)
        standing = case.open.get(AlertKind.CRAMP)
        if standing is None:
            return Verdict(Reason.NOTHING_OPEN)
        if standing.flow is Flow.CRAMP_EASED:
            return Verdict(Reason.ALREADY_ANSWERED)
        return Verdict(Reason.EASED, (self._drafts.turned(case, standing, Flow.CRAMP_EASED, now_ms),))

    def on_faults(self, case: Case, faults: tuple[Fault, ...], now_ms: int, *, active: bool) -> Verdict | None:
        """Bring the fault alert in line with what we are blind to now; None when it is already.

        Recovery ends it at once and the next loss raises it anew; when the run is over it just runs out.
        """
        standing = case.open.get(AlertKind.FAULT)
        if not faults:
            if standing is None:
                return None
            event, reason = (Event.ENDED, Reason.RECOVERED) if active else (Event.RAN_OUT, Reason.RUN_OVER)
            return Verdict(reason, (self._drafts.moved(standing, event, now_ms),))
        service = any(one.flow is Flow.FAULT_SERVICE for one in faults)
        flow = Flow.FAULT_SERVICE if service else Flow.FAULT_SENSOR
        because = tuple(one.because for one in faults)
        if standing is not None:
            if standing.alert.because == because:
                return None
            return Verdict(Reason.CHANGED, (self._drafts.turned(case, standing, flow, now_ms, because),))
        since_ms = min(one.since_ms for one in faults)
        about = Subject(AlertKind.FAULT, flow, Level.WATCH, f"fault-{case.athlete}-{since_ms}", because, at_ms=now_ms)
        reason = decide(Candidate(about.slot, about.level, about.id, now_ms), case.memory(), self._rules, now_ms)
        return Verdict(reason, (self._drafts.new(case, about, reason, now_ms),))

    def on_time(self, case: Case, now_ms: int, *, active: bool) -> Verdict | None:
        """What has run out by now; None when nothing has. A pattern lasts as long as the run is watched."""
        changed = []
        for filed in case.open.values():
            due_ms = filed.due_at_ms()
            if due_ms is None or due_ms > now_ms:
                continue
            given_up = filed.unheard and filed.deadline_at_ms <= now_ms
            if active and filed.alert.kind is AlertKind.PATTERN and not given_up:
                changed.append(self._drafts.prolonged(filed, now_ms))
            else:
                changed.append(self._drafts.moved(filed, Event.RAN_OUT, now_ms))
        return Verdict(Reason.EXPIRED, tuple(changed)) if changed else None

    def on_session(self, case: Case, session: str, now_ms: int) -> Verdict | None:
        """A new run begins: what is open of an earlier one is over. None when nothing is."""
        old = [one for one in case.open.values() if one.alert.session != session]
        ended = tuple(self._drafts.moved(one, Event.ENDED, now_ms) for one in old)
        return Verdict(Reason.RUN_OVER, ended) if ended else None

    def _unwritten(self, case: Case, slot: AlertKind, reason: Reason, now_ms: int) -> Verdict:
        """Nothing new is shown; what stands in the slot may end."""
        return Verdict(reason, self._ended(case, slot, now_ms) if reason.outcome is Outcome.CLEAR else ())

    def _written(self, case: Case, about: Subject, reason: Reason, now_ms: int) -> Verdict:
        """A new alert takes the place of what stands in its slot."""
        return Verdict(reason, (*self._ended(case, about.slot, now_ms), self._drafts.new(case, about, reason, now_ms)))

    def _ended(self, case: Case, slot: AlertKind, now_ms: int) -> tuple[Filed, ...]:
        standing = case.open.get(slot)
        return () if standing is None else (self._drafts.moved(standing, Event.ENDED, now_ms),)

    def _resumed(self, case: Case, finding: Finding, now_ms: int) -> Verdict:
        """The runner runs again: a cramp flow closes with how to go on, unless it was said after that (backlog)."""
        standing = case.open.get(AlertKind.CRAMP)
        if standing is None:
            return Verdict(Reason.NOT_ALERTING)
        if finding.late and finding.at_ms < standing.since_ms:
            return Verdict(Reason.OUTDATED)
        last = self._drafts.turned(case, standing, Flow.CRAMP_RESUMED, now_ms)
        return Verdict(Reason.RESUMED, (self._drafts.moved(last, Event.ENDED, now_ms),))

    def _seen(self, case: Case, filed: Filed, answer: Acknowledged, to: Lead, now_ms: int) -> Verdict:
        """Somebody has seen it; where the answer is a cramp, that gets an alert of its own."""
        news = filed.alert.state is not AlertState.ACKNOWLEDGED
        seen = (self._drafts.moved(filed, Event.ANSWERED, now_ms),) if news else ()
        hush = None if filed.alert.kind is AlertKind.FAULT else self._hush(filed, Level.IMMINENT, now_ms)
        if to is Lead.RELIEF:
            cramp = self._cramp(case, answer.at_ms, f"the {answer.by} says so", now_ms)
            return replace(cramp, filed=(*seen, *cramp.filed))
        return Verdict(Reason.ANSWERED, seen, hush) if news else Verdict(Reason.ALREADY_ANSWERED)

    def _cramp(self, case: Case, at_ms: int, because: str, now_ms: int) -> Verdict:
        """Somebody says that it is a cramp: the open cramp alert turns to relief, else help is raised."""
        hush = Hush(Level.IMMINENT, now_ms + self._rules.cooldown_ms)
        standing = case.open.get(AlertKind.CRAMP)
        if standing is not None:
            if standing.flow is Flow.CRAMP_RELIEF:
                return Verdict(Reason.ALREADY_ANSWERED)
            return Verdict(Reason.ANSWERED, (self._drafts.turned(case, standing, Flow.CRAMP_RELIEF, now_ms),), hush)
        about = Subject(
            AlertKind.CRAMP, Flow.CRAMP_RELIEF, Level.NOW, f"cramp-{case.athlete}-{at_ms}", (because,), at_ms=now_ms
        )
        candidate = Candidate(about.slot, about.level, about.id, at_ms, asked=True)
        reason = decide(candidate, case.memory(), self._rules, now_ms)
        if reason.outcome is not Outcome.PUSH:
            return Verdict(reason)
        return Verdict(reason, (self._drafts.new(case, about, reason, now_ms),), hush)

    def _hush(self, filed: Filed, highest: Level, now_ms: int) -> Hush:
        """Quiet for a while up to the level that was answered, and never above ``highest``.

        No answer quiets the question about the next sudden stop (``now``); only "just a pause" does, in its own way.
        """
        level = min(filed.alert.level, highest, key=lambda one: one.rank)
        return Hush(level, now_ms + self._rules.cooldown_ms)
