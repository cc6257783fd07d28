"""Context: circumstances that look like fatigue and are none. Each gate is a detector; they come before all others."""

from processor.detect.detector import Detector

from .answers import Answers

#: Every context detector, in the order in which they are asked.
CONTEXTS: tuple[type[Detector], ...] = (Answers,)
