"""What InfluxDB must have before it is written to: compared with what it has, and made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.settings import Influxdb
from crampwatch.storage.influx.edge import InfluxEdge
from crampwatch.storage.influx.tasks import tasks

DAY_S = 86_400
ORGS, BUCKETS, TASKS = "/api/v2/orgs", "/api/v2/buckets", "/api/v2/tasks"
_MANAGE = "set up once with an all-access token: CRAMPWATCH_INFLUXDB__TOKEN=... crampwatch influx setup"
#: What the edge names when something looked for is not there.
_ABSENT = {"influxdb.org", "influxdb.bucket", "influxdb.bucket_long"}
_OTHER_VERSIONS = ("1", "v1", "3", "v3")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket as it is; ``keep_s`` is 0 for ever."""

    id: str
    keep_s: int


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it is."""

    id: str
    flux: str


@dataclass(frozen=True, slots=True)
class Found:
    """What InfluxDB has of what it should; ``org_id`` is None when the organisation is missing."""

    org_id: str | None
    buckets: Mapping[str, Bucket] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One request that brings it closer to what it should be, and what to call it: ``make the bucket 'runs'``."""

    words: str
    method: str
    path: str
    body: Mapping[str, Any]


def plan(settings: Influxdb, found: Found) -> Sequence[Step]:
    """What is left to do, in order; empty when all is as it should be."""
    if found.org_id is None:
        first = [Step(f"make the organisation {settings.org!r}", "POST", ORGS, {"name": settings.org})]
    else:
        first = []
    return [*first, *_buckets(settings, found), *_tasks(settings, found)]


def _buckets(settings: Influxdb, found: Found) -> Sequence[Step]:
    steps = []
    for name, keep_days in ((settings.bucket, settings.keep_days), (settings.bucket_long, settings.keep_long_days)):
        rules = [{"type": "expire", "everySeconds": keep_days * DAY_S}]
        kept, known = kept_words(keep_days * DAY_S), found.buckets.get(name)
        if known is None:
            body = {"orgID": found.org_id, "name": name, "retentionRules": rules}
            steps.append(Step(f"make the bucket {name!r}, kept {kept}", "POST", BUCKETS, body))
        elif known.keep_s != keep_days * DAY_S:
            words = f"keep the bucket {name!r} {kept} instead of {kept_words(known.keep_s)}"
            steps.append(Step(words, "PATCH", f"{BUCKETS}/{known.id}", {"retentionRules": rules}))
    return steps


def _tasks(settings: Influxdb, found: Found) -> Sequence[Step]:
    steps = []
    for name, flux in tasks(settings).items():
        known = found.tasks.get(name)
        if known is None:
            body = {"orgID": found.org_id, "flux": flux}
            steps.append(Step(f"make the task {name!r}", "POST", TASKS, body))
        elif known.flux != flux:
            steps.append(Step(f"update the task {name!r}", "PATCH", f"{TASKS}/{known.id}", {"flux": flux}))
    return steps


def kept_words(keep_s: int) -> str:
    """How long something is kept.

    >>> kept_words(0), kept_words(30 * 86_400)
    ('for ever', 'for 30 days')
    """
    return f"for {keep_s / DAY_S:g} days" if keep_s else "for ever"


async def set_up(edge: InfluxEdge, settings: Influxdb, *, only_plan: bool = False) -> Sequence[str]:
    """Make or mend the organisation, the buckets, their retention and the tasks; a second time does nothing.

    Args:
        edge: an edge to ``settings``, with a token that may make them.
        settings: what they should be.
        only_plan: change nothing.

    Returns:
        What was done, or would be, a line each.

    Raises:
        Misconfigured: the token may not do it, or what answers is no InfluxDB 2.
        Unavailable: it cannot be reached.
    """
    if settings.bucket == settings.bucket_long:
        raise Misconfigured("influxdb.bucket_long", "is the same as influxdb.bucket; give it a name of its own")
    await version(edge, settings)
    done: list[str] = []
    steps = plan(settings, await find(edge, settings))
    while steps and not only_plan:
        # Looked at again after each step: what is made first, the next one names by the id it was given.
        await _do(edge, steps[0])
        done.append(steps[0].words)
        steps = plan(settings, await find(edge, settings))
        if steps and steps[0].words == done[-1]:
            raise Misconfigured("influxdb.token", f"may {done[-1]}, but not see that it is done; {_MANAGE}")
    return done or [step.words for step in steps]


async def find(edge: InfluxEdge, settings: Influxdb) -> Found:
    """What there is now.

    Raises:
        Misconfigured: the token is not valid, or may see nothing of the organisation.
        Unavailable: InfluxDB cannot be reached.
    """
    answer = await _or_none(edge, ORGS, org=settings.org)
    if answer is None:
        return Found(None)
    org_id = next((str(org["id"]) for org in answer["orgs"]), None)
    buckets = {}
    for name in (settings.bucket, settings.bucket_long):
        seen = await _or_none(edge, BUCKETS, org=settings.org, name=name)
        for one in (seen or {}).get("buckets", ()):
            org_id = str(one["orgID"])
            buckets[name] = Bucket(str(one["id"]), sum(int(rule["everySeconds"]) for rule in one["retentionRules"]))
    if org_id is None:
        raise Misconfigured(
            "influxdb.token", f"may see nothing of the organisation {settings.org!r} that is to be used; {_MANAGE}"
        )
    seen_tasks = {}
    for name in tasks(settings):
        answer = await edge.api("GET", TASKS, query={"orgID": org_id, "name": name})
        for one in answer["tasks"]:
            seen_tasks[name] = Task(str(one["id"]), str(one["flux"]))
    return Found(org_id, buckets, seen_tasks)


async def version(edge: InfluxEdge, settings: Influxdb) -> str:
    """What InfluxDB says it is.

    Raises:
        Misconfigured: it is of version 1 or 3, or none at all.
        Unavailable: it cannot be reached.
    """
    try:
        told = str((await edge.api("GET", "/health")).get("version", ""))
    except Unavailable as error:
        # Version 3 answers /health with a word that is no JSON, and says what it is elsewhere.
        told = str((await edge.api("GET", "/ping")).get("version", ""))
        if not told:
            raise error from None
    if told.split(".")[0] in _OTHER_VERSIONS or not told:
        raise Misconfigured(
            "influxdb.url", f"InfluxDB {told} answers at {settings.url}; crampwatch needs version 2, write its address"
        )
    return told


async def _or_none(edge: InfluxEdge, path: str, **query: str) -> Mapping[str, Any] | None:
    try:
        return await edge.api("GET", path, query=query)
    except Misconfigured as error:
        if error.setting in _ABSENT:
            return None
        raise


async def _do(edge: InfluxEdge, step: Step) -> None:
    try:
        await edge.api(step.method, step.path, body=step.body)
    except (Misconfigured, Unavailable) as error:
        # It answers a token without rights with 401 or 403, for a task with 500 and this word.
        if getattr(error, "setting", "") == "influxdb.token" or "unauthorized" in str(error):
            raise Misconfigured("influxdb.token", f"may not {step.words}; {_MANAGE}") from error
        raise
