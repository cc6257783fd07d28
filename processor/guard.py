"""What stands between the machine and a detector of another maker: it may add findings, and can break nothing."""

import json
import math
import re
import signal
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import MISSING, dataclass, fields, replace
from itertools import islice
from typing import Any, ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import HOUR_MS, Level
from processor.detect.detector import Detector, Proof
from processor.features.view import View
from processor.state import packed, unpacked

#: A tag becomes a part of the finding's id.
_TAG = re.compile(r"[a-z0-9_-]{0,40}")
#: Name and tag of a detector together: a finding's id holds 200 letters, the longest two ids and an instant take 150.
_NAMED = 45
#: A finding takes no longer sentence.
_SENTENCE = 400
#: A state may be no larger, as JSON: an athlete's machine is kept every half minute.
STATE_BYTES = 4_000
#: Nobody reads more from one detector in an hour, and each finding is stored, sent and drawn.
PER_HOUR = 60
#: A piece of evidence is called in a word or two.
_KEY = 80
#: The fields of a second that could be written to in place; all others hold values that cannot change.
_OPEN = tuple(one.name for one in fields(View) if one.default_factory is not MISSING)


@dataclass(slots=True)
class GuardState:
    """The detector's own state as plain values (None: there is none), whether it has failed, and what is not told yet.

    ``untold`` is why it failed, until a finding has said so: a machine that is restored in between says the same.
    ``said`` counts what it proved in the hour that began at ``hour_ms``.
    """

    failed: bool = False
    inner: Any = None
    untold: str = ""
    hour_ms: int = 0
    said: int = 0


def apart(view: View) -> View:
    """A copy of a second that shares nothing with it that could be written to."""
    return replace(view, **{name: copy(getattr(view, name)) for name in _OPEN})


def fault(proof: object, at_ms: int, name: str) -> str | None:
    """What a proof of another maker's detector may not be, in words; None when it may be told.

    Args:
        proof: anything that ``observe()`` has returned.
        at_ms: the second that was observed.
        name: the detector's; it becomes a part of the finding's id, as the tag does.
    """
    if not isinstance(proof, Proof):
        return f"observe() must return Proof, not {type(proof).__name__}"
    rules = (
        (proof.kind is FindingKind.OTHER, f"a proof must be of kind other, not {_said(proof.kind)}"),
        (
            proof.level is Level.OK or proof.level is Level.WATCH,
            f"a proof may be ok or watch, not {_said(proof.level)}",
        ),
        (type(proof.at_ms) is int and proof.at_ms == at_ms, "a proof must be of the second that was observed"),
        (_are_words(proof.because), f"a proof must say why, in a tuple of words of up to {_SENTENCE} letters"),
        (_are_numbers(proof.evidence), "evidence must be finite numbers by name"),
        (
            _is_tag(proof.tag, name),
            f"a tag is up to 40 of a-z, 0-9, _ and -, and up to {_NAMED} letters with the detector's name",
        ),
    )
    return next((words for kept, words in rules if not kept), None)


def is_ours(error: BaseException) -> bool:
    """Whether this is Ctrl-C of somebody who waits for a command, and no fault of a detector.

    Services take signals otherwise: what is raised there as an interrupt was raised by a detector.
    """
    return isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _said(value: object) -> str:
    """A kind or level by its name; of anything else only what it is."""
    return str(value) if isinstance(value, FindingKind | Level) else f"a {type(value).__name__}"


def _is_quiet(level: object) -> bool:
    return level is Level.OK or level is Level.WATCH


def _are_words(because: object) -> bool:
    return isinstance(because, tuple) and bool(because) and all(_is_text(one, _SENTENCE) for one in because)


def _are_numbers(evidence: object) -> bool:
    return isinstance(evidence, Mapping) and all(
        _is_text(key, _KEY) and isinstance(one, int | float) and math.isfinite(one) for key, one in evidence.items()
    )


def _is_tag(tag: object, name: str) -> bool:
    return isinstance(tag, str) and _TAG.fullmatch(tag) is not None and len(name) + 1 + len(tag) <= _NAMED


