"""Alerts as lines in a terminal: who, what, why, and the first step."""

from collections.abc import Callable

from alerts.triage import sentences

from . import Push


class TerminalChannel:
    """Writes every alert, quiet ones too, as it comes.

    Args:
        write: takes one finished text of a few lines, such as ``console.print`` or ``print``.
    """

    name = "terminal"
    audible = False
    repeatable = True

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    async def deliver(self, push: Push) -> None:
        """See :meth:`alerts.channels.Channel.deliver`."""
        self._write(lines(push))

    async def close(self) -> None:
        """Nothing is held."""


def lines(push: Push) -> str:
    """What stands in the terminal for a push."""
    found = [f"{push.athlete}: {push.title}"]
    if push.alert.because:
        found.append(f"  because {sentences(push.alert.because)}")
    if push.alert.steps:
        found.append(f"  1. {push.alert.steps[0].text}")
    if push.alert.question:
        found.append(f"  {push.alert.question}")
    return "\n".join(found)
