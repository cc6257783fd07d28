"""When to send again because nobody says that it is stored: soon at first, then ever more rarely."""

#: No word from the processor for this long, in wall seconds, and what is under way is sent again; then the
#: patience doubles, so that an outage at most doubles what waits in the broker.
STALL_S, STALL_MAX_S = 15.0, 600.0


class Stall:
    """Watches the watermark from one look to the next, :data:`STALL_S` apart.

    Attributes:
        lasts: rows are under way and the watermark does not move.
    """

    def __init__(self) -> None:
        self.lasts = False
        self._patience_s = STALL_S
        self._waited_s = 0.0
        self._heard = False
        self._silent = False

    def heard(self, *, moved: bool) -> bool:
        """A watermark came. Returns whether it is the first after a silence: what a broker held may have expired."""
        back = self._silent
        self._heard, self._silent = True, False
        if moved or back:
            self.lasts = self.lasts and not moved
            self._patience_s, self._waited_s = STALL_S, 0.0
        return back

    def looked(self, *, waits: bool) -> bool:
        """Another :data:`STALL_S` has passed. Returns whether to send again.

        Args:
            waits: rows are under way over a working link, and the watermark has not moved since the last look.
        """
        silent, self._heard = not self._heard, False
        if not waits:
            self.lasts = False
            self._patience_s, self._waited_s = STALL_S, 0.0
            return False
        self._silent = silent
        self._waited_s += STALL_S
        if self._waited_s < self._patience_s:
            return False
        self._waited_s = 0.0
        self._patience_s = min(self._patience_s * 2, STALL_MAX_S)
        return True
