"""The search for the lines that a database refuses, within a block that it refused as a whole. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from crampwatch.storage.outbox_parts import Block


@dataclass(frozen=True, slots=True)
class Search:
    """The pieces of a block that are not yet dealt with, in order; the first is asked about next."""

    block: Block
    pieces: tuple[Sequence[str], ...]

    @classmethod
    def of(cls, block: Block) -> Self:
        """A search that has just begun, with all lines in one piece."""
        return cls(block, (block.lines(),))

    @property
    def piece(self) -> Sequence[str]:
        """The lines to ask about."""
        return self.pieces[0]

    def halved(self) -> Self:
        """The same with the piece in two; each is asked about by itself.

        >>> Search(Block(1, "runs", 3, 0, b""), (["a", "b", "c"],)).halved().pieces
        (['a'], ['b', 'c'])
        """
        middle = len(self.piece) // 2
        return type(self)(self.block, (self.piece[:middle], self.piece[middle:], *self.pieces[1:]))

    def left(self) -> Self | None:
        """What is left when the piece is dealt with; None when nothing is."""
        return type(self)(self.block, self.pieces[1:]) if self.pieces[1:] else None

    def lines(self) -> list[str]:
        """Every line that is not yet dealt with."""
        return [line for piece in self.pieces for line in piece]
