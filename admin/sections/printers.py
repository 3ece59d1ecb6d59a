"""Impresoras: where a slip is printed, and how it is laid out.

Owns: the section, the preview of a slip, and the test slip. Must not: print: `jobs` does.
"""

from dataclasses import replace
from typing import Any, Final

from flask import flash, make_response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin import slip_picture
from admin.base_view import SectionView
from admin.folding import folded
from admin.installation import account, installation
from admin.listing import Column, Page
from admin.permissions import Act
from admin.printing import asking
from admin.printing.pages import new_jobs, user_row
from admin.printing.presses import paper_of
from admin.section_forms import Check, Choice, Number, SectionForm, Text
from admin.view_marks import acting
from admin.words import choices
from models.checks import CODE_PAGES, MAX_MARGIN, PAPER_WIDTHS, Checked, check_printer
from models.db import transaction
from models.tables import Printer, PrintKind
from models.tables.paper import Letter, PrinterKind

_ONLY_NETWORK: Final = {"data-only-if": "kind=escpos"}
_QUEUE_HELP: Final = _l("La cola de CUPS, o la carpeta de prints donde queda cada boleta.")


def _margin(label: Any) -> Number:
    return Number(label, attributes={"maxlength": 3})


class PrinterForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 60, "required": True})
    kind = Choice(_l("Clase"), options=lambda: choices(PrinterKind))
    host = Text(_l("Servidor o IP"), attributes={"maxlength": 253, **_ONLY_NETWORK})
    port = Number(_l("Puerto"), attributes={"maxlength": 5, "placeholder": "9100", **_ONLY_NETWORK})
    queue = Text(
        _l("Cola o archivo"), help=_QUEUE_HELP, attributes={"maxlength": 100, "data-only-if": "kind=cups,file"}
    )
    letter = Choice(_l("Letra"), options=lambda: choices(Letter))
    paper_width = Choice(_l("Ancho del papel"), options=lambda: [(width, f"{width} mm") for width in PAPER_WIDTHS])
    code_page = Choice(
        _l("Página de códigos"),
        options=lambda: [(page, page) for page in CODE_PAGES],
        help=_l("CP858 tiene ñ, tildes, ¿ ¡ y €. Lo que la página no tiene sale con la letra más parecida."),
        attributes={"data-only-if": "kind=escpos,cups"},
    )
    margin_top = _margin(_l("Margen Sup. (mm)"))
    margin_left = _margin(_l("Margen Izq. (mm)"))
    margin_right = _margin(_l("Margen Der. (mm)"))
    margin_bottom = _margin(_l("Margen Inf. (mm)"))
    asks_status = Check(
        _l("Preguntar su estado"),
        help=_l(
            "Antes y después de imprimir: sin papel, tapa abierta, si salió. Quítalo solo si la impresora no responde."
        ),
        attributes=_ONLY_NETWORK,
    )
    sends_commands = Check(
        _l("Mandar a CUPS órdenes ESC/POS"),
        help=_l("Para una impresora de boletas sin controlador. Si no, se manda texto."),
        attributes={"data-only-if": "kind=cups"},
    )
    active = Check(_l("Activa"))
    groups = (
        (
            _l("Impresora"),
            ("name", "kind", "host", "port", "queue", "asks_status", "sends_commands", "active"),
        ),
        (_l("Papel"), ("letter", "paper_width", "code_page")),
        (_l("Márgenes"), ("margin_top", "margin_left", "margin_right", "margin_bottom")),
    )


class NewPrinterForm(SectionForm):
    """On top of the list: what a slip looks like; where it is printed by default is the browser."""

    name = Text(_l("Nombre"), attributes={"maxlength": 60, "required": True})
    kind = Choice(_l("Clase"), options=lambda: choices(PrinterKind))
    letter = Choice(_l("Letra"), options=lambda: choices(Letter))
    margin_top = _margin(_l("Margen Sup. (mm)"))
    margin_left = _margin(_l("Margen Izq. (mm)"))
    margin_right = _margin(_l("Margen Der. (mm)"))
    margin_bottom = _margin(_l("Margen Inf. (mm)"))
    paper_width = Choice(_l("Ancho del papel"), options=lambda: [(width, f"{width} mm") for width in PAPER_WIDTHS])
    host = Text(_l("Servidor o IP"), attributes={"maxlength": 253, **_ONLY_NETWORK})
    port = Number(_l("Puerto"), attributes={"maxlength": 5, "placeholder": "9100", **_ONLY_NETWORK})
    queue = Text(
        _l("Cola o archivo"), help=_QUEUE_HELP, attributes={"maxlength": 100, "data-only-if": "kind=cups,file"}
    )


