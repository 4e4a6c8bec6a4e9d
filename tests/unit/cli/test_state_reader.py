"""What `status` and `wait` know of the files that a run has left."""

from pathlib import Path

import pytest

from bootheal.adapters.history import FILE
from bootheal.cli.state_reader import HistoryReader
from bootheal.errors import StateError
from bootheal.model import History


def test_a_history_that_cannot_be_understood_is_told_for_as_long_as_it_is_there(tmp_path: Path) -> None:
    """`status --watch` reads it again and again, and must not take it for an empty one the second time."""
    reader = HistoryReader(tmp_path)
    assert reader.read() == History()
    (tmp_path / FILE).write_text("{")
    for _ in range(2):
        with pytest.raises(StateError, match="it is no JSON"):
            reader.read()
    (tmp_path / FILE).write_text('{"version": 1, "boots": []}')
    assert reader.read() == History()
