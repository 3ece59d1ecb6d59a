"""A slip as a picture: what the paper will look like, to the millimetre.

Owns: the SVG and the sample. Must not: lay out lines (`models.values.slip`), or print.
"""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from markupsafe import escape

from admin.formats import day
from admin.language import timezone
from models.values.slip import Line, Paper, Slip, lines_of

_PER_MM = 4  # the picture's own units


def sample(account: str) -> Slip:
    """A slip with everything that a slip has."""
    rows = [
        (_("Cliente"), "María Fernández Cañas"),
        (_("Teléfono"), "4000 4100"),
        ("", ""),
        (_("Productos"), "Tueste medio, Descafeinado"),
        (_("Cantidad (kg)"), "2.5"),
        (
            _("Dirección"),
            _("Del parque central, 200 m al norte y 50 m al este. Portón verde. ¿Timbre? No sirve: llamar."),
        ),
    ]
    return Slip(_("Pedido"), f"{account} · {day(datetime.now(timezone()))}", rows, _("¡Gracias! € ñ Ñ á é í ó ú ü"))


def picture(slip: Slip, paper: Paper, *, on_paper: bool = False) -> str:
    """The paper with its margins; text in cells of the printer's own letter. `on_paper`: to be printed as it is, in
    millimetres and without the line that shows how far the text goes."""
    across, down = paper.cell
    lines = lines_of(slip, paper)
    height = height_of(lines, paper)
    left = paper.edge + paper.left
    parts = []
    for place, line in enumerate(lines):
        if not line.text.strip():
            continue
        lead = len(line.text) - len(line.text.lstrip())
        text = line.text.strip()
        x, y = left + lead * across, paper.top + place * down + down * 0.74
        weight = ' font-weight="700"' if line.bold else ""
        parts.append(
            f'<text x="{x * _PER_MM:.1f}" y="{y * _PER_MM:.1f}" textLength="{len(text) * across * _PER_MM:.1f}" '
            f'lengthAdjust="spacingAndGlyphs" xml:space="preserve"{weight}>{escape(text)}</text>'
        )
    width, total = paper.width * _PER_MM, height * _PER_MM
    guide = (
        f'<rect x="{left * _PER_MM:.1f}" y="{paper.top * _PER_MM}" width="{paper.columns * across * _PER_MM:.1f}" '
        f'height="{max(0.0, height - paper.top - paper.bottom) * _PER_MM:.1f}" fill="none" stroke="#c9d3dc" '
        'stroke-dasharray="4 4"/>'
    )
    size = f'width="{paper.width}mm" height="{height:.1f}mm"' if on_paper else f'width="{width}" height="{total:.0f}"'
    ink = "#000" if on_paper else "#14202b"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {total:.1f}">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"" if on_paper else guide}'
        f'<g font-family="monospace" font-size="{across / 0.6 * _PER_MM:.1f}" fill="{ink}">{"".join(parts)}</g></svg>'
    )


def height_of(lines: Sequence[Line], paper: Paper) -> float:
    """Of the paper, in millimetres."""
    return paper.top + len(lines) * paper.cell[1] + paper.bottom
