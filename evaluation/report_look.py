"""How the pages of an evaluation look: light and dark, on a phone, on paper; nothing is fetched from anywhere."""

from collections.abc import Iterable, Sequence

from .report_svg import text

#: Colours are those of Okabe and Ito, told apart by the colour-blind; lines also differ in their dashes.
STYLE = """
:root { color-scheme: light dark; --bg: #f6f7f9; --panel: #fff; --line: #dde2e8; --tx: #16202b; --tx2: #566474;
  --ours: #0072b2; --o1: #b35900; --o2: #00795a; --o3: #a8548a; --o4: #8a6d00; --o5: #5b6672;
  --heart: #c04a00; --cadence: #0072b2; --speed: #00795a; --ground: #7a6a55; --score: #a8407e; --alarm: #c0143c;
  --good: #00694d; --bad: #b3261e; --gate: #b8c4d2; }
@media (prefers-color-scheme: dark) { :root { --bg: #0b0f14; --panel: #111820; --line: #263140; --tx: #e9eff7;
  --tx2: #9aa8ba; --ours: #62aeff; --o1: #f0a04b; --o2: #45c9a0; --o3: #e59bc8; --o4: #e0cf5a; --o5: #9aa8ba;
  --heart: #ff9166; --cadence: #6cc3ff; --speed: #45c9a0; --ground: #c3ad90; --score: #f08cc8; --alarm: #ff5c7a;
  --good: #4fd1a5; --bad: #ff8a80; --gate: #3c4c5e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 20px 16px 48px; background: var(--bg); color: var(--tx);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 26px; line-height: 1.2; margin: 8px 0 4px; } h2 { font-size: 19px; margin: 34px 0 10px; }
h3 { font-size: 16px; margin: 0 0 4px; } p { margin: 6px 0; max-width: 76ch; } .soft { color: var(--tx2); }
.honest { border-left: 4px solid var(--ours); padding: 8px 14px; background: var(--panel);
  border-radius: 0 10px 10px 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin: 16px 0; }
.tile, .card { background: var(--panel); border: 1px solid var(--line); border-radius: 12px; padding: 12px 14px; }
.tile b { display: block; font-size: 26px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile span { color: var(--tx2); font-size: 14px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 14px; }
.card { break-inside: avoid; min-width: 0; } .card p { font-size: 14px; color: var(--tx2); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 15px; }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td, th { overflow-wrap: normal; } td:first-child { overflow-wrap: anywhere; min-width: 10em; }
th { color: var(--tx2); font-weight: 600; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.verdict { white-space: nowrap; font-weight: 600; } .yes { color: var(--good); } .no { color: var(--bad); }
ul { padding-left: 20px; margin: 6px 0; } code { font-size: 14px; } summary { cursor: pointer; padding: 6px 0; }
.key { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 14px; padding: 0; margin: 6px 0; list-style: none; }
.key svg { width: 34px; height: 12px; display: inline-block; vertical-align: middle; margin-right: 6px; }
svg { display: block; width: 100%; height: auto; overflow: visible; } svg text { font-size: 13px; fill: var(--tx); }
svg .faint { fill: var(--tx2); } svg .small { font-size: 11px; fill: var(--tx2); } svg .strong { font-weight: 700; }
.grid { stroke: var(--line); stroke-width: 1; } .mark { stroke: var(--tx2); stroke-width: 1.5; stroke-dasharray: 5 4; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .line.ours { stroke: var(--ours); stroke-width: 3; }
.o1 { stroke: var(--o1); stroke-dasharray: 9 4; } .o2 { stroke: var(--o2); stroke-dasharray: 2 3; }
.o3 { stroke: var(--o3); stroke-dasharray: 9 3 2 3; } .o4 { stroke: var(--o4); stroke-dasharray: 5 3; }
.o5 { stroke: var(--o5); stroke-dasharray: 14 5; }
.band { fill: var(--ours); opacity: .18; } .bar.ours { fill: var(--ours); opacity: .55; }
.point.ours { fill: var(--ours); stroke: var(--panel); stroke-width: 1.5; }
.whisker { stroke: var(--tx); stroke-width: 1.5; } .gate { fill: var(--gate); }
.line.heart { stroke: var(--heart); } .line.cadence { stroke: var(--cadence); } .line.speed { stroke: var(--speed); }
.line.ground { stroke: var(--ground); } .line.score { stroke: var(--score); stroke-width: 2.2; }
svg .name { font-size: 12px; font-weight: 600; paint-order: stroke; stroke: var(--panel); stroke-width: 3px; }
svg .name.heart { fill: var(--heart); } svg .name.cadence { fill: var(--cadence); }
svg .name.speed { fill: var(--speed); } svg .name.ground { fill: var(--ground); }
svg .name.score { fill: var(--score); }
.mark.warning { stroke: var(--score); } .alarm { stroke: var(--alarm); stroke-width: 2; }
@media print { body { max-width: none; background: #fff; } .card, .tile { border-color: #bbb; } }
"""


def document(title: str, body: Iterable[str]) -> str:
    """A whole page that needs nothing beside itself."""
    head = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{text(title)}</title><style>{STYLE}</style></head>"
    )
    return f"{head}<body>\n" + "\n".join(body) + "\n</body></html>\n"


def tiles(rows: Iterable[tuple[str, str]]) -> str:
    """Large figures, each with what it is."""
    inner = "".join(f'<div class="tile"><b>{text(value)}</b><span>{text(name)}</span></div>' for value, name in rows)
    return f'<div class="tiles">{inner}</div>'


def card(title: str, drawing: str, words: str = "") -> str:
    """A drawing with its title and a line on how to read it."""
    below = f"<p>{text(words)}</p>" if words else ""
    return f'<section class="card"><h3>{text(title)}</h3>{drawing}{below}</section>'


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], numbers: int = 0) -> str:
    """Rows under heads; the last ``numbers`` columns are figures."""
    first = len(heads) - numbers

    def line(cells: Sequence[object], tag: str) -> str:
        look = [' class="n"' if at >= first else "" for at in range(len(cells))]
        return "".join(f"<{tag}{how}>{text(cell)}</{tag}>" for how, cell in zip(look, cells, strict=True))

    inner = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{line(heads, "th")}</tr></thead><tbody>{inner}</tbody></table></div>'


def listed(said: Iterable[object]) -> str:
    """A list of sentences."""
    return "<ul>" + "".join(f"<li>{text(one)}</li>" for one in said) + "</ul>"


def number(value: float | None, digits: int = 2, unit: str = "") -> str:
    """A figure, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}{unit}"


def percent(value: float | None) -> str:
    """A share, or a dash where there is none."""
    return "-" if value is None else f"{100 * value:.0f} %"


def interval(ends: Sequence[float] | None, digits: int = 2) -> str:
    """An interval of 95 %, or nothing."""
    return "" if not ends else f"{ends[0]:.{digits}f} to {ends[1]:.{digits}f}"
