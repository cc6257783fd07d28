"""The store that the settings ask for."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from crampwatch.clock import Clock
from crampwatch.metrics import Counters
from crampwatch.settings import Settings
from crampwatch.storage import Store
from crampwatch.storage.mirror import MirroredStore
from crampwatch.storage.outbox import file_name
from crampwatch.storage.sqlite import SqliteStore


@contextlib.asynccontextmanager
async def open_store(
    settings: Settings, service: str, clock: Clock, *, others: Sequence[str] = (), counters: Counters | None = None
) -> AsyncIterator[Store]:
    """Open the store of ``storage.backend``, and close it after the block.

    Args:
        settings: which store, and where.
        service: whose outbox it is: ``processor``, ``alerter`` or ``dashboard``. Services of one process share one.
        clock: times what waits, and the pauses of its delivery.
        others: further services of this process; what they queued when they ran alone is delivered as well.
        counters: takes what the store counts, in the vitals of ``service``.

    Raises:
        Misconfigured: a setting keeps it from being opened; the message names it.
        Unavailable: a file is held by another process too long.
    """
    async with contextlib.AsyncExitStack() as stack:
        stores: list[Store] = []
        if settings.storage.backend != "influxdb":
            stores.append(await SqliteStore.open(settings.store_path))
            stack.push_async_callback(stores[-1].close)
        if settings.storage.backend != "sqlite":
            # Imported here: its client is an extra, and slow to load.
            from crampwatch.storage.influx.store import InfluxStore

            path = settings.state_dir / file_name(service)
            found = [settings.state_dir / file_name(other) for other in others]
            left = [one for one in found if one != path and one.exists()]
            stores.append(await InfluxStore.open(settings.influxdb, path, clock, others=left, counters=counters))
            stack.push_async_callback(stores[-1].close)
        yield stores[0] if len(stores) == 1 else MirroredStore(*stores)
