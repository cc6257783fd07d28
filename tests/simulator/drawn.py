"""Runs that several tests look at, drawn once."""

from functools import cache

from simulator.draw import draw


@cache
def run(seed, kind, generator="main", beats=False):
    return draw(seed, kind, generator, beats=beats)


def runs(kind, count=16, generator="main"):
    return [run(seed, kind, generator) for seed in range(count)]
