"""Small drawings as inline SVG: scales, axes, lines with gaps. Looks are classes, so that colours follow the page."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH = 480
Maybe = float | None
#: XML has no way to write these, and a file may be called anything.
_UNWRITABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF])


def text(said: object) -> str:
    """Anything as text of a page, also what was meant to be markup."""
    plain = str(said).translate(_UNWRITABLE).encode("utf-8", "replace").decode()
    return escape(plain)


@dataclass(frozen=True, slots=True)
class Scale:
    """Values to places on a drawing; the first end lies at ``begin``."""

    low: float
    high: float
    begin: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value; what lies beyond an end is drawn at that end."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, 1e-12))
        share = (value - low) / (high - low) if high > low else 0.5
        return self.begin + min(1.0, max(0.0, share)) * (self.end - self.begin)


@dataclass(slots=True)
class Drawing:
    """Collects what is drawn. Coordinates are those of a field 480 wide, which the page makes fit."""

    height: float
    title: str
    parts: list[str] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, look: str = "grid") -> None:
        """A straight line."""
        self.parts.append(f'<line class="{look}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def rect(self, x: float, y: float, wide: float, high: float, look: str) -> None:
        """A filled rectangle."""
        wide, high = max(0.0, wide), max(0.0, high)
        self.parts.append(f'<rect class="{look}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"/>')

    def dot(self, x: float, y: float, look: str, radius: float = 4.5) -> None:
        """A point."""
        self.parts.append(f'<circle class="{look}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>')

    def words(self, x: float, y: float, said: object, look: str = "", anchor: str = "start") -> None:
        """Text on its base line; ``anchor`` is start, middle or end."""
        self.parts.append(f'<text class="{look}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text(said)}</text>')

    def path(self, places: Iterable[tuple[float, float] | None], look: str) -> None:
        """A line through places; None is a gap."""
        steps: list[str] = []
        pen = "M"
        for place in places:
            if place is None:
                pen = "M"
                continue
            steps.append(f"{pen}{place[0]:.1f} {place[1]:.1f}")
            pen = "L"
        if steps:
            self.parts.append(f'<path class="{look}" d="{"".join(steps)}"/>')

    def area(self, places: Sequence[tuple[float, float]], look: str) -> None:
        """A filled shape."""
        if places:
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            self.parts.append(f'<polygon class="{look}" points="{corners}"/>')

    def svg(self) -> str:
        """The drawing as an element of a page."""
        head = f'<svg viewBox="0 0 {WIDTH} {self.height:.0f}" role="img" aria-label="{text(self.title)}">'
        return head + "".join(self.parts) + "</svg>"


def x_axis(
    on: Drawing, scale: Scale, ticks: Iterable[float], name: Callable[[float], str], *, y: float, top: float
) -> None:
    """Lines up from the axis with a name under each."""
    for tick in ticks:
        x = scale(tick)
        on.line(x, top, x, y)
        on.words(x, y + 16, name(tick), "faint", "middle")


def y_axis(
    on: Drawing, scale: Scale, ticks: Iterable[float], name: Callable[[float], str], *, left: float, right: float
) -> None:
    """Lines across with a name beside each."""
    for tick in ticks:
        y = scale(tick)
        on.line(left, y, right, y)
        on.words(left - 6, y + 4.5, name(tick), "faint", "end")


def round_ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers from low to high, about so many; ascending.

    >>> round_ticks(0.0, 0.9)
    [0.0, 0.2, 0.4, 0.6, 0.8]
    """
    if not high > low:
        return [low]
    rough = (high - low) / about
    unit = 10.0 ** math.floor(math.log10(rough))
    step = min((one * unit for one in (1, 2, 5, 10)), key=lambda one: abs(math.log(one / rough)))
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]
