"""Deleting and taking out of use, as all sections have it: asks first, and nothing goes unsaid.

Owns: the page that asks, what stands in the way, the deletion. Must not: know a section, or how rows are saved.
"""

from typing import Any, ClassVar

from flask import abort, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from peewee import IntegrityError

from admin.installation import installation
from admin.permissions import Act
from admin.references import Reference, references
from admin.view_marks import DERIVED, NotSaved, acting
from models.db import transaction
from models.tables import Row


class DeletionView:
    """The part of `SectionView` that deletes; it is nothing alone."""

    row_or_404: Any
    title_of: Any
    render: Any
    frame: Any
    after_commit: Any
    can: Any
    audited: Any
    log: Any

    goes_too: ClassVar[tuple[type[Row], ...]] = ()

    @expose("/<int:row_id>/eliminar", methods=("GET", "POST"))
    @acting(Act.DELETE)
    def delete_view(self, row_id: int) -> Any:
        """Asks first, and says what would go with it or what is in the way."""
        row = self.row_or_404(row_id)
        found = self.found_references(row)
        blocked = [one for one in found if not one.goes]
        status = 200
        if request.method == "POST":
            if self._delete(row):
                self.after_commit(row, _("Eliminado: %(name)s.", name=self.title_of(row)))
                return redirect(url_for(".index_view"))
            status = 409
        return self.render(
            "sections/delete.html",
            **(self.frame() | {"heading": self.title_of(row)}),
            row=row,
            blocked=blocked,
            going=[one for one in found if one.goes],
            warning=self.delete_warning(row),
            can_deactivate=self._has_active(row),
        ), status

    def found_references(self, row: Any) -> list[Reference]:
        return [*references(row, goes_too=self.goes_too), *self.in_the_way(row)]

    def in_the_way(self, row: Any) -> list[Reference]:
        """What forbids a deletion besides the rows that point to it."""
        return []

    def delete_warning(self, row: Any) -> str:
        """What else to know before it is deleted, or ""."""
        return ""

    def _has_active(self, row: Any) -> bool:
        return bool(getattr(row, "active", False)) and self.can(Act.EDIT)

    def _delete(self, row: Any) -> bool:
        """False when something came in the way; nothing is deleted then."""
        try:
            with transaction(installation().database):
                row = self.row_or_404(row.id)
                if any(not one.goes for one in self.found_references(row)):
                    return False
                self.log("delete", row, before=self.audited(row))
                self.before_deleting(row)
                row.delete_instance(recursive=False)
        except (IntegrityError, NotSaved):
            return False
        self.after_deleting(row)
        return True

    def before_deleting(self, row: Any) -> None:
        """Deletes what `goes_too`, in the same transaction."""

    def after_deleting(self, row: Any) -> None:
        """After the commit."""

    @expose("/<int:row_id>/desactivar", methods=("POST",))
    @acting(Act.EDIT)
    def deactivate_view(self, row_id: int) -> Any:
        """What is used is not deleted but taken out of use."""
        row = self.row_or_404(row_id)
        if not hasattr(row, "active"):
            abort(404)
        self.set_active(row, False)
        self.after_commit(row, _("Desactivado: %(name)s.", name=self.title_of(row)))
        return redirect(url_for(".index_view"))

    def set_active(self, row: Any, active: bool) -> None:
        with transaction(installation().database):
            self.log("activate" if active else "deactivate", row)
            row.active = active
            row.save(only=["active", *(name for name in DERIVED if name in type(row)._meta.fields)])
