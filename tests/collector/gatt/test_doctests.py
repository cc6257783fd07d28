"""The frames shown in the decoders' docstrings decode as they say."""

import doctest
import importlib
import pkgutil

import pytest

import collector.gatt

MODULES = [info.name for info in pkgutil.iter_modules(collector.gatt.__path__, "collector.gatt.")]
CHARACTERISTICS = [name for name in MODULES if not name.endswith(".layout")]


@pytest.mark.parametrize("name", CHARACTERISTICS)
def test_every_characteristic_shows_a_frame_that_decodes_as_written(name: str):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
