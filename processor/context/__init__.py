"""Context: circumstances that look like fatigue and are none. Each gate is a detector; they come before all others."""

from processor.detect.detector import Detector

from .answers import Answers
from .hill import Hill
from .intervals import Intervals
from .phase import Phase
from .plan import Plan
from .stops import Stops
from .treadmill import Treadmill
from .turn import Turn

#: Every context detector, in the order in which they are asked.
CONTEXTS: tuple[type[Detector], ...] = (Answers, Hill, Intervals, Plan, Stops, Turn, Treadmill, Phase)
