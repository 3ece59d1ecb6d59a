"""What may be wrong with a file, a row or a cell, as `InvalidValue`s whose words are in `admin.problems`.

Owns: which of them refuse a row and which only tell. Must not: hold words.
"""

from dataclasses import dataclass
from typing import Any

from models.values.errors import InvalidValue


class BadFile(Exception):
    """The file as a whole cannot be loaded. `problem` says why."""

    def __init__(self, code: str, **params: str | int) -> None:
        self.problem = InvalidValue(code, **params)
        super().__init__(str(self.problem))


@dataclass(frozen=True, slots=True)
class Remark:
    """Of one cell: `refuses` the row, or only says what was read otherwise than it stood there."""

    column: int  # of the file, from 0; -1: of the row
    problem: InvalidValue
    refuses: bool = True

    def stored(self) -> list[Any]:
        return [self.column, self.problem.code, self.problem.params, self.refuses]


def told(code: str, params: dict[str, Any]) -> InvalidValue:
    """A stored problem, as it was."""
    return InvalidValue(code, **params)
