"""A slip as it stands on the paper: how many characters go in a line, and the lines of a text.

Owns: one layout for every writer, so that preview and paper are the same. Must not: know printers' commands, or draw.

Thermal heads have 8 dots a millimetre and print 48 mm of a 58 mm roll, 72 mm of an 80 mm one. The letters are the two
fonts that every ESC/POS printer has: B (9 × 17 dots), A (12 × 24), and A twice as large.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

DOTS_PER_MM: Final = 8
PRINTED_MM: Final = {58: 48, 80: 72}
FEWEST_COLUMNS: Final = 10
_CELLS: Final = {"small": (9, 17), "medium": (12, 24), "large": (24, 48)}


@dataclass(frozen=True, slots=True)
class Paper:
    """A printer's paper; millimetres. `letter`: small, medium or large."""

    width: int = 80
    letter: str = "medium"
    top: int = 0
    left: int = 0
    right: int = 0
    bottom: int = 0

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of a character."""
        across, down = _CELLS[self.letter]
        return across / DOTS_PER_MM, down / DOTS_PER_MM

    @property
    def edge(self) -> float:
        """What the head leaves free on each side."""
        return (self.width - PRINTED_MM[self.width]) / 2

    @property
    def columns(self) -> int:
        """Characters in a line between the margins; they are measured from where the head can print."""
        dots = (PRINTED_MM[self.width] - self.left - self.right) * DOTS_PER_MM
        return max(0, dots // _CELLS[self.letter][0])

    @property
    def is_wide_enough(self) -> bool:
        return self.columns >= FEWEST_COLUMNS


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Slip:
    """`rows`: a label and what stands under it; an empty label is a text of its own, both empty a rule."""

    title: str
    subtitle: str
    rows: Sequence[tuple[str, str]]
    closing: str = ""


def lines_of(slip: Slip, columns: int) -> list[Line]:
    """The slip in lines of at most `columns` characters: the title in the middle, labels in bold."""
    found = [Line(text.center(columns).rstrip(), bold=True) for text in wrapped(slip.title, columns)]
    found += [Line(text.center(columns).rstrip()) for text in wrapped(slip.subtitle, columns)]
    found.append(Line("-" * columns))
    for label, value in slip.rows:
        if not label and not value:
            found.append(Line("-" * columns))
        elif label and len(label) + len(value) + 2 <= columns and "\n" not in value:
            found.append(Line(f"{label}: {value}"))
        else:
            found += [Line(text, bold=True) for text in (wrapped(f"{label}:", columns) if label else ())]
            found += [Line(text) for text in wrapped(value, columns)]
    if slip.closing:
        found.append(Line("-" * columns))
        found += [Line(text.center(columns).rstrip()) for text in wrapped(slip.closing, columns)]
    return found


def wrapped(text: str, columns: int) -> list[str]:
    """Broken between words; a word longer than a line is broken where the line ends. Nothing is lost but spaces."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            while len(word) > columns:
                if line:
                    lines.append(line)
                    line = ""
                lines.append(word[:columns])
                word = word[columns:]
            if not line:
                line = word
            elif len(line) + 1 + len(word) <= columns:
                line += f" {word}"
            else:
                lines.append(line)
                line = word
        lines.append(line)
    return lines
