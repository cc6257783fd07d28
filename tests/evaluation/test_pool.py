"""Work over several processes: in order, and with a word on what to do when one is killed."""

import os
import signal

import pytest

from crampwatch.errors import Unavailable
from evaluation.pool import each


def squared(number):
    return number * number


def killed_at_three(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("cores", [1, 2])
def test_results_come_in_the_order_of_the_pieces(cores):
    assert list(each(squared, range(20), cores)) == [number * number for number in range(20)]


def test_a_process_that_is_killed_is_said_with_what_to_do():
    with pytest.raises(Unavailable, match="--jobs 1"):
        list(each(killed_at_three, range(20), 2))
