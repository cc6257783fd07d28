"""``crampwatch config``: the settings in force, secrets masked, and what each one does."""

import json
import os
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.table import Table

from crampwatch.cli.console import out
from crampwatch.settings import ENV_PREFIX, Settings, find_file, load


def config(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of a table")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="say what each setting does")] = False,
) -> None:
    """Show every setting in force, where it came from, and with --explain what it does.

    A setting `mqtt.url` is written `url` under `[mqtt]` in crampwatch.toml, or `CRAMPWATCH_MQTT__URL` in the
    environment, or as a file of that name in the folder that `CRAMPWATCH_SECRETS_DIR` names.
    """
    settings = load(context.obj)
    values = settings.model_dump(mode="json")
    if as_json:
        typer.echo(json.dumps(values, indent=2))
        return
    file = find_file(context.obj)
    table = Table("setting", "value", *(["what it does"] if explain else []), title=f"file: {file or 'none found'}")
    helps = descriptions(Settings)
    for name, value in flat(values):
        shown = f"{value}  [dim](environment)[/]" if env_name(name) in os.environ else str(value)
        table.add_row(name, shown, *([helps.get(name, "")] if explain else []))
    out.print(table)


def env_name(setting: str) -> str:
    """The environment variable of a dotted setting."""
    return ENV_PREFIX + setting.replace(".", "__").upper()


def flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
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
