"""Cramps and the build-ups before them. Nobody has measured one: each form is a premise, not a finding."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from .noise import log_uniform
from .script import STAND, WALK, Script
from .session import Truth


@dataclass(frozen=True, slots=True)
class BuildUp:
    """From ``start_s`` to ``onset_s`` something grows; ``severity`` scales all of it."""

    start_s: float
    onset_s: float
    severity: float

    def share(self, second: int) -> float:
        """0 at its start, 1 at the onset."""
        return min(1.0, max(0.0, (second - self.start_s) / (self.onset_s - self.start_s)))


#: Writes a build-up into a script.
Form = Callable[[Script, Random, BuildUp], None]


def main_form(script: Script, random: Random, build_up: BuildUp) -> None:
    """Science notes 4.3: with u from 0 to 1, cadence falls with u^1.5 by up to 1.5-6 %, its noise grows to 2.5 times,
    hitches come ever more often, some of them short walks; speed falls by up to 15 %, heart rate rises by up to 6.
    """
    severity = build_up.severity
    cadence_loss, pace_loss = random.uniform(0.015, 0.06), random.uniform(0.0, 0.15)
    extra_bpm = random.uniform(0, 6)
    for second in script.seconds(build_up.start_s, build_up.onset_s):
        u = build_up.share(second)
        script.cadence[second] *= 1 - severity * cadence_loss * u**1.5
        script.noise[second] *= 1 + 1.5 * severity * u
        script.pace[second] *= 1 - severity * pace_loss * u
        script.extra_bpm[second] += severity * extra_bpm * u
        if random.random() < 1.5 * severity * u / 60:
            _hitch(script, random, second, severity, build_up.onset_s)


def _hitch(script: Script, random: Random, second: int, severity: float, onset_s: float) -> None:
    if random.random() < 0.2 * severity:
        script.spell(second, min(second + random.uniform(5, 25), onset_s - 5), WALK)
        return
    end_s = min(second + random.uniform(3, 10), onset_s)
    depth = random.uniform(0.05, 0.18)
    script.scale(script.cadence, second, end_s, 1 - depth, ease_s=1)
    script.scale(script.pace, second, end_s, 1 - 0.5 * depth, ease_s=1)


def cramp(script: Script, random: Random, truth: Truth, form: Form, *, silent: bool) -> Truth:
    """A cramp in the second half or so, with a build-up of 1 to 10 min or none; perhaps another one later."""
    onset_s = float(int(random.uniform(0.45, 0.93) * script.length_s))
    ramp_s, severity = log_uniform(random, 60, 600), random.uniform(0.3, 1.0)
    truth = replace(truth, onset_s=onset_s, silent=silent)
    if not silent:
        form(script, random, BuildUp(onset_s - ramp_s, onset_s, severity))
        truth = replace(truth, prodrome_s=round(onset_s - ramp_s, 1), severity=round(severity, 3))
    resumed_s = _stopped(script, random, onset_s)
    again_s = onset_s + random.uniform(600, 2_400)
    if random.random() < 0.4 and again_s < script.length_s - 120 and again_s > resumed_s + 120:
        _stopped(script, random, again_s)
        truth = replace(truth, repeats_s=(round(again_s, 1),))
    return replace(truth, resumed_s=round(resumed_s, 1))


def _stopped(script: Script, random: Random, onset_s: float) -> float:
    """Standing (70 %) or walking for 30 to 240 s; slower afterwards. Returns when running begins again."""
    end_s = onset_s + random.uniform(30, 240)
    script.spell(onset_s, end_s, STAND if random.random() < 0.7 else WALK)
    script.scale(script.pace, end_s, script.length_s + 60, random.uniform(0.6, 0.95), ease_s=5)
    script.taken.append((onset_s - 5, end_s))
    return end_s


def aborted(script: Script, random: Random, truth: Truth, form: Form) -> Truth:
    """A build-up; then the runner eases for some minutes, and no cramp comes."""
    end_s = float(int(random.uniform(0.4, 0.85) * script.length_s))
    ramp_s, severity = log_uniform(random, 60, 600), random.uniform(0.3, 1.0)
    form(script, random, BuildUp(end_s - ramp_s, end_s, severity))
    eased_s = random.uniform(120, 420)
    script.scale(script.pace, end_s, end_s + eased_s, random.uniform(0.8, 0.92), ease_s=8)
    return replace(truth, aborted_s=(round(end_s - ramp_s, 1), round(end_s + 120, 1)), severity=round(severity, 3))
