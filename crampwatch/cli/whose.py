"""Whose run a recording is: what is known of that athlete, for commands that otherwise know nothing of anybody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from crampwatch.settings import Settings

if TYPE_CHECKING:
    from processor.profile import Profile

#: The option of every command that reads recordings offline.
Whose = Annotated[
    str | None,
    typer.Option("--athlete", metavar="ID", help="whose run it is; default: nobody's", show_default=False),
]


def profile_for(settings: Settings, athlete: str | None) -> Profile | None:
    """What a run of this athlete would begin with today; None of nobody.

    Raises:
        Misconfigured: nobody is known by that id.
        Unavailable: there is no processor's file, or it is held.
    """
    if athlete is None:
        return None
    from crampwatch.cli import usual  # heavy: only when it is used
    from crampwatch.clock import WallClock
    from processor.hearing import asked_of
    from processor.personal import Personal
    from processor.profile import Asked, profile_of

    versions = asyncio.run(usual.versions_of(settings, athlete, "--athlete"))
    newest = versions[-1].personal if versions else Personal()
    return profile_of(asked_of(settings).get(athlete, Asked()), newest, WallClock().now_ms())
