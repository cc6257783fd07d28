"""The pages of an evaluation: one file each, with every drawing in it."""

from collections.abc import Iterator, Mapping
from typing import Any

from crampwatch.units import Level
from crampwatch.wording import DISCLAIMER, RUN_WORDS

from . import report_charts as charts
from .report_evidence import window
from .report_look import card, document, interval, listed, number, percent, table, tiles
from .report_svg import text
from .target import MET, MISSED, REACHED
from .targets import LEAK
from .targets import table as targets_of

HONEST = (
    "These are simulated runs. The build-up before a cramp is an assumption that nobody has measured, so no figure "
    "here says anything about real cramps: they say how detectors compare and where false alarms come from."
)
REAL_HONEST = (
    "Nobody knows whether a cramp is in these recordings, so an alarm is neither right nor wrong here. What is counted "
    "is how often a runner would have been disturbed; how many cramps would be noticed beforehand cannot be said."
)
_GROUP = ("runs", "hours", "warnings", "per hour", "questions")
_Result = Mapping[str, Any]


def page(result: _Result) -> str:
    """The page of an evaluation against a truth, from a result by the keys of docs/evaluation-format.md.

    ``baselines``, ``targets`` and ``beside`` (:mod:`evaluation.targets`) may be there.
    """
    return document("crampwatch evaluation", _evaluation(result))


def real_page(result: _Result) -> str:
    """The page of recordings without a truth, from what :func:`evaluation.real.evaluate_real` returns."""
    return document("crampwatch: recorded runs", _recordings(result))


def _evaluation(result: _Result) -> Iterator[str]:
    yield "<h1>How good the detectors are</h1>"
    yield f'<p class="soft">{result["sessions"]} sessions, {result["hours"]:.0f} hours</p>'
    yield f'<p class="honest">{text(HONEST)}</p><p class="soft">{text(DISCLAIMER)}</p>'
    yield tiles(_headline(result))
    if (result["sensitivity"].get("0.2") or 0) > LEAK:
        said = f"More than {LEAK} within 0.2 false alarms an hour is taken for a leak until that is disproved."
        yield f'<p class="honest">{said}</p>'
    yield "<h2>Targets</h2>" + _targets(result)
    yield '<h2>What it sees, and at what cost</h2><div class="cards">'
    yield from _drawings(result)
    yield "</div>"
    if result["at_tuned"]:
        yield "<h2>At thresholds that were set on tune seeds</h2>" + _at_tuned(result["at_tuned"])
    if others := result.get("baselines"):
        yield "<h2>Simple methods on the same runs, each threshold picked on them</h2>" + _baselines(result, others)
    yield "<h2>False alarms</h2>" + _false_alarms(result["false_alarms"])
    yield from _ending(result)


def _headline(result: _Result) -> Iterator[tuple[str, str]]:
    false, now = result["false_alarms"], result["now"]
    yield percent(result["shipped"]["sensitivity"]), "of cramps seen beforehand, as shipped"
    yield number(false["per_h"]), f"false alarms/h as shipped ({interval(false['interval'])})"
    yield number(result["median_lead_s"], 0, " s"), "median lead when seen, as shipped"
    yield percent(now["share"]), f"asked about in time, at {number(now['prompts_per_h'])} questions/h for nothing"
    if tuned := result["at_tuned"].get("0.2"):
        rate = number(tuned["false_alarms_per_h"])
        yield percent(tuned["sensitivity"]), f"seen at the threshold for 0.2 false alarms/h on tune seeds: {rate} here"
    else:
        picked = result["sensitivity"].get("0.2")
        yield percent(picked), "seen within 0.2 false alarms/h, threshold picked on these runs"


def _drawings(result: _Result) -> Iterator[str]:
    named = [
        ("crampwatch", "ours"),
        *((name, f"o{at}") for at, name in enumerate(result.get("baselines", {}), start=1)),
    ]
    yield card(
        "Trade-off",
        charts.trade_off(result) + _key(named),
        "The band holds 95 % of resamples of whole runs. Point: as shipped. Dashed: 0.2 an hour.",
    )
    yield card(
        "By the length of the build-up",
        charts.by_ramp(result),
        "Bars: within 0.2 false alarms an hour, threshold picked on these runs. Points with 95 %: as shipped.",
    )
    yield card("False alarms by family", charts.families(result), "As shipped, with 95 %. Dashed: 0.2 an hour.")
    yield card("Lead time", charts.leads(result), "Cramps with a build-up that were seen, as shipped.")
    if calibration := result["calibration"]:
        slope, skill = number(calibration["slope"]), number(calibration["skill"], 3)
        said = f"Slope {slope}, Brier skill {skill}. No chance is told to a runner."
        yield card("Calibration", charts.reliability(calibration), said)
    if silent := result["silent"]:
        verdict = {True: "Within luck: no leak.", False: "Beyond luck: look for a leak."}
        said = verdict.get(silent["within_chance"], "Nothing to compare with.")
        yield card("Silent cramps", charts.silent(silent), f"{said} As shipped, with 95 %.")


def _key(named: list[tuple[str, str]]) -> str:
    sample = '<svg viewBox="0 0 34 12" aria-hidden="true"><path class="line {}" d="M1 6L33 6"/></svg>'
    lines = (f"<li>{sample.format(look)}{text(name)}</li>" for name, look in named)
    return f'<ul class="key">{"".join(lines)}</ul>'


