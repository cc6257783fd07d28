"""Detectors: one a file; settings given, state handed over."""

from .cramp import CrampStop
from .decline import GradualDecline
from .fatigue import Fatigue
from .hitch import Hitch
from .pattern import Pattern
from .resumed import Resumed
from .shift import LevelShift
from .signal import Signal
from .standstill import Standstill
from .unsteady import Unsteady
from .walk import WalkBreak

__all__ = [
    "CrampStop",
    "Fatigue",
    "GradualDecline",
    "Hitch",
    "LevelShift",
    "Pattern",
    "Resumed",
    "Signal",
    "Standstill",
    "Unsteady",
    "WalkBreak",
]
