"""Impresoras: where a slip is printed, and how it is laid out.

Owns: the section, and the preview of a slip. Must not: print.
"""

from typing import Any

from flask import make_response, request
from flask_admin import expose
from flask_babel import lazy_gettext as _l

from admin import slip_picture
from admin.base_view import SectionView
from admin.folding import folded
from admin.installation import account
from admin.listing import Column
from admin.permissions import Act
from admin.section_forms import Check, Choice, Number, SectionForm, Text
from admin.view_marks import acting
from admin.words import choices
from models.checks import CODE_PAGES, MAX_MARGIN, PAPER_WIDTHS, Checked, check_printer
from models.tables import Printer
from models.tables.paper import Letter, PrinterKind
from models.values.slip import Paper


def _margin(label: Any) -> Number:
    return Number(label, attributes={"maxlength": 3})


class PrinterForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 60, "required": True})
    kind = Choice(_l("Clase"), options=lambda: choices(PrinterKind))
    host = Text(_l("Servidor o IP"), help=_l("Solo para impresoras de red."), attributes={"maxlength": 253})
    port = Number(_l("Puerto"), attributes={"maxlength": 5, "placeholder": "9100"})
    queue = Text(_l("Cola o archivo"), help=_l("Solo para CUPS o archivo."), attributes={"maxlength": 100})
    letter = Choice(_l("Letra"), options=lambda: choices(Letter))
    paper_width = Choice(_l("Ancho del papel"), options=lambda: [(width, f"{width} mm") for width in PAPER_WIDTHS])
    code_page = Choice(_l("Página de códigos"), options=lambda: [(page, page) for page in CODE_PAGES])
    margin_top = _margin(_l("Margen Sup. (mm)"))
    margin_left = _margin(_l("Margen Izq. (mm)"))
    margin_right = _margin(_l("Margen Der. (mm)"))
    margin_bottom = _margin(_l("Margen Inf. (mm)"))
    active = Check(_l("Activa"))
    groups = (
        (_l("Impresora"), ("name", "kind", "host", "port", "queue", "active")),
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
    host = Text(_l("Servidor o IP"), help=_l("Solo para impresoras de red."), attributes={"maxlength": 253})
    port = Number(_l("Puerto"), attributes={"maxlength": 5, "placeholder": "9100"})
    queue = Text(_l("Cola o archivo"), help=_l("Solo para CUPS o archivo."), attributes={"maxlength": 100})


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
        margins = {side: _millimetres(request.args.get(f"margin_{side}", "")) for side in _SIDES}
        letter, width = request.args.get("letter", ""), request.args.get("paper_width", "")
        paper = Paper(
            width=int(width) if width in {str(known) for known in PAPER_WIDTHS} else PAPER_WIDTHS[-1],
            letter=letter if letter in set(Letter) else Letter.MEDIUM.value,
            **margins,
        )
        if not paper.is_wide_enough:
            paper = Paper(paper.width, paper.letter, paper.top, 0, 0, paper.bottom)
        answer = make_response(slip_picture.picture(slip_picture.sample(account().name), paper))
        answer.mimetype = "image/svg+xml"
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
        return answer


_SIDES = ("top", "left", "right", "bottom")


def _millimetres(text: str) -> int:
    return min(int(text), MAX_MARGIN) if text.isascii() and text.isdigit() and len(text) < 4 else 3
