"""Letters as a printer can print them.

Owns: what becomes of a letter that a code page lacks, and that no control character reaches a printer: data that
carries one could cut the paper or open a drawer. Must not: lay out lines, or know printers' commands.
"""

import unicodedata
from typing import Final

_BREAKS: Final = str.maketrans({"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})

# What Unicode does not take apart by itself, by what a person would write instead.
_NEAREST: Final = {
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"', "‘": "'", "’": "'", "‚": "'", "′": "'", "´": "'",
    "`": "'", "‹": "<", "›": ">", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "•": "*",
    "·": "*", "×": "x", "÷": "/", "¦": "|", "¨": '"', "¸": ",", "€": "EUR", "₡": "¢", "₲": "Gs", "₱": "P", "₩": "W",
    "£": "GBP", "¤": "$", "¢": "c", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l",
    "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ß": "ss", "ı": "i", "©": "(c)",
    "®": "(R)", "†": "+", "‰": "o/oo", "→": "->", "←": "<-", "↔": "<->", "⇒": "=>", "≤": "<=", "≥": ">=", "≠": "<>",
    "✓": "v", "✔": "v", "✗": "x", "✘": "x",
}  # fmt: skip


def printable(text: str, code_page: str = "") -> str:
    """`text` without control characters, its line breaks kept. With a code page, what is not in it by its nearest
    letters, or "?": so that whoever lays out lines counts what the paper will have."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").translate(_BREAKS))
    if text.isascii() and text.isprintable():
        return text
    return "".join(_drawn(character, code_page) for character in text)


def _drawn(character: str, code_page: str) -> str:
    if character == "\n":
        return character
    if character == "\t":
        return " "
    match unicodedata.category(character):
        case "Cc" | "Cf":
            return ""
        case "Cs" | "Co" | "Cn":
            return "?"
        case "Zs":
            return " "
        case "Mn" | "Me" if code_page:
            return ""  # Unicode has no letter that has it on
    if not code_page or _has(code_page, character):
        return character
    nearest = _NEAREST.get(character)
    if nearest is None:
        nearest = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    return "".join(part if _has(code_page, part) else _NEAREST.get(part, "?") for part in nearest) or "?"


def _has(code_page: str, character: str) -> bool:
    try:
        return len(character.encode(code_page)) == 1 and character.isprintable()
    except UnicodeEncodeError:
        return False
