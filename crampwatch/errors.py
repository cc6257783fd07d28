"""Errors sorted by remedy: what a caller should do decides the class, not where it came from."""


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
