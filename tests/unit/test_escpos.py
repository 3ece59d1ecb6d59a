"""The paper says what the preview shows: each letter, each width, and whatever people write."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from played_printer import decoded

from admin.printing.escpos_bytes import document
from admin.printing.network import is_answer_in_turn, is_status, trouble_of
from admin.printing.text_file import text_of
from admin.slip_picture import picture
from models.values.paper_text import printable
from models.values.slip import Paper, Slip, lines_of

SPANISH = Slip(
    "Pedido Nº 12",
    "Café del Niño · 3 mar",
    [
        ("Cliente", "Íñigo Muñoz Güell"),
        ("", ""),
        ("Dirección", "¿Al lado del búho? ¡Sí! Áéíóú, 200 m al norte de la señal de la Ñ, portón verde, timbre roto."),
        ("Total", "12,50 €"),
        ("", "Sin etiqueta, y una palabrasinespaciosquenocabeenningunalíneadelpapel."),
    ],
    "¡Gracias! ñ Ñ á é í ó ú ü € ¿ ¡",
)
PAPERS = [
    Paper(width, letter, top, left, right, bottom, page)
    for (width, letter), (top, left, right, bottom), page in product(
        product((58, 80), ("small", "medium", "large")),
        ((0, 0, 0, 0), (3, 3, 3, 3), (40, 5, 2, 33)),
        ("CP858", "CP1252"),
    )
]  # fmt: skip


@pytest.mark.parametrize("paper", PAPERS, ids=lambda one: f"{one.width}-{one.letter}-{one.top}-{one.code_page}")
def test_the_paper_is_the_preview(paper: Paper) -> None:
    lines = lines_of(SPANISH, paper)
    printer = decoded(document(lines, paper))
    assert printer.unknown == []
    assert printer.pending == b""
    slip, rest = printer.papers
    assert slip.is_cut
    assert not rest.rows
    assert slip.lines == [(line.text, line.bold) for line in lines]
    assert {word for word in ("Íñigo", "Güell", "€", "¿", "¡Gracias!") if word in str(slip.lines)} == {
        "Íñigo", "Güell", "€", "¿", "¡Gracias!"
    }  # fmt: skip
    # Margins, letter and the distance of lines, in dots and where the picture has them.
    assert {row.left for row in slip.rows} == {paper.left * 8}
    assert printer.width == paper.area_dots
    assert slip.rows[0].top == paper.top * 8
    assert {two.top - one.top for one, two in zip(slip.rows, slip.rows[1:], strict=False)} == {paper.cell[1] * 8}
    assert {row.cell[0] for row in slip.rows} == {paper.cell[0] * 8}
    assert slip.length == slip.rows[-1].top + paper.cell[1] * 8 + paper.bottom * 8
    height = re.search(r'height="(\d+)"', picture(SPANISH, paper))
    assert height is not None
    assert int(height[1]) == pytest.approx(slip.length / 8 * 4, abs=1)
    assert [line.strip() for line in text_of(lines, paper).split("\n") if line.strip()] == [
        line.text.strip() for line in lines if line.text.strip()
    ]


@pytest.mark.parametrize(
    ("written", "page", "printed"),
    [
        ("“Café” – ñ…", "CP858", '"Café" - ñ...'),
        ("₡1 500", "CP858", "¢1 500"),
        ("12 €", "CP850", "12 EUR"),
        ("Łódź œuf", "CP858", "Lódz oeuf"),
        ("老王 🍕️", "CP858", "?? ?"),
        ("a\tb\u200b\u00adc", "CP858", "a bc"),
        ("nin\u0303o", "CP858", "niño"),
        ("x\r\ny\rz\u2028w", "CP858", "x\ny\nz\nw"),
        ("老王 \x1b@\x07ñ", "", "老王 @ñ"),
        ("\ud800", "", "?"),
    ],
)
def test_the_nearest_letters(written: str, page: str, printed: str) -> None:
    assert printable(written, page) == printed


@settings(max_examples=300)
@given(st.text(max_size=80), st.text(max_size=200), st.sampled_from(PAPERS))
def test_no_text_reaches_the_printer_as_a_command(name: str, comment: str, paper: Paper) -> None:
    """The printer understands every byte, and each line is the layout's: nothing that was written does anything."""
    hostile = comment + "\x1b@\x1dV\x00\x10\x14\x01\x00\x05\x1bp\x00"
    slip = Slip(name, hostile, [(name, comment), (hostile, name)], hostile)
    lines = lines_of(slip, paper)
    printer = decoded(document(lines, paper))
    assert printer.unknown == []
    assert len(printer.papers) == 2
    assert printer.papers[0].lines == [(line.text, line.bold) for line in lines]
    for line in lines:
        assert len(line.text) <= paper.columns
        assert line.text.isprintable()
    assert all(one.isprintable() or one == "\n" for one in text_of(lines, paper))


def test_a_slip_is_stored_whole() -> None:
    assert Slip.from_json(SPANISH.as_json()) == SPANISH


@pytest.mark.parametrize(
    ("paper", "cause", "problem"),
    [(0x12, 0x12, ""), (0x72, 0x12, "paper_out"), (0x12, 0x32, "paper_out"), (0x12, 0x16, "cover_open"),
     (0x12, 0x52, "printer_error"), (0x1E, 0x12, ""), (0x72, 0x16, "cover_open")],
)  # fmt: skip
def test_what_the_printer_says_of_itself(paper: int, cause: int, problem: str) -> None:
    """0x1E: the paper will end soon; it still prints."""
    assert is_status(paper)
    assert is_status(cause)
    assert not is_answer_in_turn(paper)
    assert trouble_of(paper, cause) == problem
