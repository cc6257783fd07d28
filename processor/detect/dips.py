"""Short dips of cadence that come back: followed alike by whoever needs to know when one is over."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from crampwatch.units import SECOND_MS, Motion
from processor.features.view import View


@dataclass(frozen=True, slots=True)
class DipSettings:
    """Science 3.4, "hitch"; all [E].

    Attributes:
        depth_share: a dip begins below expectation by this share of the usual cadence; 4.5 %.
        depth_sigma: or by so many usual spreads, whichever is more; 2.5.
        back_share: it is over within this share of the expectation; 2.5 %.
        shortest_s: a shorter dip is noise; 2 s.
        longest_s: a longer dip is a change; 14 s.
        back_s: it must be back after so long; 15 s.
        walk_s: walking for so long is a walk break instead; 8 s.
    """

    depth_share: float = 0.045
    depth_sigma: float = 2.5
    back_share: float = 0.025
    shortest_s: float = 2.0
    longest_s: float = 14.0
    back_s: float = 15.0
    walk_s: float = 8.0


class UnderWay(Protocol):
    """What a state holds of the dip under way: when it began, until when it was low, and how deep it went."""

    began_ms: int | None
    low_until_ms: int
    depth_spm: float


class Dip(NamedTuple):
    """A dip that is over: seconds below, and the deepest lack in steps/min."""

    low_s: float
    depth_spm: float


def dip_over(state: UnderWay, view: View, settings: DipSettings) -> Dip | None:
    """Follow the dip in ``state``; return it in the second in which the cadence is back, if it was one."""
    base = view.base
    if base is None or view.spm is None or view.expected_spm is None or view.broken:
        state.began_ms = None
        return None
    lacking = view.expected_spm - view.spm
    began_ms = state.began_ms
    if began_ms is None:
        # A dip begins in settled running only; it may then well look like walking for a few seconds.
        if (
            view.settled
            and lacking > settings.depth_share * base.spm
            and lacking > settings.depth_sigma * base.sigma_spm
        ):
            state.began_ms, state.low_until_ms, state.depth_spm = view.at_ms, view.at_ms, lacking
        return None
    if _is_more(view, settings):
        state.began_ms = None
        return None
    if lacking > settings.back_share * base.spm:
        state.depth_spm = max(state.depth_spm, lacking)
        if lacking > settings.depth_share * base.spm:
            state.low_until_ms = view.at_ms
        return None
    state.began_ms = None
    low_s = (state.low_until_ms - began_ms) / SECOND_MS + min(view.dt_s, 2.0)
    whole_s = (view.at_ms - began_ms) / SECOND_MS
    fits = settings.shortest_s <= low_s <= settings.longest_s and whole_s <= settings.back_s
    return Dip(low_s, state.depth_spm) if fits else None


def _is_more(view: View, settings: DipSettings) -> bool:
    """Whether the dip has become a pause or a walk, which have names of their own."""
    walked_ms = view.at_ms - view.motion_since_ms
    return view.motion == Motion.STOP or (view.motion == Motion.WALK and walked_ms >= settings.walk_s * SECOND_MS)
