"""Pushes through Apprise (ntfy, Pushover, Telegram, mail, ...): the only module that imports it.

Apprise blocks and answers yes or no without a reason. Each address is a channel of its own with a thread of its own,
so that a slow one delays nobody else.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

from pydantic import SecretStr

from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.units import Level

from . import Push, Unanswered

SETTING = "alerts.apprise"
#: Wall seconds that Apprise may spend on connecting and on waiting for an answer; its own four are short for a phone
#: network, and a push whose answer comes too late is felt twice.
CONNECT_S = 5.0
ANSWER_S = 10.0
#: Wall seconds that a caller waits before the push counts as away.
TIMEOUT_S = CONNECT_S + ANSWER_S + 2.0
#: So many answers that nobody has asked for yet are kept; those of pushes past their deadline are never asked for.
UNREAD = 1_000


def apprise_channels(addresses: Sequence[SecretStr]) -> list["AppriseChannel"]:
    """One channel per address, named ``apprise-1``, ``apprise-2``, ...

    Raises:
        Misconfigured: the push extra is missing, or an address cannot be used. The address is not in the message.
    """
    return [AppriseChannel(f"apprise-{number}", one) for number, one in enumerate(addresses, start=1)]


class AppriseChannel:
    """Pushes to one Apprise address.

    Args:
        name: unique among the channels; ends in the number of the address in the settings.
        address: the Apprise address; secret, it is never shown.
        timeout_s: wall seconds that a push may take.

    Raises:
        Misconfigured: the push extra is missing, or the address cannot be used.
    """

    audible = True
    #: Most services know no push by an id: a second one buzzes again.
    repeatable = False

    def __init__(self, name: str, address: SecretStr, *, timeout_s: float = TIMEOUT_S) -> None:
        self.name = name
        self._timeout_s = timeout_s
        self._service = _service(name, address)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._calls: dict[str, asyncio.Future[bool]] = {}

    async def deliver(self, push: Push) -> None:
        """See :meth:`alerts.channels.Channel.deliver`."""
        call = self._call(push)
        done, _ = await asyncio.wait({call}, timeout=self._timeout_s)
        if not done:
            raise Unanswered(f"{self.name}: no answer within {self._timeout_s:g} s; it will be asked again")
        del self._calls[push.alert.id]
        if not call.result():
            raise Unavailable(f"{self.name}: the service did not take the push; check address number {self._number}")

    async def close(self) -> None:
        """Let go of the thread; what it is sending goes on to its own end."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def _number(self) -> str:
        return self.name.rpartition("-")[2]

    def _call(self, push: Push) -> asyncio.Future[bool]:
        """The call for this push: the one whose answer nobody has had yet, else a new one.

        A call that was given up goes on in its thread. Asking for the same push again, also after others, waits for
        that one, so that nobody is buzzed twice; another push has to wait until the thread is free.
        """
        call = self._calls.get(push.alert.id)
        if call is not None:
            return call
        if not all(one.done() for one in self._calls.values()):
            raise Unavailable(f"{self.name}: still busy with an earlier push")
        if len(self._calls) >= UNREAD:
            del self._calls[next(iter(self._calls))]
        call = asyncio.get_running_loop().run_in_executor(self._thread, self._notify, push)
        self._calls[push.alert.id] = call
        return call

    def _notify(self, push: Push) -> bool:
        kinds = {Level.IMMINENT: "failure", Level.NOW: "failure", Level.WARNING: "warning"}
        title = f"{push.title} ({push.athlete})"
        return bool(self._service.notify(body=push.body, title=title, notify_type=kinds.get(push.alert.level, "info")))


def _service(name: str, address: SecretStr) -> Any:
    try:
        apprise = import_module("apprise")
    except ImportError:
        raise Misconfigured(SETTING, "needs the push extra: pip install 'crampwatch[push]'") from None
    # Apprise logs each failure by itself, with parts of addresses; ours is said once, by whoever retries.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    plugin = apprise.Apprise.instantiate(address.get_secret_value())
    if plugin is None:
        number = name.rpartition("-")[2]
        raise Misconfigured(
            SETTING,
            f"address number {number} is none that Apprise understands; write it as in its documentation, "
            "for example ntfy://your-topic",
        )
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_S, ANSWER_S
    service = apprise.Apprise()
    service.add(plugin)
    return service
