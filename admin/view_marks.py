"""What the parts of a section's view share: the mark of a permission, and the way out of a transaction.

Owns: `acting`, `NotSaved`. Must not: know a view.
"""

from collections.abc import Callable
from typing import Any

from admin.permissions import Act


def acting(act: Act) -> Callable[[Any], Any]:
    """Says which permission an exposed method needs; one that says nothing is refused to all but administrators."""

    def mark(method: Any) -> Any:
        method.act = act
        return method

    return mark


class NotSaved(Exception):
    """Leaves the transaction; the form has the reasons."""


# Kept by the tables' own `save`, and so to be written with whatever else is.
DERIVED = ("name_key", "email_key", "search", "folded")
