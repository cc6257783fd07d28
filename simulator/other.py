"""Build-ups as somebody else might have imagined them: to see whether a detector learned more than one premise.

Nothing else differs from the main generator: runners, surroundings, watches and faults are drawn alike, and a run
without a cramp is the same run in both. Thresholds and weights are never set on these.
"""

from collections.abc import Mapping
from random import Random
from typing import Final

from .prodrome import BuildUp, Form
from .script import STAND, WALK, Script

#: The last moment before the onset that belongs to the build-up, so that running goes on into the cramp.
_LAST_S = 5.0


def quick_steps(script: Script, random: Random, build_up: BuildUp) -> None:
    """Shorter, quicker steps: cadence rises by up to 2-5 % beyond what its speed explains, speed falls by 4-12 %."""
    rise, loss = random.uniform(0.02, 0.05), random.uniform(0.04, 0.12)
    for second in script.seconds(build_up.start_s, build_up.onset_s):
        grown = build_up.severity * build_up.share(second)
        script.cadence[second] *= 1 + rise * grown
        script.pace[second] *= 1 - loss * grown


def limp(script: Script, random: Random, build_up: BuildUp) -> None:
    """One leg is spared: steps alternate, which a value a second cannot show but as 20-60 % more noise."""
    noise, loss = random.uniform(0.2, 0.6), random.uniform(0.0, 0.03)
    for second in script.seconds(build_up.start_s, build_up.onset_s):
        grown = build_up.severity * build_up.share(second)
        script.noise[second] *= 1 + noise * grown
        script.pace[second] *= 1 - loss * grown


def falls(script: Script, random: Random, build_up: BuildUp) -> None:
    """Cadence falls at once by 2-6 % for 20 to 60 s, recovers, and falls again, ever sooner; no more noise between."""
    depth, wait_s = random.uniform(0.02, 0.06), random.uniform(60, 120)
    at_s = build_up.start_s + random.uniform(0.0, 0.3) * wait_s
    while at_s < build_up.onset_s - _LAST_S:
        end_s = min(at_s + random.uniform(20, 60), build_up.onset_s)
        lost = build_up.severity * depth
        script.scale(script.cadence, at_s, end_s, 1 - lost, ease_s=2)
        script.scale(script.pace, at_s, end_s, 1 - 0.5 * lost, ease_s=2)
        wait_s *= random.uniform(0.6, 0.8)
        at_s = end_s + max(wait_s, 10.0)


def slow_first(script: Script, random: Random, build_up: BuildUp) -> None:
    """Speed falls first, by up to 6-20 %; cadence follows 40 to 120 s later, by up to 2-5 % beyond that."""
    loss, cadence_loss, late_s = random.uniform(0.06, 0.20), random.uniform(0.02, 0.05), random.uniform(40, 120)
    late_s = min(late_s, 0.5 * (build_up.onset_s - build_up.start_s))
    following = BuildUp(build_up.start_s + late_s, build_up.onset_s, build_up.severity)
    for second in script.seconds(build_up.start_s, build_up.onset_s):
        script.pace[second] *= 1 - loss * build_up.severity * build_up.share(second)
        script.cadence[second] *= 1 - cadence_loss * build_up.severity * following.share(second)


def pauses(script: Script, random: Random, build_up: BuildUp) -> None:
    """Steps as always, but many short breaks: 3 to 12 s of walking, some of standing, up to 0.5-1.5 a minute."""
    per_min = random.uniform(0.5, 1.5)
    for second in script.seconds(build_up.start_s, build_up.onset_s - _LAST_S):
        if random.random() < per_min * build_up.severity * build_up.share(second) / 60:
            end_s = min(second + random.uniform(3, 12), build_up.onset_s - _LAST_S)
            script.spell(second, end_s, STAND if random.random() < 0.3 else WALK)


def straight(script: Script, random: Random, build_up: BuildUp) -> None:
    """As the main form grows, but in a straight line and without a single hitch."""
    cadence_loss, pace_loss = random.uniform(0.015, 0.06), random.uniform(0.0, 0.15)
    extra_bpm = random.uniform(0, 6)
    for second in script.seconds(build_up.start_s, build_up.onset_s):
        grown = build_up.severity * build_up.share(second)
        script.cadence[second] *= 1 - cadence_loss * grown
        script.noise[second] *= 1 + grown
        script.pace[second] *= 1 - pace_loss * grown
        script.extra_bpm[second] += extra_bpm * grown


FORMS: Final[Mapping[str, Form]] = {
    form.__name__: form for form in (quick_steps, limp, falls, slow_first, pauses, straight)
}


def other_form(script: Script, random: Random, build_up: BuildUp) -> None:
    """One of :data:`FORMS`, each as often as the others."""
    FORMS[random.choice(list(FORMS))](script, random, build_up)
