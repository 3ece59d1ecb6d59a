"""A slip as it stands on the paper: how many characters go in a line, and the lines of a text.

Owns: one layout for every writer, so that preview and paper are the same; which letters the paper can have.
Must not: know printers' commands, or draw.

Thermal heads have 8 dots a millimetre and print 48 mm of a 58 mm roll, 72 mm of an 80 mm one. The letters are the two
fonts that every ESC/POS printer has: B (9 × 17 dots), A (12 × 24), and A twice as large.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.values.paper_text import printable

DOTS_PER_MM: Final = 8
PRINTED_MM: Final = {58: 48, 80: 72}
FEWEST_COLUMNS: Final = 10
_CELLS: Final = {"small": (9, 17), "medium": (12, 24), "large": (24, 48)}
_PITCH: Final = {"small": 22, "medium": 30, "large": 56}  # from one line to the next


@dataclass(frozen=True, slots=True)
class Paper:
    """A printer's paper; millimetres. `letter`: small, medium or large. `code_page`: "" can write every letter."""

    width: int = 80
    letter: str = "medium"
    top: int = 0
    left: int = 0
    right: int = 0
    bottom: int = 0
    code_page: str = ""

    @property
    def cell(self) -> tuple[float, float]:
        """Width of a character, and from one line to the next."""
        return _CELLS[self.letter][0] / DOTS_PER_MM, self.pitch_dots / DOTS_PER_MM

    @property
    def pitch_dots(self) -> int:
        return _PITCH[self.letter]

    @property
    def edge(self) -> float:
        """What the head leaves free on each side."""
        return (self.width - PRINTED_MM[self.width]) / 2

    @property
    def area_dots(self) -> int:
        """The width between the margins; they are measured from where the head can print."""
        return max(0, (PRINTED_MM[self.width] - self.left - self.right) * DOTS_PER_MM)

    @property
    def columns(self) -> int:
        """Characters in a line between the margins."""
        return self.area_dots // _CELLS[self.letter][0]

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

    def as_json(self) -> dict[str, Any]:
        rows = [list(row) for row in self.rows]
        return {"title": self.title, "subtitle": self.subtitle, "rows": rows, "closing": self.closing}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Slip":
        rows = [(str(label), str(value)) for label, value in stored["rows"]]
        return cls(str(stored["title"]), str(stored["subtitle"]), rows, str(stored["closing"]))


def lines_of(slip: Slip, paper: Paper) -> list[Line]:
    """The slip in lines that fit the paper: the title in the middle, labels in bold."""
    columns = paper.columns
    found = [Line(text, bold=True) for text in _centred(slip.title, paper)]
    found += [Line(text) for text in _centred(slip.subtitle, paper)]
    found.append(Line("-" * columns))
    for label, value in slip.rows:
        found += _row(printable(label, paper.code_page).replace("\n", " "), printable(value, paper.code_page), columns)
    if slip.closing:
        found.append(Line("-" * columns))
        found += [Line(text) for text in _centred(slip.closing, paper)]
    return found


def _centred(text: str, paper: Paper) -> list[str]:
    lines = wrapped(printable(text, paper.code_page), paper.columns)
    return [line.center(paper.columns).rstrip() for line in lines]


def _row(label: str, value: str, columns: int) -> list[Line]:
    if not label and not value:
        return [Line("-" * columns)]
    if label and len(label) + len(value) + 2 <= columns and "\n" not in value:
        return [Line(f"{label}: {value}")]
    found = [Line(text, bold=True) for text in (wrapped(f"{label}:", columns) if label else ())]
    return found + [Line(text) for text in wrapped(value, columns)]


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
