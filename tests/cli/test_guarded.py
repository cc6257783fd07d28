"""One bad recording never ends a command."""

from pathlib import Path

import pytest

from crampwatch.cli.guarded import one_file
from crampwatch.errors import Misconfigured, Refused


def test_what_nobody_foresaw_is_a_refusal_of_that_file():
    with (
        pytest.raises(Refused, match=r"odd\.fit cannot be used \(OverflowError: too large\)") as refused,
        one_file(Path("odd.fit")),
    ):
        raise OverflowError("too large")
    assert refused.value.reason == "unusable"


@pytest.mark.parametrize("error", [Refused("empty", "holds no run"), Misconfigured("state_dir", "not yours")])
def test_what_was_said_on_purpose_passes(error):
    with pytest.raises(type(error)) as raised, one_file(Path("run.fit")):
        raise error
    assert raised.value is error
