"""Colours of call centers, and the ink that can be read on them.

Owns: #rrggbb and contrast. Must not: know style sheets. Source: WCAG 2.2, relative luminance and contrast ratio.
"""

import re
from functools import lru_cache
from typing import Final

from models.values.errors import InvalidValue

_HEX: Final = re.compile(r"#[0-9a-f]{6}")
BLACK: Final = "#000000"
WHITE: Final = "#ffffff"


@lru_cache(maxsize=4_096)
def parse_color(text: str) -> str:
    """`#RRGGBB` or `#rgb` as lower-case `#rrggbb`. Raises InvalidValue(color_invalid)."""
    color = text.strip().lower()
    if re.fullmatch(r"#[0-9a-f]{3}", color):
        color = "#" + "".join(digit * 2 for digit in color[1:])
    if not _HEX.fullmatch(color):
        raise InvalidValue("color_invalid", value=text)
    return color


def luminance(color: str) -> float:
    """Relative luminance, 0 (black) to 1 (white), of a `#rrggbb`."""
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_ink(color: str) -> str:
    """Black or white, whichever reads better on `color`; at least 4.5:1 on every colour."""
    return BLACK if contrast(color, BLACK) >= contrast(color, WHITE) else WHITE
