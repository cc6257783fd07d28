"""What may be advised: read from ``guidance.toml``, checked as a whole, with the row and the field named when wrong.

Sources: the graded treatments of Miller 2022 (J Athl Train 57:5, table 2). Levels, the red-flag card and the disclaimer
are shared with the pages and stand in :mod:`crampwatch.wording`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from crampwatch.errors import Misconfigured
from crampwatch.events import GuidanceStep

FILE_NAME = "guidance.toml"
RED_FLAGS = "medical.red_flags"

StepId = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$")]
#: Short enough to read on a phone in a moving hand.
Short = Annotated[str, StringConstraints(min_length=3, max_length=240)]
Title = Annotated[str, StringConstraints(min_length=3, max_length=80)]


class Flow(StrEnum):
    """What an alert shows, by what it is about and how far the person has got."""

    FATIGUE_WATCH = "fatigue_watch"
    PATTERN_WATCH = "pattern_watch"
    PATTERN_WARNING = "pattern_warning"
    PATTERN_IMMINENT = "pattern_imminent"
    CRAMP_PROMPT = "cramp_prompt"
    CRAMP_RELIEF = "cramp_relief"
    CRAMP_EASED = "cramp_eased"
    CRAMP_RESUMED = "cramp_resumed"
    FAULT_SENSOR = "fault_sensor"
    FAULT_SERVICE = "fault_service"

    @property
    def about_a_cramp(self) -> bool:
        """Whether a cramp is asked about or treated: then the red flags always show."""
        return self.startswith("cramp_")


class Row(BaseModel):
    """A table of the file; an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StepRow(Row):
    """One instruction, how well it is supported, and when it belongs."""

    id: StepId
    text: Short
    evidence: Literal["A", "B", "C", "consensus"]
    timer_s: Annotated[int, Field(gt=0, le=3_600)] | None = None
    note: Short | None = None
    when: Literal["always", "long_or_hot"] = "always"

    def said(self) -> GuidanceStep:
        """The step as it goes out in an alert."""
        return GuidanceStep(id=self.id, text=self.text, timer_s=self.timer_s, note=self.note)


class FlowRow(Row):
    """The title, the steps in order and the question of one flow."""

    title: Title
    steps: tuple[StepId, ...] = Field(min_length=1)
    question: Title | None = None


class Guidance(Row):
    """Every piece of advice, checked as a whole."""

    version: Literal[1]
    steps: tuple[StepRow, ...]
    flows: Mapping[Flow, FlowRow]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [row.id for row in self.steps]
        for one in ids:
            if ids.count(one) > 1:
                raise ValueError(f"steps {one}, field id: stands twice")
        if missing := set(Flow) - set(self.flows):
            raise ValueError(f"flows {min(missing)}: is missing")
        for name, flow in self.flows.items():
            if unknown := [one for one in flow.steps if one not in ids]:
                raise ValueError(f"flows {name}, field steps: {unknown[0]!r} is no step")
            if name.about_a_cramp and flow.steps[-1] != RED_FLAGS:
                raise ValueError(f"flows {name}, field steps: a cramp flow always ends with {RED_FLAGS!r}")
        return self

    def row(self, step_id: str) -> StepRow:
        """The step with this id; KeyError when there is none."""
        for row in self.steps:
            if row.id == step_id:
                return row
        raise KeyError(step_id)


def load_guidance() -> Guidance:
    """The guidance that comes with crampwatch.

    Raises:
        Misconfigured: the installed file is wrong; the message names the row and the field.
    """
    return parse(files("alerts").joinpath(FILE_NAME).read_text(encoding="utf-8"))


def parse(text: str) -> Guidance:
    """Read guidance from the text of a file.

    Raises:
        Misconfigured: it is not TOML, or a row is wrong; the message names the row and the field.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(FILE_NAME, f"is not TOML: {error}") from error
    try:
        return Guidance.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Misconfigured(FILE_NAME, f"{_place(raw, first['loc'])}{first['msg']}") from None


def _place(raw: Mapping[str, Any], loc: Sequence[str | int]) -> str:
    """Name a row by its id where it has one: a number in a list helps nobody who edits a file."""
    if not loc:
        return ""
    table, *rest = (str(part) for part in loc)
    if len(loc) > 1 and isinstance(loc[1], int):
        row = raw[table][loc[1]]
        rest[0] = str(row["id"]) if isinstance(row, dict) and "id" in row else f"number {loc[1] + 1}"
    place = " ".join([table, *rest[:1]])
    field = ".".join(rest[1:])
    return f"{place}, field {field}: " if field else f"{place}: "
