"""A file in a test's own folder."""

from pathlib import Path

import pytest


@pytest.fixture
def given_file(tmp_path: Path):
    def write(data: bytes, name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write
