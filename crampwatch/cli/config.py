"""``crampwatch config``: the settings in force, secrets masked, and what each one does."""

import json
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.table import Table
from rich.text import Text

from crampwatch.cli.console import out
from crampwatch.errors import Misconfigured
from crampwatch.setting_files import ENV_PREFIX
from crampwatch.settings import Settings, find_file, load

#: Up to the last @: a password may hold what it should not, and is then the more worth hiding.
_LOGIN_IN_URL = re.compile(r"(//(?:[^/@:]*:)?).*@", re.DOTALL)


def config(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of a table")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="say what each setting does")] = False,
) -> None:
    """Show every setting in force, where it came from, and with --explain what it does.

    A setting `mqtt.url` is written `url` under `[mqtt]` in crampwatch.toml, or `CRAMPWATCH_MQTT__URL` in the
    environment, or as a file of that name in the folder that `CRAMPWATCH_SECRETS_DIR` names.
    """
    try:
        values = masked(load(context.obj))
    except Misconfigured:
        if explain:  # somebody who mends a setting has to see which there are
            out.print(_explained({}))
        raise
    if as_json:
        typer.echo(json.dumps(values, indent=2))
        return
    file = find_file(context.obj)
    table = _explained(values) if explain else _in_force(values)
    table.title = Text(f"file: {file or 'none found'}")
    out.print(table)


def _in_force(values: Mapping[str, Any]) -> Table:
    table = _table("setting", "value")
    for name, value in flat(values):
        table.add_row(name, _shown(name, value))
    return table


def _explained(values: Mapping[str, Any]) -> Table:
    table = _table("setting", "value", "what it does")
    known = dict(flat(values))
    for name, meaning in descriptions(Settings).items():
        table.add_row(name, _shown(name, known[name]) if name in known else "", Text(meaning))
    return table


def _table(*headings: str) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _shown(name: str, value: Any) -> Text:
    shown = Text("not set" if value is None else str(value))
    return shown.append("  (environment)", "dim") if env_name(name) in os.environ else shown


def masked(settings: Settings) -> dict[str, Any]:
    """Every value as JSON knows it; passwords as stars, also a login that stands in a URL."""
    values = settings.model_dump(mode="json")
    for section in ("mqtt", "influxdb"):
        if values[section]["url"] is not None:
            values[section]["url"] = _LOGIN_IN_URL.sub(r"\1**********@", values[section]["url"])
    return values


def env_name(setting: str) -> str:
    """The environment variable of a dotted setting."""
    return ENV_PREFIX + setting.replace(".", "__").upper()


def flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Dotted names and values, lists as they are."""
    rows: list[tuple[str, Any]] = []
    for key, value in values.items():
        rows.extend(flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)])
    return rows


def descriptions(model: type[BaseModel], prefix: str = "") -> dict[str, str]:
    """What each setting does, by dotted name; settings of one athlete or sensor stand under ``athletes[]``."""
    rows: dict[str, str] = {}
    for name, field in model.model_fields.items():
        inner = field.annotation
        many = next((arg for arg in getattr(inner, "__args__", ()) if isinstance(arg, type)), None)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            rows.update(descriptions(inner, f"{prefix}{name}."))
            continue
        rows[f"{prefix}{name}"] = field.description or ""
        if many is not None and issubclass(many, BaseModel):
            rows.update(descriptions(many, f"{prefix}{name}[]."))
    return rows
