"""How high the score stands in uneventful recorded runs: what newly fitted weights ask of processor/population.py.

``CRAMPWATCH_DATA=folder .venv/bin/python -m tests.scenarios.usual_scores``
"""

from collections.abc import Sequence

from processor.population import SCORE_AT_QUANTILE, SCORE_EDGES, SCORE_QUANTILE, score_quantile
from tests.scenarios.test_personal import in_turn


def main() -> None:
    """Print the quantile over all of them, and where the seconds of each bin lie."""
    runs = [known.summary.scores for known in in_turn().values() if known.summary.uneventful]
    told = [scores for scores in runs if sum(scores)]
    together = [sum(column) for column in zip(*told, strict=True)]
    alone = sorted(_told(scores) for scores in told)
    print(f"{len(told)} uneventful runs, {sum(together) / 3_600:.1f} h")
    print(f"SCORE_AT_QUANTILE = {_told(together)} at {SCORE_QUANTILE}; it is {SCORE_AT_QUANTILE} now")
    print(f"single runs: {alone[0]} to {alone[-1]}")
    print("| score up to | share of the seconds |\n| ---: | ---: |")
    for edge, seconds in zip((*SCORE_EDGES, 1.0), together, strict=True):
        print(f"| {edge:g} | {100 * seconds / sum(together):.2f} % |")


def _told(scores: Sequence[float]) -> float:
    found = score_quantile(scores)
    assert found is not None
    return round(found, 3)


if __name__ == "__main__":
    main()
