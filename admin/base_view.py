"""The view that every section is: Flask-Admin's for peewee, mended once.

Owns: list, create, edit and download as all sections have them; permissions. Saving is `admin.saving_view`'s, deleting
`admin.deletion_view`'s, rows edited in their list `admin.inline_view`'s. Must not: know a section.

What is mended: filters on related tables (every join starts at the root), N+1 queries (what a list shows is selected
with it), silent cascades (`references`), unknown orders and pages (`listing`), transactions around changes, downloads
(streamed, no formulas), searching without accents, errors beside their fields (`models.checks`), two people at one row.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from flask import abort, current_app, redirect, request, url_for
from flask_admin import expose
from flask_admin.contrib.peewee import ModelView
from flask_login import current_user
from markupsafe import escape
from peewee import JOIN, Field, ModelSelect
from werkzeug.wrappers import Response

from admin import audit, csv_stream, listing, related, xlsx_stream
from admin.api.marks import is_for_api
from admin.columns import Batch
from admin.deletion_view import DeletionView
from admin.folding import any_contains
from admin.inline_view import InlineView, with_rows
from admin.installation import installation
from admin.listing import Column, Filter, Page, Wanted
from admin.memo import Memo
from admin.permissions import Act, may
from admin.problems import problem_text
from admin.saving_view import SavingView
from admin.section_forms import SectionForm, labels_of
from admin.view_marks import acting
from models.db import transaction
from models.tables import Row


class SectionView(SavingView, InlineView, DeletionView, ModelView):
    """A section. Subclasses say what it has; the templates are sections/list.html and form.html unless said."""

    slug: ClassVar[str]  # of the address and of the download's name
    endpoint_name: ClassVar[str]
    label: ClassVar[Any]  # on the screen, of the section
    singular: ClassVar[Any]  # of one row
    icon: ClassVar[str]
    table: ClassVar[type[Row]]
    note: ClassVar[Any] = ""  # what an empty list says
    size_label: ClassVar[Any] = ""  # of a search that asks for the rows of a page, too
    columns: ClassVar[Sequence[Column]] = ()
    filters: ClassVar[Sequence[Filter]] = ()
    searched: ClassVar[Sequence[Field]] = ()
    joined: ClassVar[Sequence[Field]] = ()  # foreign keys of `table` that the list shows
    order: ClassVar[Sequence[Any]] = ()
    form_class: ClassVar[type[SectionForm] | None] = None
    can_add = True
    can_drop = True
    create_on_list: ClassVar[bool] = False
    changes_routing: ClassVar[bool] = False
    list_page = "sections/list.html"
    form_page = "sections/form.html"

    # Nothing of Flask-Admin's own actions, editors and exports is exposed: ours take their place.
    can_export = False
    details_view = export = ajax_lookup = ajax_update = action_view = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.form = self.form_class or SectionForm
        super().__init__(self.table, name=self.slug, endpoint=self.endpoint_name, url=f"/{self.slug}")

    def scaffold_list_columns(self) -> list[str]:
        return []

    def scaffold_sortable_columns(self) -> dict[str, Field]:
        return {}

    # ------------------------------------------------------------ who may
    def can(self, act: Act | str) -> bool:
        """May the user do `act` here, and does the section have it?"""
        act = Act(act)
        if (act is Act.CREATE and not self.can_add) or (act is Act.DELETE and not self.can_drop):
            return False
        return bool(current_user.is_authenticated) and may(current_user.role, self.endpoint, act)

    def is_accessible(self) -> bool:
        return bool(current_user.is_authenticated)

    def _handle_view(self, name: str, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
        act = getattr(getattr(type(self), name), "act", None)
        if act is None or not self.can(act):
            abort(403)
        return None

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return fn(self, *args, **kwargs)  # Flask-Admin's would call it again after any TypeError

    # ------------------------------------------------------------ the list
    def base_query(self) -> ModelSelect:
        """Every row, joined for filters and orders; the related rows themselves are put at it by `shown`."""
        query = self.table.select()
        for column in self.joined:
            query = query.join_from(self.table, column.rel_model, JOIN.LEFT_OUTER, on=column)
        return query

    def narrowed(self, wanted: Wanted) -> ModelSelect:
        """The rows that the search finds, in no order."""
        query = self.base_query()
        if wanted.text:
            found = self.search(wanted.text)
            if found is not None:
                query = query.where(found)
        for one in self.filters_shown():
            if one.name in wanted.values:
                query = one.apply(query, wanted.values[one.name])
        if wanted.problems:
            query = query.where(False)  # rather nothing than everything when a filter is not understood
        return query

    def search(self, text: str) -> Any:
        """The condition of the filter box, or None."""
        return any_contains(tuple(self.searched), text)

    def filters_shown(self) -> Sequence[Filter]:
        return self.filters

    def ordered(self, query: ModelSelect, wanted: Wanted) -> ModelSelect:
        key = self.table._meta.primary_key  # type: ignore[attr-defined]
        for column in self.columns:
            if wanted.sort and column.name == wanted.sort:
                parts = [part.desc() if wanted.descending else part.asc() for part in column.sort]
                return query.order_by(*parts, key)
        return query.order_by(*self.order, key)

    def wanted(self) -> Wanted:
        return listing.read(request.args, self.filters_shown(), self.columns)

    @expose("/")
    @acting(Act.READ)
    def index_view(self) -> Any:
        return self.show_list()

    def show_list(
        self,
        form: SectionForm | None = None,
        *,
        rows: Sequence[Any] | None = None,
        cells: dict[int, Any] | None = None,
        problems: Sequence[str] = (),
    ) -> Any:
        """The list. `rows` and `cells`: of a refused save, in place of what is stored; `problems` stand over them."""
        if form is None and self.create_on_list and self.can(Act.CREATE):
            form = self.new_form()
        wanted = self.wanted()
        page = with_rows(self.page(wanted), rows)
        return self.render(
            self.list_page,
            **self.frame(),
            wanted=wanted,
            page=page,
            columns=[replace(column, label=escape(str(column.label))) for column in self.columns],
            labels={name: str(text) for name, text in labels_of(self.row_form).items()} if self.row_form else {},
            form=form,
            cells=self.cells(page.rows) if cells is None else cells,
            can_order=self.can_order(page),
            row_problems=problems,
            filters=self.filters_shown(),
            problems={name: problem_text(problem) for name, problem in wanted.problems.items()},
            sizes=listing.SIZES,
            **self.list_extras(page),
        )

    def page(self, wanted: Wanted) -> Page:
        query = self.narrowed(wanted)
        page = listing.page_of(self.ordered(query, wanted), query.count(), wanted.page, wanted.size)
        self.shown(page.rows)
        return page

    def shown(self, rows: Iterable[Any]) -> list[Any]:
        """The rows with the related ones that the list shows."""
        listed = list(rows)
        related.attach(listed, *self.joined)
        return listed

    def list_extras(self, page: Page) -> dict[str, Any]:
        """What the section's list template needs besides, counted for the page at once."""
        return {}

    def frame(self) -> dict[str, Any]:
        return {"section": self, "heading": str(self.label), "can": Memo(self.can).__getitem__}

    # ------------------------------------------------------------ download
    def csv_columns(self) -> Sequence[tuple[Any, Callable[[Any], Any]]]:
        """Headings, and what of a row stands under them; empty: no download."""
        return ()

    @expose("/descargar.csv")
    @acting(Act.DOWNLOAD)
    def download(self) -> Any:
        """Everything the search finds, not only the page."""
        return self._downloaded(csv_stream)

    @expose("/descargar.xlsx")
    @acting(Act.DOWNLOAD)
    def download_xlsx(self) -> Any:
        return self._downloaded(xlsx_stream)

    def _downloaded(self, kind: Any) -> Response:
        """Noted whatever the file's kind."""
        wanted = self.wanted()
        headings, batches = self.lines(wanted)
        with transaction(installation().database):
            audit.record(self.endpoint, "download", name=str(self.label), after=wanted.arguments(page="", size=""))
        response: Response = kind.download(self.slug, headings, batches)
        return response

    def lines(self, wanted: Wanted) -> tuple[list[Any], Iterator[Batch]]:
        """Headings, and the lines under them in batches, of everything the search finds."""
        columns = self.csv_columns()
        if not columns:
            abort(404)
        batches = csv_stream.chunks(self.ordered(self.narrowed(wanted), wanted), self.table._meta.primary_key)  # type: ignore[attr-defined]
        return [heading for heading, _read in columns], (
            [[read(row) for _heading, read in columns] for row in self.prepare(self.shown(batch))] for batch in batches
        )

    def prepare(self, batch: list[Any]) -> list[Any]:
        """Reads what a batch of the download needs besides, at once."""
        return batch

    # ------------------------------------------------------------ create and edit
    def new_form(self, row: Any = None) -> SectionForm:
        """The form, empty or with the row's values, and with what was sent when something was."""
        if self.form_class is None:
            abort(404)
        return self.made(self.form_class, row)

    def made(self, form_class: type[SectionForm], row: Any) -> SectionForm:
        sent = None
        if request.method == "POST" and request.endpoint != f"{self.endpoint}.save_rows" and not is_for_api():
            sent = request.form.copy()
            sent.update(request.files)
        return form_class(sent, data=self.stored(row))

    def stored(self, row: Any) -> dict[str, Any]:
        """What the form's fields show of a row; None: of a new one, the columns' defaults."""
        source = self.table() if row is None else row
        fields: Any = self.table._meta.fields  # type: ignore[attr-defined]
        return {name: getattr(source, name) for name in fields if name != "id"}

    @expose("/nuevo", methods=("GET", "POST"))
    @acting(Act.CREATE)
    def create_view(self) -> Any:
        form = self.new_form()
        if request.method == "POST":
            row = self.save(form, None)
            if row is not None:
                return self.created(row)
            if self.create_on_list:
                return self.show_list(form), 422
        return self.show_form(form, None)

    @expose("/<int:row_id>", methods=("GET", "POST"))
    @acting(Act.EDIT)
    def edit_view(self, row_id: int) -> Any:
        row = self.row_or_404(row_id)
        form = self.new_form(row)
        if request.method == "POST":
            saved = self.save(form, row)
            if saved is not None:
                return self.edited(saved)
        return self.show_form(form, row)

    def show_form(self, form: SectionForm, row: Any) -> Any:
        title = str(self.singular) if row is None else self.title_of(row)
        body = self.render(
            self.form_page,
            **(self.frame() | {"heading": title}),
            form=form,
            row=row,
            seen=self.fingerprint(row),
            **self.form_extras(row),
        )
        return body, 422 if form.is_refused else 200

    def form_extras(self, row: Any) -> dict[str, Any]:
        return {}

    def title_of(self, row: Any) -> str:
        return str(getattr(row, "name", "") or self.singular)

    def row_or_404(self, row_id: int) -> Any:
        # An id that no column holds is no row either.
        row = self.table.get_or_none(self.table.id == row_id) if row_id < 2**63 else None
        if row is None:
            abort(404)
        return row

    def created(self, row: Any) -> Response:
        return redirect(url_for(".index_view"))

    def edited(self, row: Any) -> Response:
        return redirect(url_for(".index_view"))
