"""What is made once of each value, for lines of files by the hundred thousand.

Owns: that it stays small. Must not: know what is made.
"""

from collections.abc import Callable
from typing import Any


class Memo(dict[Any, Any]):
    """`memo[value]` is what `make(value)` gave the first time. Begins anew when it holds `most`."""

    def __init__(self, make: Callable[[Any], Any], most: int = 20_000) -> None:
        super().__init__()
        self._make = make
        self._most = most

    def __missing__(self, value: Any) -> Any:
        if len(self) >= self._most:
            self.clear()
        made = self[value] = self._make(value)
        return made
