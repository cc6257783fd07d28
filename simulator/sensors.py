"""What a watch makes of a body: rounded, held, late, noisy."""

import math
from collections.abc import Iterable, Iterator
from random import Random

from .body import Truly
from .noise import Fading
from .runner import Watch
from .session import Second


def measured(watch: Watch, lives: Iterable[Truly], random: Random) -> Iterator[Second]:
    """Each second as the watch records it."""
    error = Fading(random, watch.speed_noise, 6.0)
    keep_speed = 1 - math.exp(-1 / watch.speed_lag_s)
    keep_heart = 1 - math.exp(-1 / watch.heart_lag_s) if watch.heart_lag_s > 0 else 1.0
    waiting = [0.0] * (watch.speed_dead_s + 1)
    shown_mps = shown_bpm = held_s = held = distance_m = 0.0
    for number, truly in enumerate(lives):
        waiting.append(truly.mps)
        shown_mps += (waiting.pop(0) - shown_mps) * keep_speed
        shown_bpm = truly.bpm if number == 0 else shown_bpm + (truly.bpm - shown_bpm) * keep_heart
        # A stop is seen at once even by watches that hold.
        if held_s <= 0 or abs(truly.spm - held) > 25:
            spm = truly.spm + random.gauss(0.0, watch.jitter_spm) if truly.spm > 0 else 0.0
            held = watch.step_spm * max(0, round(spm / watch.step_spm))
            held_s = min(15.0, random.expovariate(1 / watch.hold_s)) if watch.hold_s > 1 else 0.0
        held_s -= 1
        mps = max(0.0, shown_mps * (1 + error.step()))
        distance_m += mps
        yield Second(
            float(number),
            round(shown_bpm + random.gauss(0.0, watch.heart_jitter_bpm)),
            int(held),
            round(mps if mps > 0.15 else 0.0, 2),
            round(truly.altitude_m, 1),
            round(distance_m, 1),
        )
