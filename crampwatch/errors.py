"""Errors sorted by remedy: what a caller should do decides the class, not where it came from."""

from typing import TypeVar


class CrampwatchError(Exception):
    """Anything that crampwatch raises on purpose. The message says what to do."""


class Unavailable(CrampwatchError):  # noqa: N818 - named for the remedy: try again later
    """The other side is away; the same call may work later."""


class Throttled(Unavailable):
    """The other side asks for a pause.

    Args:
        message: who asked and why.
        retry_after_s: how long to wait before the next try.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Refused(CrampwatchError):  # noqa: N818 - named for the remedy: never these items again
    """This item will never be taken; keep the rest.

    Args:
        reason: a short, bounded word for the counter, such as ``truncated_frame``.
        message: what is wrong with which item.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Misconfigured(CrampwatchError):  # noqa: N818 - named for the remedy: stop, mend a setting
    """Nothing can work until a setting is mended.

    Args:
        setting: the dotted name of the setting, such as ``mqtt.url``.
        message: what is wrong and what to write instead.
    """

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(f"{setting}: {message}")
        self.setting = setting


OursT = TypeVar("OursT", bound=CrampwatchError)


def first_of(error: BaseException, kind: type[OursT]) -> OursT | None:
    """The first error of a kind in what was raised, also inside groups of errors; None when there is none.

    >>> first_of(ExceptionGroup("tasks", [OSError(), Refused("bad", "no")]), Refused)
    Refused('no')
    """
    if isinstance(error, kind):
        return error
    if isinstance(error, BaseExceptionGroup):
        found = (first_of(inner, kind) for inner in error.exceptions)
        return next((one for one in found if one is not None), None)
    return None


ErrorT = TypeVar("ErrorT", bound=BaseException)


def without_frames(error: ErrorT) -> ErrorT:
    """The same error, and those behind it, without the frames that they came through; for one that will be met again.

    Such a frame holds what was to be sent, and often the error once more: a ring, which lives until Python looks for
    rings. Who fails every few seconds for hours would gather thousands of them.
    """
    behind: list[BaseException | None] = [error]
    seen: set[int] = set()
    while behind:
        one = behind.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = None
        behind += [one.__cause__, one.__context__]
    return error


def first_misconfigured(error: BaseException) -> Misconfigured | None:
    """What a service that ends should raise in place of a group: the setting to mend, if that is what ended it."""
    return first_of(error, Misconfigured)