def _targets(result: _Result) -> str:
    rows = result.get("targets") or targets_of(result)
    looks = {REACHED: ("yes", "✔✔ reached"), MET: ("yes", "✔ met"), MISSED: ("no", "✘ not met")}
    lines = []
    for row in rows:
        look, word = looks.get(row["verdict"], ("soft", row["verdict"]))
        quantity, value, must, reach = (
            f"<td>{text(row[name])}</td>" for name in ("quantity", "value", "must", "reach")
        )
        lines.append(f'<tr>{quantity}{value}<td class="verdict {look}">{text(word)}</td>{must}{reach}</tr>')
    heads = "".join(f"<th>{name}</th>" for name in ("quantity", "measured", "", "must", "reach for"))
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _at_tuned(part: _Result) -> str:
    rows = (
        (
            f"≤ {budget}/h",
            number(one["threshold"], 3),
            number(one["false_alarms_per_h"], 3),
            interval(one["false_alarms_interval"]),
            percent(one["sensitivity"]),
            interval(one["interval"]),
            percent(one["by_ramp"][">=4 min"]["share"]),
            number(one["median_lead_s"], 0, " s"),
        )
        for budget, one in part.items()
    )
    heads = ("false alarms on tune seeds", "threshold", "false alarms/h here", "95 %", "seen beforehand", "95 %")
    return table((*heads, "build-ups ≥ 4 min", "median lead"), rows, 7)


def _baselines(result: _Result, others: _Result) -> str:
    budgets = list(result["sensitivity"])
    rows: list[list[object]] = [["crampwatch", *(percent(result["sensitivity"][one]) for one in budgets), ""]]
    for name, one in others.items():
        versus = one["versus"]
        gain = f"{versus['difference']:+.2f} ({versus['low']:+.2f} to {versus['high']:+.2f})" if versus else "-"
        rows.append([name, *(percent(one["sensitivity"][budget]) for budget in budgets), gain])
    heads = ("seen beforehand", *(f"≤ {one}/h" for one in budgets), "crampwatch is better by, at 0.2/h (95 %)")
    return table(heads, rows, len(budgets) + 1)


def _false_alarms(part: _Result) -> str:
    groups = {"all": part, **part["by_family"], "before cramps": part["before_cramps"]}
    rows = (
        (name.replace("_", " "), one["n"], number(one["hours"], 1), number(one["per_h"], 3), interval(one["interval"]))
        for name, one in groups.items()
    )
    return table(("family", "alarms", "hours", "per hour", "95 %"), rows, 4)


def _recordings(result: _Result) -> Iterator[str]:
    runs, evidence = result["runs"], result["evidence"]
    yield "<h1>Recorded runs</h1>"
    yield f'<p class="soft">{len(runs)} runs, {result["recorded_hours"]:.1f} hours recorded</p>'
    yield f'<p class="honest">{text(REAL_HONEST)}</p><p class="soft">{text(DISCLAIMER)}</p>'
    yield tiles(
        (
            (number(result["hours"], 1), "hours of running"),
            (number(result["warnings_per_hour"]), f"warnings an hour ({result['warnings']} in all)"),
            (number(result["prompts_per_hour"]), f"questions an hour ({result['prompts']} in all)"),
            (str(sum(bool(one["warnings"]) for one in runs)), f"of {len(runs)} runs with a warning"),
        )
    )
    yield f"<h2>Every alarm ({len(evidence)})</h2>"
    yield '<div class="cards">' + "".join(_alarm(one, result["thresholds"]) for one in evidence) + "</div>"
    if not evidence:
        yield '<p class="soft">There was none.</p>'
    for title, groups in (("By runner", result["by_runner"]), ("By tag", result["by_tag"])):
        if groups:
            yield f"<h2>{title}</h2>" + table((title.split()[-1], *_GROUP), _group_rows(groups), len(_GROUP))
    rows = (
        (one["file"], number(one["hours"]), len(one["warnings"]), len(one["prompts"]))
        for one in sorted(runs, key=lambda one: (-len(one["warnings"]), -len(one["prompts"]), one["file"], one["run"]))
    )
    yield "<h2>Every run</h2>" + table(("file", "hours", "warnings", "questions"), rows, 3)
    if result["left_out"]:
        yield "<h2>Files that hold a run once more</h2>" + listed(result["left_out"])
    yield from _ending(result)


def _alarm(one: _Result, thresholds: Mapping[str, float]) -> str:
    at_s = int(one["at_s"])
    moment = f"{at_s // 3600}:{at_s // 60 % 60:02}:{at_s % 60:02}"
    known = one["level"] in set(Level)
    word = "Sudden stop" if one["kind"] == "prompt" else RUN_WORDS[Level(one["level"])] if known else one["level"]
    because = " ".join(one["because"])
    return (
        f'<section class="card"><h3>{text(word)} at {moment}</h3><p>{text(one["file"])}</p><p>{text(because)}</p>'
        f"{window(one, thresholds)}</section>"
    )


def _group_rows(groups: _Result) -> Iterator[tuple[object, ...]]:
    for name, one in sorted(groups.items(), key=lambda item: (-item[1]["warnings"], -item[1]["hours"], item[0])):
        hours, rate = number(one["hours"], 1), number(one["warnings_per_hour"])
        yield name, one["runs"], hours, one["warnings"], rate, one["prompts"]


def _ending(result: _Result) -> Iterator[str]:
    if result["problems"]:
        yield "<h2>Not scored</h2>" + listed(result["problems"])
    yield "<h2>Made by</h2>" + table(("", ""), ((name, _plain(one)) for name, one in result["versions"].items()))


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)
