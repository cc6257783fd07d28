"""One run from a seed: the runner, the script, the body, the watch, its faults."""

from random import Random
from typing import Literal

from .beats import beating
from .body import lived
from .families import ABORTED, CRAMP, FAMILIES, KINDS, SILENT, surroundings
from .faults import Faults
from .other import other_form
from .prodrome import Form, aborted, cramp, main_form
from .runner import draw_runner, draw_watch
from .script import STAND, Script
from .sensors import measured
from .session import Session, Truth

#: Raised with every change of what any seed gives. Weights and figures are of one version.
VERSION = 1

Generator = Literal["main", "other"]
_SHORTEST_S, _LONGEST_S = 3_000, 7_800
_FORMS: dict[str, Form] = {"main": main_form, "other": other_form}


def draw(seed: int, kind: str, generator: Generator = "main", *, beats: bool = False) -> Session:
    """One run; the same arguments give the same run.

    Args:
        seed: any whole number.
        kind: a family, or "cramp", "silent" or "aborted".
        generator: whose premises about build-ups; negatives are the same in both.
        beats: also draw the beats that make up the heart rate.

    Raises:
        ValueError: there is no such kind or generator.
    """
    if kind not in KINDS or generator not in _FORMS:
        raise ValueError(f"no run {kind!r} of {generator!r}: kinds are {', '.join(KINDS)}; {', '.join(_FORMS)}")
    random = Random(f"{VERSION}/{seed}/{kind}")
    around = kind if kind in FAMILIES else surroundings(random)
    family = FAMILIES[around]
    runner = draw_runner(random, family.effort, family.drift, family.tiring)
    watch = draw_watch(random)
    script = Script(random.randint(_SHORTEST_S, _LONGEST_S))
    truth = _happening(script, Random(f"{VERSION}/{seed}/{kind}/{generator}"), kind, around, _FORMS[generator])
    family.write(script, random)
    seconds = list(measured(watch, lived(runner, script, random), random))
    if beats:
        seconds = beating(seconds, runner, Random(f"{VERSION}/{seed}/{kind}/beats"))
    faults = Faults(random, family.faults)
    seconds = faults.strike(seconds, runner.cadence_spm)
    return Session(
        name=f"{kind}-{seed}",
        seed=seed,
        truth=_told(truth, script, faults),
        seconds=tuple(seconds),
        traits=runner.as_traits(),
    )


def _happening(script: Script, random: Random, kind: str, around: str, form: Form) -> Truth:
    truth = Truth(family=around if kind in (CRAMP, SILENT, ABORTED) else kind)
    if kind in (CRAMP, SILENT):
        return cramp(script, random, truth, form, silent=kind == SILENT)
    if kind == ABORTED:
        return aborted(script, random, truth, form)
    return truth


def _told(truth: Truth, script: Script, faults: Faults) -> Truth:
    stops: list[tuple[float, float]] = []
    since: int | None = None
    for second, gait in enumerate((*script.gait, 0)):
        if gait == STAND and since is None:
            since = second
        elif gait != STAND and since is not None:
            stops.append((float(since), float(second)))
            since = None
    return Truth(
        **{name: getattr(truth, name) for name in truth.__slots__ if name not in ("stops_s", "faulty_s")},
        stops_s=tuple(stops),
        faulty_s=tuple(faults.done),
    )
