"""``crampwatch scan``: what is in the air."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from crampwatch.cli.console import out, plain, set_up_logging
from crampwatch.settings import load

if TYPE_CHECKING:
    from collector.ble import SensorReport


def scan(
    context: typer.Context,
    seconds: Annotated[float, typer.Option(help="how long to listen", min=1, max=120)] = 8.0,
) -> None:
    """List the sensors around you: name, address, services, battery, signal, and what their cadence counts.

    Copy a name or address into `[[athletes]] sensors` of crampwatch.toml to pair it. A watch shows up only while
    it broadcasts heart rate; see docs/sensors.md for how to switch that on.
    """
    settings = load(context.obj)
    set_up_logging(settings.log_level, settings)
    from collector.ble import survey

    with out.status(f"listening for {seconds:g} s"):
        found = asyncio.run(survey(seconds))
    out.print(table(found) if found else "no heart-rate or foot sensor in the air; wake it up, or see docs/sensors.md")


def table(found: "list[SensorReport]") -> Table:
    """A row per sensor, strongest first."""
    rows = Table("name", "address", "services", "battery", "signal", "cadence counts")
    for one in sorted(found, key=lambda report: -(report.rssi_dbm or -999)):
        rows.add_row(
            plain(one.name),
            plain(one.address),
            plain(", ".join(one.services)),
            "-" if one.battery_percent is None else f"{one.battery_percent} %",
            "-" if one.rssi_dbm is None else f"{one.rssi_dbm} dBm",
            plain(one.cadence_guess),
        )
    return rows
