"""What a machine made of one session, small enough to keep thousands of."""

from array import array
from dataclasses import dataclass, field

from simulator.session import Truth

#: A second stands for no more than this, s: what lies between two that are further apart is not known.
LONGEST_STEP_S = 10.0
#: Bits of :attr:`Trace.flags`.
RUNNING = 1  #: Counts as exposure: running, after the warm-up, with cadence.
OPEN = 2  #: The score alone decides whether a warning is asked for: settled, a baseline, no gate or mode in the way.
SIGN = 4  #: A hitch or pause lies close enough for strong signs; a method without that level leaves it out.
CAPPED = 8  #: Too little can be seen for a warning: one that stands ends here.
KNOWN = 16  #: The score may raise a level at all: settled, and a baseline.
FREE = 32  #: As :data:`OPEN`, whatever the channels carry: what does not depend on weights.


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that would have reached the runner. ``at_s`` counts from the session's first second.

    ``escalation``: a warning stood already, so this is the same alarm and not a further one.
    """

    at_s: float
    level: str
    because: tuple[str, ...] = ()
    escalation: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """One session as a method saw it.

    Attributes:
        name: the session's.
        truth: what was made to happen.
        at_s: the moments of the seconds, ascending, from the session's first.
        score: the method's score at each; higher is worse; never NaN.
        flags: bits of each, as above.
        warnings: raises to warning or more at the shipped thresholds, escalations included.
        prompts: when "Is it a cramp?" was asked.
        channels: name -> one value per second, for fitting; empty unless asked for.
    """

    name: str
    truth: Truth
    at_s: "array[float]"
    score: "array[float]"
    flags: bytearray
    warnings: tuple[Alarm, ...] = ()
    prompts: tuple[float, ...] = ()
    channels: "dict[str, array[float]]" = field(default_factory=dict)
