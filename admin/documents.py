"""Files served by the web: logos, attachments, the call centers' colours as a style sheet.

Owns: headers that keep a file from running in the browser, and the reading of types from content. Must not: store bytes
(`models.files`) or decide which files exist (the sections).
"""

import hashlib
from typing import Any, Final

from flask import Blueprint, Flask, Response, abort, make_response, request, send_file
from flask_babel import gettext as _
from flask_login import current_user, login_required

from admin.installation import installation
from models import files
from models.tables import Attachment, CallCenter
from models.values.call import Role
from models.values.color import readable_ink

pages = Blueprint("documents", __name__)

MAX_LOGO: Final = 512 * 1024  # bytes
MAX_ATTACHMENT: Final = 15 * 1024 * 1024  # bytes
# No SVG: it is a program.
_LOGO_TYPES: Final = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def init_app(app: Flask) -> None:
    app.register_blueprint(pages)


# ---------------------------------------------------------------- type by content
_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x1f\x8b", "application/gzip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"{\\rtf", "application/rtf"),
)
_OPEN_XML: Final = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_OPEN_DOCUMENT: Final = b"mimetypeapplication/vnd.oasis.opendocument."


def type_of(content: bytes) -> str:
    """The MIME type that the bytes themselves say; a name is not asked."""
    for magic, mime in _MAGIC:
        if content.startswith(magic):
            return mime
    if content.startswith(b"RIFF") and content[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if content[8:12] == b"WEBP" else "audio/wav"
    if content[4:8] == b"ftyp":
        return "video/mp4"
    if content.startswith(b"PK\x03\x04"):
        head = content[:4096]
        at = head.find(_OPEN_DOCUMENT)
        if at >= 0:
            kind = head[at + len(b"mimetype") :].split(b"PK", 1)[0]
            return kind.decode("ascii", "ignore")
        # The directory of a zip is at its end; the names of an office file are there.
        for mark, mime in _OPEN_XML:
            if mark in head or mark in content[-65_536:]:
                return mime
        return "application/zip"
    return _text_type(content)


def _text_type(content: bytes) -> str:
    try:
        text = content[:65_536].decode("utf-8", "strict" if len(content) <= 65_536 else "ignore")
    except UnicodeDecodeError:
        text = content[:65_536].decode("cp1252", "replace")
    if any(ord(character) < 32 and character not in "\t\n\r\f\x1b" for character in text):
        return "application/octet-stream"
    lowered = text.lstrip("\ufeff \t\r\n").lower()
    if lowered.startswith(("<!doctype html", "<html", "<svg", "<?xml", "<script")):
        return "image/svg+xml" if "<svg" in lowered[:2000] else "text/html" if "html" in lowered[:200] else "text/xml"
    return "text/plain"


class BadFile(ValueError):
    """The file cannot be taken; the text says why, in the language of the request."""


def read_logo(content: bytes) -> str:
    """The type of an image that may be a logo. Raises BadFile."""
    if len(content) > MAX_LOGO:
        raise BadFile(_("A lo sumo %(maximum)s KB; tiene %(size)s KB.", maximum=512, size=-(-len(content) // 1024)))
    mime = type_of(content)
    if mime not in _LOGO_TYPES:
        raise BadFile(_("No es una imagen PNG, JPEG, GIF ni WebP."))
    return mime


# ---------------------------------------------------------------- served
@pages.get("/logos/<sha256>")
@login_required
def logo(sha256: str) -> Any:
    """A call center's logo, by the hash of its content: it never changes, so it may be kept for ever."""
    row = CallCenter.get_or_none(CallCenter.logo_sha256 == sha256)
    if row is None or row.logo_mime not in _LOGO_TYPES:
        abort(404)
    response = file_response(sha256, row.logo_mime)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


@pages.get("/adjuntos/<int:attachment_id>/descargar")
@login_required
def attachment(attachment_id: int) -> Any:
    """A document as a download, never shown inside our origin. Private ones: administrators only."""
    row = Attachment.get_or_none(Attachment.id == attachment_id)
    if row is None:
        abort(404)
    if row.private and current_user.role is not Role.ADMINISTRATOR:
        abort(403)
    response = file_response(row.sha256, row.mime, download_name=row.filename)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def file_response(sha256: str, mime: str, *, download_name: str | None = None) -> Response:
    """Bytes that never run in the browser; with a name they are a download."""
    try:
        path = files.path_of(installation().settings.data_dir, sha256)
    except ValueError:
        abort(404)
    if not path.is_file():
        abort(404)
    response = send_file(
        path.resolve(), mimetype=mime, as_attachment=download_name is not None, download_name=download_name, etag=sha256
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return response


@pages.get("/call-centers.css")
@login_required
def call_center_colors() -> Any:
    """Each call center's colour and the ink that reads on it: our policy allows no style inside a page."""
    rows = CallCenter.select(CallCenter.id, CallCenter.color).order_by(CallCenter.id).tuples()
    sheet = "".join(f".cc-{key}{{--cc:{color};--cc-ink:{readable_ink(color)}}}\n" for key, color in rows)
    response = make_response(sheet)
    response.mimetype = "text/css"
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(hashlib.sha256(sheet.encode()).hexdigest()[:20])
    return response.make_conditional(request)
