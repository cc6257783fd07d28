"""The alerter's decisions without its disk: what the journal would remember, in the simplest words."""

from dataclasses import replace

from alerts.case import Case
from alerts.levels import Levels
from alerts.policy import Outcome, Pushed, Reason
from crampwatch.events import AlertState
from tests.alerts.builders import RULES, SESSION, desk


class Ledger:
    """One athlete's case. ``told``: every push, in order; each is felt at once, unless ``deaf``."""

    def __init__(self, rules=RULES):
        self.rules, self.desk = rules, desk(rules)
        self.open, self.pushed, self.hushes, self.facts = {}, [], [], set()
        self.paused_until_ms = 0
        self.told, self.reasons, self.deaf = [], [], False
        self.restart()

    def restart(self):
        """The alerter begins a new life: what is not in its journal is forgotten."""
        self.levels = Levels(self.rules.deadline_ms)

    def case(self, now_ms):
        hushes = tuple(one for one in self.hushes if now_ms < one.until_ms)
        return Case("ada", SESSION, 0, dict(self.open), tuple(self.pushed), hushes, self.paused_until_ms)

    def find(self, finding, now_ms):
        verdict = self.desk.on_finding(self.case(now_ms), finding, now_ms)
        self.levels.found("ada", finding, in_time=verdict.reason not in {Reason.LATE, Reason.TOO_LATE})
        self._keep(verdict, now_ms)

    def assess(self, assessed, now_ms):
        stands = self.levels.seen("ada", assessed, now_ms)
        if stands is None:
            return
        self.levels.settle("ada", stands)
        if stands.name("ada") not in self.facts:
            verdict = self.desk.on_level(self.case(now_ms), stands, assessed.at_ms, now_ms)
            if verdict is not None:
                self.facts.add(stands.name("ada"))
                self._keep(verdict, now_ms)

    def answer(self, word, now_ms):
        self._keep(self.desk.on_answer(self.case(now_ms), word, now_ms), now_ms)

    def pass_time(self, now_ms):
        verdict = self.desk.on_time(self.case(now_ms), now_ms, active=True)
        if verdict is not None:
            self._keep(verdict, now_ms)
            for filed in verdict.filed:
                if filed.given_up(now_ms):
                    self.levels.reopen("ada", filed.alert.kind)

    def _keep(self, verdict, now_ms):
        self.reasons.append(verdict.reason)
        for filed in verdict.filed:
            self._file(filed, verdict.reason, now_ms)
        if verdict.hush is not None:
            self.hushes.append(verdict.hush)
        if verdict.paused_until_ms is not None:
            self.paused_until_ms = verdict.paused_until_ms

    def _file(self, filed, reason, now_ms):
        alert = filed.alert
        if not alert.state.open:
            if self.open.get(alert.kind) and self.open[alert.kind].alert.id == alert.id:
                del self.open[alert.kind]
            return
        fresh = all(one.alert.id != alert.id for one in (*self.open.values(), *self.told))
        if fresh and reason.outcome is Outcome.PUSH and filed.audible:
            self.told.append(filed)
            if not self.deaf:
                self.pushed.append(Pushed(now_ms, alert.level, alert.id, filed.asked, alert.kind))
                if alert.state is AlertState.RAISED:
                    filed = replace(filed, alert=alert.model_copy(update={"state": AlertState.DELIVERED}))
        self.open[alert.kind] = filed
