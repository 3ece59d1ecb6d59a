"""Light or dark screens: the system's own choice, until somebody makes theirs in this browser.

Owns: the cookie that remembers it. Must not: know colours (static/tokens.css).
"""

from typing import Final

from flask import Response, request

COOKIE: Final = "appearance"
CHOICES: Final = ("light", "dark")
_KEPT: Final = 365 * 24 * 3600  # seconds


def appearance() -> str:
    """light or dark; empty: as the system has it."""
    wanted = request.cookies.get(COOKIE, "")
    return wanted if wanted in CHOICES else ""


def remember(response: Response, wanted: str) -> None:
    """For a year, in this browser; anything but one of the two goes back to the system's."""
    if wanted in CHOICES:
        response.set_cookie(
            COOKIE, wanted, max_age=_KEPT, httponly=True, samesite="Lax", secure=request.is_secure, path="/"
        )
    else:
        response.delete_cookie(COOKIE, path="/")
