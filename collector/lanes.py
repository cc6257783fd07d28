"""Which rows are due next: those of the present first, those of an outage between them."""

from collections import deque


class Lanes:
    """Rows above the watermark in two lanes, each sent in order.

    The live lane takes every row that comes. What has grown old before it was sent is set aside and is backlog, lowest
    row first.

    Args:
        first: the lowest row that is to be sent.
    """

    def __init__(self, first: int) -> None:
        self._backlog: deque[tuple[int, int]] = deque()
        self._live = first

    @property
    def live(self) -> int:
        """The next row of the live lane."""
        return self._live

    @property
    def backlog(self) -> tuple[int, int] | None:
        """The next row of the backlog and how many follow each other from it; None when there is none."""
        return (self._backlog[0][0], self._backlog[0][1] - self._backlog[0][0]) if self._backlog else None

    def took_live(self, row: int) -> None:
        """Live rows up to this one were sent."""
        self._live = row + 1

    def took_backlog(self, row: int) -> None:
        """Backlog up to this row was sent."""
        _, end = self._backlog.popleft()
        if row + 1 < end:
            self._backlog.appendleft((row + 1, end))

    def set_aside(self, border: int) -> None:
        """Live rows below this one have grown old before they were sent."""
        first, self._live = self._live, border
        if self._backlog and self._backlog[-1][1] == first:
            first = self._backlog.pop()[0]
        if first < border:
            self._backlog.append((first, border))

    def sent_all(self, next_row: int) -> bool:
        """Whether nothing is left below the row that comes next."""
        return not self._backlog and self._live >= next_row
