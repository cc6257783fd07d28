"""A look at InfluxDB from outside: whether it can be used as the settings say, and what waits for it."""

from crampwatch.clock import WallClock
from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.settings import Influxdb, Settings
from crampwatch.storage.influx.edge import InfluxEdge
from crampwatch.storage.influx.flux import pipe, points
from crampwatch.storage.influx.setup import TASKS, find, kept_words, plan, version
from crampwatch.storage.influx.tasks import tasks
from crampwatch.storage.outbox import Outbox, found_in


async def look(settings: Settings) -> str:
    """What there is, in a line.

    Raises:
        Misconfigured: it cannot be used as it is; the message names the setting and what to do.
        Unavailable: it cannot be reached.
    """
    edge = InfluxEdge.connect(settings.influxdb)
    try:
        seen = await _seen(edge, settings.influxdb)
    finally:
        await edge.close()
    return f"{seen}; {await _waiting(settings)}"


async def _seen(edge: InfluxEdge, settings: Influxdb) -> str:
    told = await version(edge, settings)
    found = await find(edge, settings)
    left = [step.words for step in plan(settings, found) if not step.path.startswith(TASKS)]
    if left:
        raise Misconfigured(
            "influxdb.bucket",
            f"InfluxDB at {settings.url} is not as set ({', '.join(left)}); run `crampwatch influx setup`",
        )
    for bucket in (settings.bucket, settings.bucket_long):
        await edge.query(pipe(points(bucket, "athlete"), "limit(n: 1)"))
    kept = ", ".join(f"{name} kept {kept_words(found.buckets[name].keep_s)}" for name in found.buckets)
    # A token for two buckets sees no tasks, so that none may be there or only hidden.
    running = f"{len(found.tasks)} of {len(tasks(settings))} downsampling tasks seen"
    return f"{settings.url}: InfluxDB {told}, {kept}, {running}"


async def _waiting(settings: Settings) -> str:
    """What the outboxes of this machine hold."""
    points_waiting = dead = 0
    for path in found_in(settings.state_dir):
        try:
            outbox = await Outbox.open(path, WallClock(), read_only=True)
        except Unavailable:
            continue
        points_waiting += outbox.depth.points
        dead += outbox.depth.dead
        await outbox.close()
    refused = f", {dead} were refused (`crampwatch outbox` lists them)" if dead else ""
    return f"{points_waiting} points wait in outboxes{refused}"
