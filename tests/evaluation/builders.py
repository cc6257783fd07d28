"""Traces told in stretches, and sessions written as files."""

import csv
import json
from array import array
from dataclasses import asdict

from evaluation.alarms import Rules, Scan
from evaluation.trace import OPEN, RUNNING, Trace
from simulator.session import Truth

WATCHED = RUNNING | OPEN
#: So long a score stands at the threshold before a warning is raised, s.
HOLD_S = round(Rules().hold_s)


def told(*stretches, truth=None, name="run", step_s=1, prompts=()):
    """A trace of (seconds, score) or (seconds, score, flags) one after the other."""
    at_s, score, flags = array("d"), array("d"), bytearray()
    now = 0
    for seconds, value, *flag in stretches:
        for _ in range(0, seconds, step_s):
            at_s.append(float(now))
            score.append(value)
            flags.append(flag[0] if flag else WATCHED)
            now += step_s
    return Trace(name, truth or Truth("easy"), at_s, score, flags, prompts=tuple(prompts))


def quiet(truth=None, hours=1.0, name="run"):
    """A run on which nothing was seen."""
    return told((round(hours * 3_600), 0.01), truth=truth, name=name)


def cramp(lead_s, onset_s=3_000.0, ramp_s=400.0, name="cramp", score=0.5, **truth):
    """A run with a cramp after a build-up, and one alarm so long before it; None: without one."""
    known = Truth("easy", onset_s, onset_s - ramp_s, **truth)
    if lead_s is None:
        return told((round(onset_s) + 300, 0.01), truth=known, name=name)
    before, high = round(onset_s - lead_s) - HOLD_S, HOLD_S + 2
    return told((before, 0.01), (high, score), (round(onset_s) + 300 - before - high, 0.01), truth=known, name=name)


def raised(trace, theta, **rules):
    """When warnings would have been raised at a threshold; rules that are not named are as shipped."""
    return [spell.from_s for spell in Scan(trace).spells(theta, Rules(**rules))]


def write_session(session, folder, name=None, **changed):
    """A simulated session as a CSV with its truth beside it."""
    stem = name or session.name
    with (folder / f"{stem}.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["t_s", "hr_bpm", "cadence_spm", "speed_mps", "altitude_m", "distance_m"])
        for one in session.seconds:
            rows.writerow("" if value is None else value for value in one[:6])
    write_truth(folder, stem, **asdict(session.truth) | changed)
    return folder / f"{stem}.csv"


def write_truth(folder, stem, **keys):
    """What is known of a run."""
    told = {"family": "easy", "onset_s": None, "prodrome_s": None, "silent": False} | keys
    (folder / f"{stem}.truth.json").write_text(json.dumps(told))


def write_run(folder, stem, seconds=1_500, spm=170, first_s=0):
    """An even run as a CSV."""
    lines = ["t_s,hr_bpm,cadence_spm,speed_mps"]
    lines += [f"{first_s + at},150,{spm + at % 3},{3 + 0.01 * (at % 2):.2f}" for at in range(seconds)]
    (folder / f"{stem}.csv").write_text("\n".join(lines) + "\n")
    return folder / f"{stem}.csv"
