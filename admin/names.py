"""Names of rows by their ids, for lines of files by the hundred thousand.

Owns: that each is asked for once. Must not: know whose they are.
"""

from collections.abc import Sequence
from typing import Any, Final

_MOST: Final = 20_000


class Names:
    """Of rows by their ids, each asked for once: a join would look for it in every line."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._known: dict[int | None, str] = {None: ""}

    def of(self, ids: Sequence[int | None]) -> list[str]:
        known = self._known
        new = set(ids).difference(known)
        if new:
            if len(known) > _MOST:
                known.clear()
                known[None] = ""
                new = set(ids) - {None}
            table = self._table
            known.update(dict.fromkeys(new, ""))
            known.update(table.select(table.id, table.name).where(table.id.in_(new)).tuples())
        return [known[one] for one in ids]
