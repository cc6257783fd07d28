"""Write the reference from the code: commands, settings, topics, messages, findings, guidance.

``python docs/generate.py`` writes them; a test compares what it would write with what is committed.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import typer
from click import Command, Context
from pydantic import BaseModel

from alerts.guidance import load_guidance
from crampwatch.cli.config import descriptions, env_name
from crampwatch.cli.main import app
from crampwatch.codec import BODIES
from crampwatch.settings import Settings
from crampwatch.topics import ROOT, SYSTEM, TERMS
from crampwatch.traffic import LANES
from docs import asyncapi, detector_pages, score_tables
from docs.setting_tables import settings_tables

FOLDER = Path(__file__).parent / "reference"
PROCESSOR = Path(__file__).parent.parent / "processor"
MADE = "<!-- Made by docs/generate.py from the code. Edit the code, then run `make docs`. -->\n\n"


def commands() -> str:
    """Every command with its arguments and options."""
    group = typer.main.get_command(app)
    context = Context(group, info_name="crampwatch")
    parts = [f"# Commands\n\n{MADE}{_clean(group.help or '')}\n"]
    parts += [_command(name, command) for name, command in _within(group, context)]
    return "\n".join(parts)


def _within(group: Command, context: Context, prefix: str = "") -> Iterator[tuple[str, Command]]:
    """The commands of a group, those of its groups in their place."""
    for name in group.list_commands(context):  # type: ignore[attr-defined]  # typer returns a group
        command = group.get_command(context, name)  # type: ignore[attr-defined]  # same
        if hasattr(command, "list_commands"):
            if command.invoke_without_command:  # type: ignore[attr-defined]  # same
                yield f"{prefix}{name}", command
            yield from _within(command, context, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _command(name: str, command: Command) -> str:
    rows = [f"## crampwatch {name}\n", _clean(command.help or ""), ""]
    table = []
    for parameter in command.params:
        if parameter.name == "help":
            continue
        shown = " ".join(parameter.opts) if parameter.param_type_name == "option" else str(parameter.name).upper()
        default = "" if parameter.default in {None, False} or callable(parameter.default) else f"`{parameter.default}`"
        table.append(f"| `{shown}` | {getattr(parameter, 'help', '') or ''} | {default} |")
    if table:
        rows += ["| argument or option | meaning | default |", "|---|---|---|", *table, ""]
    return "\n".join(rows)


def _clean(text: str) -> str:
    return re.sub(r"[ \t]+\n", "\n", inspect.cleandoc(text))


def settings() -> str:
    """Every setting: name, environment variable, default, meaning."""
    rows = [
        f"# Settings\n\n{MADE}One file, `crampwatch.toml`, in the current folder or in your config folder;",
        "then files in the folder that `CRAMPWATCH_SECRETS_DIR` names; then the environment, which wins.\n",
        "| setting | environment | default | meaning |",
        "|---|---|---|---|",
    ]
    defaults = _defaults(Settings)
    for name, meaning in descriptions(Settings).items():
        variable = "" if "[]" in name else f"`{env_name(name)}`"
        rows.append(f"| `{name}` | {variable} | {defaults.get(name, '')} | {meaning} |")
    return "\n".join(rows) + "\n"


def _defaults(model: type[BaseModel], prefix: str = "") -> dict[str, str]:
    table: dict[str, str] = {}
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            table.update(_defaults(inner, f"{prefix}{name}."))
        elif field.default_factory is None and not field.is_required() and field.default not in {None, ()}:
            table[f"{prefix}{name}"] = f"`{field.default}`"
    return table


def topics() -> str:
    """Every topic with its terms and its body."""
    rows = [
        f"# Topics\n\n{MADE}`{ROOT}/<team>/<athlete>/<kind>[/<device>]`: lower case, pseudonymous ids, never a name",
        f"or an address. What belongs to no athlete stands under the team `{SYSTEM}`.\n",
        "| kind | QoS | retained | expires after | body |",
        "|---|---|---|---|---|",
    ]
    for kind, terms in TERMS.items():
        bodies = ", ".join(f"`{body.__name__}`" for body in BODIES[kind])
        expiry = "-" if terms.expiry_s is None else f"{terms.expiry_s} s"
        rows.append(f"| `{kind}` | {terms.qos} | {'yes' if terms.retain else 'no'} | {expiry} | {bodies} |")
    rows += [
        "\nThe same for programs, with schemas and examples: [asyncapi.json](asyncapi.json), an AsyncAPI 3 document.\n",
        "## Who says what\n",
        "| topic | sent by | received by |",
        "|---|---|---|",
    ]
    for lane in LANES:
        senders, receivers = (", ".join(sorted(parties)) for parties in (lane.senders, lane.receivers))
        rows.append(f"| `{lane.address}` | {senders} | {receivers} |")
    rows.append("\n## Bodies\n")
    for body in dict.fromkeys(body for bodies in BODIES.values() for body in bodies):
        rows += [f"### {body.__name__}\n", _clean(body.__doc__ or ""), "", "| field | type |", "|---|---|"]
        rows += [f"| `{name}` | {_type(field.annotation)} |" for name, field in body.model_fields.items()]
        rows.append("")
    return "\n".join(rows)


def _type(annotation: object) -> str:
    return f"`{_named(annotation)}`"


def _named(annotation: object) -> str:
    """A type as a reader of JSON needs it: no bounds, alternatives joined by "or".

    >>> _named(Annotated[int, "bound"] | None), _named(tuple[int, ...]), _named(Literal["up", "down"])
    ('int or null', 'list of int', "'up' or 'down'")
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _named(inner[0])
    if origin in {Union, UnionType}:
        return " or ".join(_named(one) for one in inner)
    if origin is Literal:
        return " or ".join(repr(one) for one in inner)
    if origin is tuple:
        within = _named(inner[0])
        return f"list of ({within})" if " or " in within else f"list of {within}"
    if origin is dict:
        return f"object of {_named(inner[1])}"
    return "null" if annotation is type(None) else getattr(annotation, "__name__", str(annotation))


