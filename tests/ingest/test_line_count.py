"""Lines of a file are counted by bytes, whatever block they fall into."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.ingest import text_file


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(["a", "bc", "\n", "\n\n"]), max_size=20), st.integers(1, 9))
def test_lines_that_are_not_empty(pieces: list[str], block: int) -> None:
    text = "x" + "".join(pieces)
    before = text_file.BLOCK
    with tempfile.NamedTemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        text_file.BLOCK = block
        try:
            found = text_file.count_lines(Path(file.name))
        finally:
            text_file.BLOCK = before
    assert found.lines == sum(bool(line) for line in text.split("\n"))