def _is_text(text: object, most: int) -> bool:
    """Letters that can be sent: half of a surrogate pair cannot, and raises here."""
    return isinstance(text, str) and 0 < len(text) <= most and bool(text.encode())


class Guarded:
    """A detector of another maker, kept within its bounds.

    It is shown a copy of each second: nothing that it writes there reaches our own detectors. Its proofs carry its
    name, so that finding ids tell makers apart. When it raises, also what would end a process, proves what it may not
    or more than anybody reads, or gives a state that cannot be kept or has grown too large, it says so once in a
    finding and is off for the rest of the session: the runner is watched on by all others.
    The same facts fail in the same way, so a replay tells the same; a state that cannot be kept is noticed when the
    machine is kept, and told with the next second.
    """

    name: ClassVar[str]
    state_type: ClassVar[type] = GuardState
    kind: ClassVar[type[Detector]]

    def __init__(self, settings: Any = None, state: GuardState | None = None) -> None:
        state = state or GuardState()
        self._failed, self._untold = state.failed, state.untold
        self._hour_ms, self._said = state.hour_ms, state.said
        if self._failed:
            return
        try:
            inner = None if state.inner is None else unpacked(self.kind.state_type, state.inner)
            self._detector = self.kind(settings, inner)
        except BaseException as error:  # noqa: BLE001 - whatever a stranger's code raises, the runner is watched on
            self._fail(f"{_raised(error)} when it was made")

    def observe(self, view: View) -> Sequence[Proof]:
        """Ask the detector about one second."""
        if self._failed:
            return self._told(view) if self._untold else ()
        try:
            proofs = list(islice(self._detector.observe(apart(view)), PER_HOUR + 1))
            if not proofs:
                return ()
            words = next((words for proof in proofs if (words := fault(proof, view.at_ms, self.name))), None)
            words = words or self._count(len(proofs), view.at_ms)
        except BaseException as error:  # noqa: BLE001 - as above
            words = _raised(error)
        if words:
            self._fail(words)
            return self._told(view)
        return [proof._replace(tag=f"{self.name}-{proof.tag}" if proof.tag else self.name) for proof in proofs]

    def snapshot(self) -> GuardState:
        """Both states, a copy. A detector whose state is not plain, finite values is off from here on."""
        if not self._failed:
            try:
                inner = packed(self._detector.snapshot())
                size = len(json.dumps(inner, allow_nan=False))
                if size <= STATE_BYTES:
                    return GuardState(inner=inner, hour_ms=self._hour_ms, said=self._said)
                self._fail(f"its state has grown to {size} bytes, {STATE_BYTES} is the most")
            except BaseException as error:  # noqa: BLE001 - as above
                self._fail(f"its state cannot be kept, {_raised(error)}")
        return GuardState(failed=True, untold=self._untold)

    def _count(self, proofs: int, at_ms: int) -> str | None:
        """Count what is proved; words when it is more than anybody reads."""
        if at_ms - self._hour_ms >= HOUR_MS:
            self._hour_ms, self._said = at_ms, 0
        self._said += proofs
        return f"it said more than {PER_HOUR} things within an hour" if self._said > PER_HOUR else None

    def _fail(self, why: str) -> None:
        self._failed = True
        self._untold = f"The added detector {self.name} is off for this run: {why}."[:_SENTENCE]

    def _told(self, view: View) -> Sequence[Proof]:
        because, self._untold = (self._untold,), ""
        return (Proof(FindingKind.OTHER, view.at_ms, Level.OK, because, {}, f"{self.name}-off"),)


def _raised(error: BaseException) -> str:
    """What a stranger's code raised, in words."""
    if is_ours(error):
        raise error
    return f"{type(error).__name__} was raised"


def guarded(kind: type[Detector]) -> type[Detector]:
    """The class of a detector of another maker, within its bounds."""
    return type(f"Guarded{kind.__name__}", (Guarded,), {"name": kind.name, "kind": kind})
