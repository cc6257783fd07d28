"""Detectors: one a file; settings given, state handed over."""

from .cramp import CrampStop
from .decline import GradualDecline
from .exposure import Exposure
from .fatigue import Fatigue
from .hitch import Hitch
from .lately import Lately
from .pacing import Pacing
from .pattern import Pattern
from .resumed import Resumed
from .shift import LevelShift
from .signal import Signal
from .standstill import Standstill
from .tally import Tally
from .unsteady import Unsteady
from .walk import WalkBreak

__all__ = [
    "CrampStop",
    "Exposure",
    "Fatigue",
    "GradualDecline",
    "Hitch",
    "Lately",
    "LevelShift",
    "Pacing",
    "Pattern",
    "Resumed",
    "Signal",
    "Standstill",
    "Tally",
    "Unsteady",
    "WalkBreak",
]
