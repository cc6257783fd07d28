"""What reception and timekeeper work with."""

from collections.abc import Callable
from dataclasses import dataclass

from crampwatch.clock import Clock

from .desk import Desk
from .journal import Journal
from .levels import Levels
from .sight import Sight


@dataclass(frozen=True, slots=True)
class Room:
    """Where facts are kept (journal), decided (desk) and looked at (levels, sight), by which clock.

    ``changed`` is called after a decision that changed an alert: something is to go out.
    """

    journal: Journal
    desk: Desk
    levels: Levels
    sight: Sight
    clock: Clock
    changed: Callable[[], None]
