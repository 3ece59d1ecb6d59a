"""Files that people bring: what they are called, and when their bytes go.

Owns: the name of an upload, and which rows keep bytes on the disk. Must not: store bytes (`models.files`), or serve
them (`admin.documents`).
"""

from werkzeug.datastructures import FileStorage

from admin.installation import installation
from models import files
from models.tables import Attachment, CallCenter, TicketFile, Voicemail

_KEEPING = (Attachment.sha256, TicketFile.sha256, CallCenter.logo_sha256, Voicemail.sha256)


def name_of(sent: FileStorage) -> str:
    """The name without a path: some browsers send one."""
    return (sent.filename or "").replace("\\", "/").rsplit("/", 1)[-1].strip()


def forget(*replaced: str | None) -> None:
    """After the commit: takes the bytes from the disk when no row points to them any more."""
    for sha256 in replaced:
        if sha256 and not any(column.model.select().where(column == sha256).exists() for column in _KEEPING):
            files.path_of(installation().settings.data_dir, sha256).unlink(missing_ok=True)
