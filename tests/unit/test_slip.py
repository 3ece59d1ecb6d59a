"""A slip's lines: nothing lost, nothing wider than the paper, on every paper with every letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values.slip import Paper, Slip, lines_of, wrapped


@pytest.mark.parametrize(
    ("width", "letter", "left", "right", "columns"),
    [
        (80, "medium", 0, 0, 48), (80, "small", 0, 0, 64), (80, "large", 0, 0, 24),
        (58, "medium", 0, 0, 32), (58, "small", 0, 0, 42), (58, "large", 0, 0, 16),
        (80, "medium", 3, 3, 44), (58, "large", 3, 3, 14), (58, "large", 20, 20, 2), (58, "small", 50, 50, 0),
    ],
)  # fmt: skip
def test_characters_in_a_line(width: int, letter: str, left: int, right: int, columns: int) -> None:
    paper = Paper(width, letter, left=left, right=right)
    assert paper.columns == columns
    assert paper.is_wide_enough is (columns >= 10)
    assert paper.columns * paper.cell[0] <= width - 2 * paper.edge


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"], include_characters=" \n"), max_size=300),
       st.integers(10, 64))  # fmt: skip
def test_no_letter_is_lost_and_no_line_is_too_long(text: str, columns: int) -> None:
    lines = wrapped(text, columns)
    assert all(len(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_slip() -> None:
    slip = Slip(
        "Pedido", "Café", [("Cantidad", "2 kg"), ("", ""), ("Dirección", "De la iglesia, 100 norte")], "¡Gracias!"
    )
    lines = lines_of(slip, Paper(58, "large"))
    assert [line.text for line in lines] == [
        "     Pedido", "      Café", "-" * 16, "Cantidad: 2 kg", "-" * 16, "Dirección:", "De la iglesia,", "100 norte",
        "-" * 16, "   ¡Gracias!",
    ]  # fmt: skip
    assert [line.text for line in lines if line.bold] == ["     Pedido", "Dirección:"]
