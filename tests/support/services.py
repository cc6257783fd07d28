"""A service that is as well as a test says."""

import asyncio

from crampwatch.metrics import Counters, Vitals


class Patient:
    """A watched service without any work: its vitals are set by the test."""

    def __init__(self, name="collector-1", kind="collector"):
        self.name = name
        self.kind = kind
        self.ready = asyncio.Event()
        self.problems = []
        self.gauges = []
        self.counters = Counters()
        self.timings = {}

    async def run(self):
        self.ready.set()
        await asyncio.Event().wait()

    def vitals(self):
        return Vitals(
            service=self.name,
            kind=self.kind,
            ready=self.ready.is_set(),
            problems=tuple(self.problems),
            gauges=tuple(self.gauges),
            counters=self.counters,
            timings=self.timings,
        )
