"""Files that people bring: what they are called, and when their bytes go.

Owns: the name of an upload, and which rows keep bytes on the disk. Must not: store bytes (`models.files`), or serve
them (`admin.documents`).
"""

import re
import unicodedata

from werkzeug.datastructures import FileStorage

from admin.installation import installation
from models import files
from models.tables import Attachment, CallCenter, FormFile, TicketFile, Voicemail

_KEEPING = (Attachment.sha256, TicketFile.sha256, FormFile.sha256, CallCenter.logo_sha256, Voicemail.sha256)


def name_of(sent: FileStorage) -> str:
    """The name without a path: some browsers send one."""
    return (sent.filename or "").replace("\\", "/").rsplit("/", 1)[-1].strip()


def plain_name(sent: FileStorage, maximum: int) -> str:
    """A name that every system takes, whatever the agent's computer called the file; its ending is kept."""
    # What cannot be seen could make a name look like another.
    seen = "".join(one for one in name_of(sent) if unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    cleaned = re.sub(r'[:*?"<>|]', "_", seen).lstrip(".").strip() or "archivo"
    stem, dot, ending = cleaned.rpartition(".")
    if not dot or len(ending) > 10:
        return cleaned[:maximum]
    return f"{stem[: maximum - len(ending) - 1]}.{ending}"


def forget(*replaced: str | None) -> None:
    """After the commit: takes the bytes from the disk when no row points to them any more."""
    for sha256 in replaced:
        if sha256 and not any(column.model.select().where(column == sha256).exists() for column in _KEEPING):
            files.path_of(installation().settings.data_dir, sha256).unlink(missing_ok=True)
