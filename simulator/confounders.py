"""What looks like fatigue and is none: ground, traffic, plans, habits (science notes 4.2; rates assumed)."""

from random import Random

from .noise import log_uniform
from .script import STAND, WALK, Script


def warm_up(script: Script, random: Random) -> None:
    """The first minute or two a little slower."""
    script.scale(script.pace, 0, random.uniform(60, 180), random.uniform(0.88, 1.0), ease_s=30)


def hills(script: Script, random: Random, per_h: float) -> None:
    """Climbs of 1 to 5 minutes that cost 6 to 20 % of the speed while the heart works harder, then down again."""
    for start_s in script.moments(random, per_h):
        length_s, loss = random.uniform(60, 300), random.uniform(0.06, 0.20)
        grade = loss * random.uniform(0.25, 0.45)
        script.scale(script.pace, start_s, start_s + length_s, 1 - loss, ease_s=12)
        script.scale(script.work, start_s, start_s + length_s, (1 + 0.35 * loss) / (1 - loss), ease_s=12)
        _slope(script, start_s, start_s + length_s, grade)
        down_s, gain = start_s + length_s + random.uniform(0, 90), loss * random.uniform(0.3, 0.7)
        script.scale(script.pace, down_s, down_s + length_s, 1 + gain, ease_s=12)
        script.scale(script.work, down_s, down_s + length_s, (1 - 0.5 * loss) / (1 + gain), ease_s=12)
        _slope(script, down_s, down_s + length_s, -grade)


def _slope(script: Script, start_s: float, end_s: float, grade: float) -> None:
    for second in script.seconds(start_s, end_s):
        script.climb[second] += grade


def intervals(script: Script, random: Random) -> None:
    """Work of 45 to 300 s at 1.15 to 1.35 of the easy speed, 60 to 180 s of recovery, jogged or walked."""
    work_s, rest_s = log_uniform(random, 45, 300), random.uniform(60, 180)
    fast, slow = random.uniform(1.15, 1.35), random.uniform(0.72, 0.88)
    walked = random.random() < 0.25
    at_s = random.uniform(480, 960)
    end_s = script.length_s - random.uniform(300, 600)
    while at_s + work_s < end_s:
        script.scale(script.pace, at_s, at_s + work_s, fast * random.uniform(0.985, 1.015), ease_s=3)
        rest_from_s = at_s + work_s
        if walked:
            script.spell(rest_from_s, rest_from_s + rest_s, WALK)
        else:
            script.scale(script.pace, rest_from_s, rest_from_s + rest_s, slow, ease_s=3)
        at_s = rest_from_s + rest_s


def run_walk(script: Script, random: Random) -> None:
    """A plan: so many minutes of running, then one of walking, all the way, kept to within some seconds."""
    run_s, walk_s = random.uniform(240, 600), random.uniform(45, 90)
    at_s = run_s
    while at_s < script.length_s - 60:
        wait_s = random.uniform(-8, 8)
        script.spell(at_s + wait_s, at_s + wait_s + walk_s + random.uniform(-5, 5), WALK)
        at_s += run_s + walk_s


def traffic(script: Script, random: Random, per_h: float) -> None:
    """Lights and crossings: 6 to 90 s, short ones more often; running as usual until there and from there."""
    for start_s in script.moments(random, per_h):
        script.spell(start_s, start_s + log_uniform(random, 6, 90), STAND)


def drinks(script: Script, random: Random, per_h: float = 0.8) -> None:
    """A gel or water at a walk: 10 to 60 s."""
    for start_s in script.moments(random, per_h, quiet_start_s=600):
        script.spell(start_s, start_s + random.uniform(10, 60), WALK)


def turns(script: Script, random: Random, per_h: float) -> None:
    """Corners, kerbs, puddles: 4 to 13 s at 4 to 12 % less cadence and some speed lost."""
    for start_s in script.moments(random, per_h):
        length_s, depth = random.uniform(4, 13), random.uniform(0.04, 0.12)
        script.scale(script.cadence, start_s, start_s + length_s, 1 - depth, ease_s=2)
        script.scale(script.pace, start_s, start_s + length_s, 1 - random.uniform(0.3, 1.0) * depth, ease_s=2)


def change_of_pace(script: Script, random: Random, per_h: float = 0.7) -> None:
    """From somewhere on deliberately faster or slower, by up to a tenth."""
    for start_s in script.moments(random, per_h, quiet_start_s=300):
        script.scale(script.pace, start_s, script.length_s + 60, random.uniform(0.90, 1.08), ease_s=10)


def metronome(script: Script, random: Random, chance: float) -> None:
    """A cadence chosen on purpose, up to 5 % off what is usual, kept to the end."""
    if random.random() < chance:
        start_s = random.uniform(0.2, 0.8) * script.length_s
        script.scale(script.cadence, start_s, script.length_s + 60, random.uniform(0.95, 1.05), ease_s=20)


def surface(script: Script, random: Random, per_h: float = 0.4) -> None:
    """Some minutes on gravel or grass: half again to twice the noise."""
    for start_s in script.moments(random, per_h):
        script.scale(script.noise, start_s, start_s + random.uniform(90, 600), random.uniform(1.4, 2.0))


def trail(script: Script, random: Random) -> None:
    """Uneven ground all the way, more in some stretches."""
    script.scale(script.noise, 0, script.length_s + 1, random.uniform(1.5, 2.1))
    for start_s in script.moments(random, 2.0):
        script.scale(script.noise, start_s, start_s + random.uniform(120, 480), random.uniform(1.0, 1.25))


def wall(script: Script, random: Random) -> None:
    """Speed falls by 20 to 40 % over 10 to 30 min and stays; cadence by 1.5 to 5 % more than that explains."""
    start_s, over_s = random.uniform(0.45, 0.7) * script.length_s, random.uniform(600, 1_800)
    loss, cadence_loss = random.uniform(0.20, 0.40), random.uniform(0.015, 0.05)
    for second in script.seconds(start_s, script.length_s):
        part = min(1.0, (second - start_s) / over_s)
        script.pace[second] *= 1 - loss * part
        script.cadence[second] *= 1 - cadence_loss * part
        script.work[second] *= 1 + 0.6 * loss * part


def fast_finish(script: Script, random: Random) -> None:
    """The last 5 to 12 minutes faster by 8 to 18 %."""
    start_s = script.length_s - random.uniform(300, 720)
    script.scale(script.pace, start_s, script.length_s + 60, random.uniform(1.08, 1.18), ease_s=30)