class PrinterCells(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 60, "required": True})
    letter = Choice(_l("Letra"), options=lambda: choices(Letter))
    paper_width = Choice(_l("Ancho del papel"), options=lambda: [(width, f"{width} mm") for width in PAPER_WIDTHS])
    margin_top = _margin(_l("Margen Sup. (mm)"))
    margin_left = _margin(_l("Margen Izq. (mm)"))
    margin_right = _margin(_l("Margen Der. (mm)"))
    margin_bottom = _margin(_l("Margen Inf. (mm)"))
    active = Check(_l("Activa"))


class Printers(SectionView):
    slug = "impresoras"
    endpoint_name = "printers"
    label = _l("Impresoras")
    singular = _l("Impresora")
    icon = "printers"
    table = Printer
    note = _l("Para la boleta que quiere la cocina o el equipo de reparación. Se asignan en Forms.")
    form_class = PrinterForm
    row_form = PrinterCells
    add_label = _l("Agregar")
    create_on_list = True
    searched = (Printer.name, Printer.host, Printer.queue)
    order = (folded(Printer.name),)
    columns = (
        Column("name", _l("Nombre"), (folded(Printer.name),)),
        Column("kind", _l("Clase"), (Printer.kind,)),
        Column("letter", _l("Letra"), (Printer.letter,)),
        Column("paper_width", _l("Papel"), (Printer.paper_width,), "nowrap"),
        Column("margin_top", _l("Sup."), (Printer.margin_top,), "number"),
        Column("margin_left", _l("Izq."), (Printer.margin_left,), "number"),
        Column("margin_right", _l("Der."), (Printer.margin_right,), "number"),
        Column("margin_bottom", _l("Inf."), (Printer.margin_bottom,), "number"),
        Column("active", _l("Activa"), (Printer.active,)),
    )
    list_page = "sections/printers.html"
    form_page = "sections/printer_form.html"

    def new_form(self, row: Any = None) -> SectionForm:
        return self.made(NewPrinterForm if row is None else PrinterForm, row)

    def check(self, form: SectionForm, row: Any) -> Checked:
        return check_printer(form.typed(), row)

    @expose("/vista.svg")
    @acting(Act.READ)
    def preview_view(self) -> Any:
        """A slip on the paper that the arguments say, saved or not; what is not understood is as usual."""
        said = request.args
        shown = Printer(**{f"margin_{side}": _millimetres(said.get(f"margin_{side}", "")) for side in _SIDES})
        if said.get("kind") in set(PrinterKind):
            shown.kind = PrinterKind(said["kind"])
        if said.get("letter") in set(Letter):
            shown.letter = Letter(said["letter"])
        if said.get("paper_width") in {str(known) for known in PAPER_WIDTHS}:
            shown.paper_width = int(said["paper_width"])
        if said.get("code_page") in CODE_PAGES:
            shown.code_page = said["code_page"]
        shown.sends_commands = said.get("sends_commands") == "1"
        paper = paper_of(shown)
        if not paper.is_wide_enough:
            paper = replace(paper, left=0, right=0)
        answer = make_response(slip_picture.picture(slip_picture.sample(account().name), paper))
        answer.mimetype = "image/svg+xml"
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
        return answer

    # ------------------------------------------------------------ the test slip
    def list_extras(self, page: Page) -> dict[str, Any]:
        return new_jobs(self.can(Act.EDIT))

    @expose("/<int:row_id>/prueba", methods=("POST",))
    @acting(Act.EDIT)
    def test_view(self, row_id: int) -> Any:
        """Through the queue, like all others: what is seen is what a call's slip would meet."""
        nonce = request.form.get("nonce", "")
        with transaction(installation().database):
            row = self.row_or_404(row_id)
            made = asking.enqueue_by_hand(
                PrintKind.TEST, str(row.id), row, user_row(), nonce if asking.is_nonce(nonce) else asking.new_nonce()
            )
            self.log("test", row)
        if row.kind is PrinterKind.BROWSER:
            return redirect(url_for("print_jobs.index_view", _anchor=f"fila-{made.id}"))
        if not row.active:
            flash(_("La impresora está desactivada: la boleta espera a que se active."), "warning")
        return redirect(url_for(".index_view", _anchor="impresiones"))


_SIDES = ("top", "left", "right", "bottom")


def _millimetres(text: str) -> int:
    return min(int(text), MAX_MARGIN) if text.isascii() and text.isdigit() and len(text) < 4 else 3
