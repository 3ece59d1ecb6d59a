"""Lines as ESC/POS commands.

Owns: the commands that every printer of the kind knows, by python-escpos. Must not: open a connection, or lay out
lines.

The library would change the code page in the middle of a word, and take one Chinese character for a reason to send all
in GB18030: one code page is forced, and `models.values.paper_text` leaves no letter that it lacks.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from models.values.slip import DOTS_PER_MM, Line, Paper

_FS: Final = b"\x1c"
_GS: Final = b"\x1d"
_ESC: Final = b"\x1b"
_NO_KANJI: Final = _FS + b"."  # or clones made for China read two bytes beyond ASCII as one character
_SPEAK_WHEN_ASKED: Final = _GS + b"a\x00"  # nothing unasked comes between our questions and their answers
_DOTS: Final = _GS + b"P" + bytes((203, 203))  # what follows is said in dots, 8 a millimetre
_FONTS: Final = {"small": "b", "medium": "a", "large": "a"}


def document(lines: Iterable[Line], paper: Paper) -> bytes:
    """A slip from the first byte to the cut."""
    from escpos.printer import Dummy  # it brings a picture library along: not before there is something to print

    printer = Dummy()
    printer.hw("INIT")
    printer._raw(_SPEAK_WHEN_ASKED + _NO_KANJI)
    printer.charcode(paper.code_page)
    printer._raw(_DOTS)
    printer._raw(_GS + b"L" + _word(paper.left * DOTS_PER_MM))
    printer._raw(_GS + b"W" + _word(paper.area_dots))
    times = 2 if paper.letter == "large" else 1
    printer.set(align="left", font=_FONTS[paper.letter], custom_size=True, width=times, height=times, bold=False)
    printer.line_spacing(paper.pitch_dots)
    for feed in _feeds(paper.top):
        printer._raw(feed)
    bold = False
    for line in lines:
        if line.bold is not bold:
            printer.set(bold=line.bold)
            bold = line.bold
        printer.text(f"{line.text}\n")
    for feed in _feeds(paper.bottom):
        printer._raw(feed)
    printer.cut(feed=False)  # GS V 66 0: on to the blade, and no further
    return bytes(printer.output)


def _word(number: int) -> bytes:
    return number.to_bytes(2, "little")


def _feeds(millimetres: int) -> Iterator[bytes]:
    dots = millimetres * DOTS_PER_MM
    while dots > 0:
        yield _ESC + b"J" + bytes((min(dots, 255),))
        dots -= 255
