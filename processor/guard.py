"""What stands between the machine and a detector of another maker: it may add findings, and can break nothing."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import Level
from processor.detect.detector import Detector, Proof
from processor.features.view import View
from processor.state import packed, unpacked

#: A tag becomes a part of the finding's id.
_TAG = re.compile(r"[a-z0-9_-]{0,40}")


@dataclass(slots=True)
class GuardState:
    """The detector's own state as plain values, and whether it has failed."""

    failed: bool = False
    inner: dict[str, Any] = field(default_factory=dict)


def fault(proof: object, at_ms: int) -> str | None:
    """What a proof of another maker's detector may not be, in words; None when it may be told."""
    if not isinstance(proof, Proof):
        return f"observe() must return Proof, not {type(proof).__name__}"
    rules = (
        (proof.kind is FindingKind.OTHER, f"a proof must be of kind other, not {proof.kind}"),
        (proof.level in {Level.OK, Level.WATCH}, f"a proof may be ok or watch, not {proof.level}"),
        (proof.at_ms == at_ms, "a proof must be of the second that was observed"),
        (_are_words(proof.because), "a proof must say why, in words of up to 400 letters"),
        (_are_numbers(proof.evidence), "evidence must be finite numbers"),
        (_TAG.fullmatch(proof.tag), "a tag is up to 40 of a-z, 0-9, _ and -"),
    )
    return next((words for kept, words in rules if not kept), None)


def _are_words(because: Sequence[object]) -> bool:
    return bool(because) and all(isinstance(one, str) and 0 < len(one) <= 400 for one in because)


def _are_numbers(evidence: Mapping[str, object]) -> bool:
    return all(isinstance(one, int | float) and math.isfinite(one) for one in evidence.values())


class Guarded:
    """A detector of another maker, kept within its bounds.

    It is shown a copy of each second: nothing that it writes there reaches our own detectors. Its proofs carry its
    name, so that finding ids tell makers apart. When it raises, or proves what it may not, it says so once in a finding
    and is off for the rest of the session: the runner is watched on by all others. The same facts fail in the same way,
    so a replay tells the same.
    """

    name: ClassVar[str]
    state_type: ClassVar[type] = GuardState
    kind: ClassVar[type[Detector]]

    def __init__(self, settings: Any = None, state: GuardState | None = None) -> None:
        self._failed = state is not None and state.failed
        inner: Mapping[str, Any] = state.inner if state is not None else {}
        self._detector = self.kind(settings, unpacked(self.kind.state_type, dict(inner)) if inner else None)

    def observe(self, view: View) -> Sequence[Proof]:
        """Ask the detector about one second."""
        if self._failed:
            return ()
        try:
            proofs = list(self._detector.observe(replace(view)))
        except Exception as error:  # noqa: BLE001 - whatever a stranger's code raises, the runner is watched on
            return self._off(view, f"{type(error).__name__} was raised")
        if not proofs:
            return ()
        if words := next((words for proof in proofs if (words := fault(proof, view.at_ms))), None):
            return self._off(view, words)
        return [proof._replace(tag=f"{self.name}-{proof.tag}" if proof.tag else self.name) for proof in proofs]

    def snapshot(self) -> GuardState:
        """Both states, a copy."""
        return GuardState(self._failed, {} if self._failed else packed(self._detector.snapshot()))

    def _off(self, view: View, why: str) -> Sequence[Proof]:
        self._failed = True
        because = (f"The added detector {self.name} is off for this run: {why}."[:400],)
        return (Proof(FindingKind.OTHER, view.at_ms, Level.OK, because, {}, f"{self.name}-off"),)


def guarded(kind: type[Detector]) -> type[Detector]:
    """The class of a detector of another maker, within its bounds."""
    return type(f"Guarded{kind.__name__}", (Guarded,), {"name": kind.name, "kind": kind})
