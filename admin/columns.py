"""A batch of a file's lines that was made column by column.

Owns: that it reads as lines too. Must not: know formats.
"""

from collections.abc import Iterator, Sequence
from typing import Any


class Made(list[str]):
    """A column of texts that the program made itself, of nothing that anybody typed: there is nothing to take out."""


class Columns:
    """The lines of a batch, which is never empty, by their columns."""

    def __init__(self, *columns: Sequence[Any]) -> None:
        self.columns = columns

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return zip(*self.columns, strict=True)

    def __len__(self) -> int:
        return len(self.columns[0])


Batch = Columns | Sequence[Sequence[Any]]
