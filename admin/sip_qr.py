"""The QR code by which a phone learns its account: a SIP URI with its secret, as RFC 3261 19.1.1 writes it.

Owns: the address and its picture. Must not: keep either: the picture is drawn into the page that is shown once.
"""

from urllib.parse import quote

import segno
from markupsafe import Markup


def address(endpoint: str, secret: str, server: str) -> str:
    """`sip:8330101:secret@host:port`."""
    return f"sip:{quote(endpoint, safe='')}:{quote(secret, safe='')}@{server}"


def picture(text: str) -> Markup:
    """An SVG of its own elements and attributes alone: the content policy allows no style inside a page."""
    code = segno.make_qr(text, error="m")
    return Markup(code.svg_inline(scale=5, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None))  # noqa: S704 - no text enters the picture
