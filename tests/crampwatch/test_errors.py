"""Errors that come again and again leave nothing behind."""

import gc
import weakref

import pytest

from crampwatch.errors import Unavailable, without_frames


class Body:
    """What was to be sent."""


def send(body):
    """Fail as clients do: the frame that holds the body holds the error, too."""
    try:
        refuse()
    except ConnectionRefusedError as error:
        kept = error
    raise Unavailable("away") from kept


def refuse():
    raise ConnectionRefusedError(111)


@pytest.fixture
def _no_looks_for_rings():
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_looks_for_rings")
@pytest.mark.parametrize("let_go", [True, False], ids=["without its frames", "as it came"])
def test_an_error_without_its_frames_holds_nothing_of_what_was_to_be_sent(let_go):
    body = Body()
    held = weakref.ref(body)
    try:
        send(body)
    except Unavailable as error:
        cause = error.__cause__
        if let_go:
            without_frames(error)
    del body, cause
    assert (held() is None) is let_go


def test_an_error_without_its_frames_says_what_it_said():
    with pytest.raises(Unavailable) as caught:
        send(None)
    error = without_frames(caught.value)
    assert str(error) == "away"
    assert isinstance(error.__cause__, ConnectionRefusedError)
