"""Settings of detectors as tables: name, unit, default and origin, read from the docstrings that hold them."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

#: What the end of a setting's name means.
_UNITS = {
    "_s": "s",
    "_ms": "ms",
    "_spm": "steps/min",
    "_bpm": "bpm",
    "_mps": "m/s",
    "_share": "share",
    "_sigma": "spreads",
    "_percent": "%",
    "_per_h": "per hour",
}
_SCIENCE = re.compile(r"science \d\.\d", re.IGNORECASE)
_PAPER = re.compile(r"PubMed \d+|Smyth 2022|Rogers 2021|Hunt et al\. 2015|wall studies|Kona records", re.IGNORECASE)


def settings_tables(path: Path) -> Iterator[str]:
    """Each settings class of a module as a paragraph and a table."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("Settings"):
            yield "\n".join(_table(node)) + "\n"


def _table(node: ast.ClassDef) -> Iterator[str]:
    text = inspect.cleandoc(ast.get_docstring(node) or "")
    intro, _, attributes = text.partition("Attributes:")
    meanings = dict(re.findall(r"^ {4}(\w+): ((?:.|\n {8})+)$", attributes, re.MULTILINE))
    common = _origins(intro)
    yield re.sub(r"\s+", " ", intro).strip() + "\n"
    yield "| setting | unit | default | origin | meaning |"
    yield "|---|---|---|---|---|"
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and field.value is not None and isinstance(field.target, ast.Name):
            name = field.target.id
            meaning = re.sub(r"\s+", " ", meanings.get(name, ""))
            origin = _origins(meaning) or common
            default = ast.unparse(field.value)
            if default.startswith("field("):
                continue
            yield f"| `{name}` | {_unit(name)} | `{default}` | {', '.join(origin)} | {meaning} |"


def _unit(name: str) -> str:
    ends = sorted((end for end in _UNITS if name.endswith(end)), key=len)
    return _UNITS[ends[-1]] if ends else ""


def _origins(text: str) -> list[str]:
    """Where numbers come from: a section of the science page, a paper, or our own choice."""
    if re.search(r"\ball \[E\]", text, re.IGNORECASE):
        return ["[E]"]
    found = [one.lower() for one in _SCIENCE.findall(text)] + _PAPER.findall(text)
    return [*dict.fromkeys(found), *(["[E]"] if "[E]" in text else [])]