def guidance() -> str:
    """Every step of help that the program can show."""
    book = load_guidance()
    rows = [f"# Guidance\n\n{MADE}", "| id | text | held for | note |", "|---|---|---|---|"]
    for step in book.steps:
        held = "" if step.timer_s is None else f"{step.timer_s} s"
        rows.append(f"| `{step.id}` | {step.text} | {held} | {step.note or ''} |")
    return "\n".join(rows) + "\n"


def detectors() -> str:
    """Every detector: what it notices, its settings with unit, default and origin."""
    parts = [
        "# Detectors\n\n" + MADE + "One file each under `processor`. `[E]` marks an engineering choice that no paper "
        'supplies; "science 3.4" is section 3.4 of '
        "[Detectors](../detectors.md), where the sources stand too; the [pages](../detectors/index.md) explain each.\n"
    ]
    for path in sources():
        parts.append(f"## {path.stem}\n\n{ast.get_docstring(ast.parse(path.read_text(encoding='utf-8')))}\n")
        parts.extend(settings_tables(path))
    return "\n".join(parts)


def sources() -> list[Path]:
    """The modules of the processor's pure middle that have settings."""
    folders = (PROCESSOR / "context", PROCESSOR / "detect", PROCESSOR / "features", PROCESSOR)
    every = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    return [path for path in every if any(settings_tables(path))]


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "settings.md": settings,
    "topics.md": topics,
    "guidance.md": guidance,
    "detectors.md": detectors,
    asyncapi.FILE_NAME: asyncapi.text,
}


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
        print(f"wrote docs/reference/{name}")
    score_tables.PAGE.write_text(score_tables.page(score_tables.PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote docs/{score_tables.PAGE.name}")
    for path, text in detector_pages.pages().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(FOLDER.parent.parent)}")
    for line in detector_pages.draw():
        print(line)


if __name__ == "__main__":
    main()
