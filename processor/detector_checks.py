"""Whether a class is a detector: for those who write one, and for the loader that takes another maker's."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from itertools import islice
from typing import Any

from crampwatch.units import SECOND_MS, Motion, Quality
from processor.detect.detector import Detector, Proof
from processor.features.view import Baseline, View
from processor.guard import PER_HOUR, STATE_BYTES, apart, fault, is_ours
from processor.state import packed, unpacked

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
#: Longer words would be cut on a phone.
WORDS = 120
#: The trial's first second: any whole second will do.
_BEGIN_MS = 1_700_000_000_000
_BASE = Baseline(170.0, 1.5, 1.0, 0.8, 3.0, 150.0)


def problems(kind: Any) -> list[str]:
    """Everything that is wrong with a detector class, a sentence each; empty: it can be loaded.

    First its shape: ``name``, ``state_type``, what it is made with. Then a trial of half an hour of made-up seconds in
    which happens what happens on a run: warm-up, walks, stops, silences, channels that go and come. Proofs must be of
    kind ``other``, at most ``watch``, in words, with finite numbers, and no more than anybody reads; a snapshot must
    be a small copy of plain values, and a detector made from it must go on as the first one would.
    """
    return list(_shape(kind)) or _trial(kind)


def trial_seconds() -> Sequence[View]:
    """The seconds of the trial, the same every time."""
    seconds: list[View] = []
    view = View(at_ms=_BEGIN_MS, dt_s=1.0, motion_since_ms=_BEGIN_MS)
    for count in range(1_800):
        dt_s = 40.0 if count % 500 == 499 else 3.0 if count % 97 == 96 else 1.0
        view = _moved(view, dt_s, _motion(count))
        _measure(view, count)
        seconds.append(view)
    return seconds


def _motion(count: int) -> Motion:
    """Running, with a walk, a stop and an unknown stretch in every five minutes."""
    place = count % 300
    if count < 3 or 280 <= place < 286:
        return Motion.UNKNOWN
    if 200 <= place < 225:
        return Motion.WALK
    return Motion.STOP if 240 <= place < 262 else Motion.RUN


def _moved(last: View, dt_s: float, motion: Motion) -> View:
    """The next second: time and what the legs do."""
    at_ms = last.at_ms + round(dt_s * SECOND_MS)
    changed = motion is not last.motion
    since_ms = at_ms if changed else last.motion_since_ms
    ran_s = (at_ms - since_ms) / SECOND_MS if motion is Motion.RUN else 0.0
    return View(
        at_ms=at_ms,
        dt_s=dt_s,
        broken=dt_s > 20,
        motion=motion,
        motion_before=last.motion,
        motion_since_ms=since_ms,
        changed=changed,
        run_s=last.run_s + (dt_s if motion is Motion.RUN else 0.0),
        settled=ran_s >= 15,
        heart_settled=ran_s >= 150,
        read_at_ms=at_ms,
    )


def _measure(view: View, count: int) -> None:
    """Fill in what was measured: dips of cadence each minute, a heart rate and a speed that are away for a while."""
    waver = (count * 7 % 11) - 5.0
    dip = 18.0 if count % 60 in {30, 31, 32} else 0.0
    steps = {Motion.RUN: 168.0 + waver / 3 - dip, Motion.WALK: 110.0 + waver / 3, Motion.STOP: 0.0}
    view.spm = steps.get(view.motion)
    view.bpm = 150 + count // 120 if count % 400 < 350 else None
    view.mps = view.smooth_mps = None if count // 600 == 1 else 3.0 - dip / 60
    channels = {"cadence": view.spm, "heart_rate": view.bpm, "speed": view.mps}
    view.quality = {name: Quality.UNDEFINED if at is None else Quality.GOOD for name, at in channels.items()}
    if view.run_s > 480:
        view.base, view.expected_spm = _BASE, _BASE.spm
    if view.settled and view.spm is not None:
        view.wobble_spm, view.quick_wobble_spm = abs(waver), abs(waver) / 3
        if view.base is not None:
            view.residual_spm, view.unsteadiness = view.spm - _BASE.spm, 1.0 + abs(waver) / 5


def _shape(kind: Any) -> Iterator[str]:
    if not isinstance(kind, type):
        yield "it is no class"
        return
    name, state_type = getattr(kind, "name", None), getattr(kind, "state_type", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield f"its name must be 2 to 40 of a-z, 0-9 and _, and begin with a letter; it is {name!r}"
    for verb in ("observe", "snapshot"):
        if not callable(getattr(kind, verb, None)):
            yield f"it has no {verb}()"
    if not (isinstance(state_type, type) and is_dataclass(state_type)):
        yield "its state_type must be a dataclass"
        return
    bare = [one.name for one in fields(state_type) if one.default is MISSING and one.default_factory is MISSING]
    if bare:
        yield f"every field of its state_type needs a default; {', '.join(bare)} has none"


def _trial(kind: type[Detector]) -> list[str]:
    found: list[str] = []
    try:
        for words in _trial_faults(kind):
            found.append(words)  # noqa: PERF402 - those before an error count as well
    except BaseException as error:  # the answer to any error is to name it
        if is_ours(error):
            raise
        found.append(f"the trial raised {type(error).__name__}: {error}")
    return found


def _trial_faults(kind: type[Detector]) -> Iterator[str]:
    seconds = trial_seconds()
    whole, proofs = _observed(kind(None, None), seconds)
    if type(whole.snapshot()) is not kind.state_type:
        yield f"snapshot() must return {kind.state_type.__name__}, not {type(whole.snapshot()).__name__}"
        return
    end = packed(whole.snapshot())
    yield from dict.fromkeys(words for second, proof in proofs for words in _faults(proof, second.at_ms, kind.name))
    if len(proofs) > PER_HOUR:
        yield f"it says more than {PER_HOUR} things within the trial's half hour; that is the most for an hour"
    yield from _snapshot_faults(whole)
    if any(_observed_in_two(kind, seconds, cut) != (proofs, end) for cut in (1, 613, 1_500)):
        yield "a detector made from snapshot() does not go on as the first one would"


def _observed(detector: Detector, seconds: Sequence[View]) -> tuple[Detector, list[tuple[View, Proof]]]:
    proofs = [(one, proof) for one in seconds for proof in islice(detector.observe(apart(one)), PER_HOUR + 1)]
    return detector, proofs


def _observed_in_two(
    kind: type[Detector], seconds: Sequence[View], cut: int
) -> tuple[list[tuple[View, Proof]], dict[str, Any]]:
    """What is proved when the detector is handed over between two seconds, by way of JSON, and its state at the end."""
    first, before = _observed(kind(None, None), seconds[:cut])
    kept = json.loads(json.dumps(packed(first.snapshot()), allow_nan=False))
    second, after = _observed(kind(None, unpacked(kind.state_type, kept)), seconds[cut:])
    return before + after, packed(second.snapshot())


def _faults(proof: object, at_ms: int, name: str) -> Iterator[str]:
    if words := fault(proof, at_ms, name):
        yield words
        return
    assert isinstance(proof, Proof)
    if len(proof.because) > 2 or any(not words.endswith(".") or len(words) >= WORDS for words in proof.because):
        yield f"reasons are one or two sentences that end with a full stop, below {WORDS} letters each"


def _snapshot_faults(detector: Detector) -> Iterator[str]:
    state = detector.snapshot()
    kept = json.dumps(packed(state), allow_nan=False)
    if len(kept) > STATE_BYTES:
        yield f"its state is {len(kept)} bytes of JSON; {STATE_BYTES} is the most"
    _observed(detector, trial_seconds()[:120])
    if json.dumps(packed(state), allow_nan=False) != kept:
        yield "snapshot() must return a copy: it changed with later seconds"
