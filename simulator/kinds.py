"""What each kind of run is, in a line for people."""

from collections.abc import Mapping
from typing import Final

from .families import ABORTED, CRAMP, SILENT

ALL: Final = "all"

#: In the order of :data:`simulator.families.KINDS`.
SAID: Final[Mapping[str, str]] = {
    "easy": "an even run at 60-72 % of the heart-rate reserve",
    "hard": "near the limit: heart rate drifts by 8-15 %/h, cadence sinks by 1.5-3.5 %/h",
    "wall": "speed falls by 20-40 % over 10-30 min and stays there; cadence a little more than that explains",
    "intervals": "work of 45-300 s, recovery jogged or walked",
    "hills": "4 to 8 climbs an hour, each with its descent",
    "run_walk": "a plan: 4 to 10 min of running, then about a minute of walking",
    "city": "lights and crossings six times an hour, many corners",
    "faults": "an easy run on sensors that fail three times as often; clocks jump, packets come twice",
    "trail": "uneven ground and climbs all the way",
    "fast_finish": "a race whose last 5 to 12 min are 8-18 % faster",
    CRAMP: "a cramp stops the runner after a build-up of 1 to 10 min",
    SILENT: "a cramp stops the runner without any build-up",
    ABORTED: "a build-up; then the runner eases off and no cramp comes",
}
