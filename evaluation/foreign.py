"""Change detectors of other libraries as baselines: river's Page-Hinkley and ADWIN, ruptures' PELT.

Each runs with several settings at once. The score of a second is how strict a setting still finds a change, from 1/n
to 1; so a threshold stands for "this setting or a stricter one".
"""

import importlib.util
import itertools
import math
from collections.abc import Callable, Sequence
from statistics import fmean, median
from typing import Any

from crampwatch.errors import Misconfigured
from crampwatch.extras import as_installed, checkout

from .gated import Cadence, Gated, judged
from .trace import Trace

#: A change is told for so long, s: a score has to hold for some seconds to be an alarm (``hold_s`` of the pattern
#: level), and smart recordings have steps of up to eight.
HELD_S = 20.0
#: Page-Hinkley: its tolerance, steps/min, and its thresholds, from the mildest to the strictest: science 4.5 ends
#: at 800, where it is still too loud.
TOLERANCE_SPM = 0.5
LAMBDAS = (25.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1_600.0, 3_200.0)
#: ADWIN: its significance, likewise (science 4.5 ends at 1e-50).
DELTAS = (0.2, 2e-3, 1e-5, 1e-10, 1e-20, 1e-35, 1e-50, 1e-80, 1e-120)
#: PELT on means of so many seconds; its penalties in squared units of their noise, likewise [E]; the shortest
#: stretch between two changes, in such means; how long before a cramp the file is cut.
BLOCK_S = 10.0
PENALTIES = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0)
LEAST_BLOCKS = 3
CUT_S = 15.0
#: Noise of the means below this is rounding, steps/min.
_LEAST_NOISE_SPM = 0.5

_LIBRARIES = ("river", "ruptures")


def demand() -> None:
    """See that the libraries are there, before hours are spent.

    Raises:
        Misconfigured: one is not; the message says what installs it.
    """
    for name in _LIBRARIES:
        if importlib.util.find_spec(name) is None:
            raise _missing(name)


def page_hinkley(cadence: Cadence) -> Trace:
    """Page-Hinkley of river, a test for a falling cadence."""
    drift = _river()
    # One for each threshold: a sum begins anew with each change that its own finds, so most of them soon differ.
    rules = [
        _falls_for(drift.PageHinkley(min_instances=30, delta=TOLERANCE_SPM, threshold=one, mode="down"))
        for one in LAMBDAS
    ]
    return judged(cadence, _Strictest(rules))


def adwin(cadence: Cadence) -> Trace:
    """ADWIN of river; of the changes that it finds only those to a lower cadence count."""
    drift = _river()
    return judged(cadence, _Strictest([_shrinks_to_less(drift.ADWIN(delta=one)) for one in DELTAS]))


def ruptures_cut(cadence: Cadence) -> Trace:
    """PELT of ruptures with an l2 cost over the whole run, cut 15 s before a cramp so that it cannot see that one.

    It still looks back from the end: a method that cannot be had live. A change to a lower cadence is told where it
    lies, which is earlier than anybody could know of it.
    """
    onset_s = cadence.truth.onset_s
    until_s = math.inf if onset_s is None else onset_s - CUT_S
    found = _changes(_blocks(cadence, until_s))

    def judge(second: Gated) -> float:
        return max((score for at_s, score in found if 0 <= second.at_s - at_s < HELD_S), default=0.0)

    return judged(cadence, judge)


Rule = Callable[[float], bool]


class _Strictest:
    """How strict a setting has found a change in the last :data:`HELD_S`."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._until_s = [-math.inf] * len(rules)
        self._strictest_first = range(len(rules) - 1, -1, -1)

    def __call__(self, second: Gated) -> float:
        if second.spm is not None:
            for index, rule in enumerate(self._rules):
                if rule(second.spm):
                    self._until_s[index] = second.at_s + HELD_S
        for index in self._strictest_first:
            if second.at_s < self._until_s[index]:
                return (index + 1) / len(self._rules)
        return 0.0


def _falls_for(detector: Any) -> Rule:
    def rule(spm: float) -> bool:
        detector.update(spm)
        return bool(detector.drift_detected)

    return rule


def _shrinks_to_less(detector: Any) -> Rule:
    def rule(spm: float) -> bool:
        before = detector.estimation
        detector.update(spm)
        return bool(detector.drift_detected) and detector.estimation < before

    return rule


def _blocks(cadence: Cadence, until_s: float) -> list[tuple[float, float]]:
    """(first moment, mean cadence) of every ten seconds of settled running."""
    means: list[tuple[float, float]] = []
    values: list[float] = []
    first_s = for_s = 0.0
    for second in cadence.seconds:
        if second.at_s >= until_s:
            break
        if second.spm is None:
            values, for_s = [], 0.0
            continue
        if not values:
            first_s = second.at_s
        values.append(second.spm)
        for_s += second.dt_s
        if for_s >= BLOCK_S:
            means.append((first_s, fmean(values)))
            values, for_s = [], 0.0
    return means


def _changes(blocks: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """(moment, score) of every change to a lower cadence, with the strictest penalty at which it stands."""
    if len(blocks) < 2 * LEAST_BLOCKS:
        return []
    ruptures = _ruptures()
    import numpy as np

    means = [spm for _, spm in blocks]
    steps = [abs(after - before) for before, after in itertools.pairwise(means)]
    noise = max(_LEAST_NOISE_SPM, 1.4826 * median(steps) / math.sqrt(2))
    # The linear kernel is the l2 cost, in compiled code; the path to the optimum is PELT's.
    search = ruptures.KernelCPD(kernel="linear", min_size=LEAST_BLOCKS).fit(np.array(means)[:, None] / noise)
    found: dict[int, float] = {}
    for index, penalty in enumerate(PENALTIES):
        ends = [0, *search.predict(pen=penalty)]
        for first, here, last in zip(ends, ends[1:], ends[2:], strict=False):
            if fmean(means[here:last]) < fmean(means[first:here]):
                found[here] = (index + 1) / len(PENALTIES)
    return [(blocks[here][0], score) for here, score in sorted(found.items())]


def _river() -> Any:
    try:
        from river import drift
    except ImportError as error:
        raise _missing("river") from error
    return drift


def _ruptures() -> Any:
    try:
        import ruptures
    except ImportError as error:
        raise _missing("ruptures") from error
    return ruptures


def _missing(library: str) -> Misconfigured:
    advice = as_installed("run: pip install 'crampwatch[benchmark]'", checkout())
    return Misconfigured("--baselines", f"{library} is not installed; {advice}")
