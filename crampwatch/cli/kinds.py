"""Kinds of generated runs as an argument: what there is, and what to say to a name that is none."""

from rich.table import Table
from rich.text import Text

from crampwatch.errors import Misconfigured
from simulator.kinds import ALL, SAID


def known_kind(kind: str) -> str:
    """The kind itself.

    Raises:
        Misconfigured: there is none of this name; the message has the list.
    """
    if kind != ALL and kind not in SAID:
        raise Misconfigured("--kind", f"there is no kind {kind!r}; write one of {', '.join(SAID)}, or {ALL}")
    return kind


def kinds_table() -> Table:
    """Every kind and what it is."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for kind, said in SAID.items():
        table.add_row(Text(kind, style="bold"), Text(said))
    return table
