"""Whether things come at even spaces."""

import math
from collections.abc import Sequence


def are_even(spaces: Sequence[float], spread: float) -> bool:
    """Whether the spaces' coefficient of variation is below ``spread``; never where there are none."""
    mean = sum(spaces) / len(spaces) if spaces else 0.0
    if mean <= 0:
        return False
    return math.sqrt(sum((space - mean) ** 2 for space in spaces) / len(spaces)) < spread * mean
