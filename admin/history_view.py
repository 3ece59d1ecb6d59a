"""What the two histories have in common: pages and downloads of millions of rows in the order of time.

Owns: how the list's arguments become a search. Must not: know a section's columns.
"""

from typing import Any, ClassVar

from admin import history_pages
from admin.history_search import HistorySearch, Ledger
from admin.language import timezone
from admin.listing import Page, Wanted


class HistoryView:
    """The part of the section's view; it is nothing alone. The filters' `apply` gets a `HistorySearch`."""

    ledger: ClassVar[Ledger]
    time_column: ClassVar[str] = "started"  # sorted by it, the list is in the order of time
    filters_shown: Any
    rows_of: Any
    wanted: Any

    def sought(self, wanted: Wanted) -> HistorySearch:
        """What the search asks for."""
        search = HistorySearch(self.ledger)
        for one in self.filters_shown():
            if one.name in wanted.values:
                one.apply(search, wanted.values[one.name])
        # Rather nothing than everything when a filter is not understood.
        search.nothing = search.nothing or bool(wanted.problems)
        return search

    def turned(self, wanted: Wanted) -> tuple[str, bool]:
        """By what to sort, "" by time; and whether the greatest comes first."""
        if not wanted.sort:
            return "", True
        return ("" if wanted.sort == self.time_column else wanted.sort), wanted.descending

    def page(self, wanted: Wanted) -> Page:
        sort, descending = self.turned(wanted)
        return history_pages.page(self.sought(wanted), sort, descending, wanted.page, wanted.size, self.rows_of)

    def onward(self, page: Page) -> dict[str, Any]:
        """What the list's template needs to say where nobody looked: the filter that goes on from there."""
        until = {}
        if page.until is not None:
            local = page.until.astimezone(timezone()).replace(tzinfo=None)
            _sort, newest = self.turned(self.wanted())
            until = {"end" if newest else "start": local.isoformat(timespec="milliseconds")}
        return {"onward": until, "reach": history_pages.REACH}
