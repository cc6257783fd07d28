"""The beats that make up a heart rate: their pattern changes with effort, as DFA alpha 1 does."""

import math
from collections.abc import Sequence
from random import Random

from .runner import Runner
from .session import Second

_BREATHS_HZ = (0.3, 0.7)


def beating(seconds: Sequence[Second], runner: Runner, random: Random) -> list[Second]:
    """The same seconds with the intervals (ms) of the beats that ended in each.

    The fluctuation goes from long memory at little effort to none near the maximum, so that DFA alpha 1 falls
    from 1.0 at 55 to 0.5 at 90 % of the reserve, as in the literature (doi 10.3389/fphys.2020.596567; between them it
    is lower by up to 0.12), spread 0.5-2 %, with breathing.
    """
    spread, breath_ms = random.uniform(0.005, 0.02), random.uniform(2, 6)
    slow = fast = 0.0
    at_s, found = 0.0, []
    for one in seconds:
        beats: list[float] = []
        if one.bpm:
            reserve = (one.bpm - runner.rest_bpm) / (runner.max_bpm - runner.rest_bpm)
            memory = math.sqrt(min(1.0, max(0.0, (0.95 - reserve) / 0.4)))
            hz = _BREATHS_HZ[0] + (_BREATHS_HZ[1] - _BREATHS_HZ[0]) * min(1.0, max(0.0, reserve))
            while at_s <= one.t_s:
                slow = 0.93 * slow + math.sqrt(1 - 0.93**2) * random.gauss(0, 1)
                fast = random.gauss(0, 1)
                wave = memory * slow + math.sqrt(1 - memory * memory) * fast
                long_ms = 60_000 / one.bpm
                beat_ms = long_ms * (1 + spread * wave) + breath_ms * math.sin(2 * math.pi * hz * at_s)
                beats.append(round(beat_ms, 1))
                at_s += beat_ms / 1_000
        else:
            at_s = max(at_s, one.t_s)
        found.append(one._replace(rr_ms=tuple(beats)))
    return found
