"""The upload of a message: read, made what the switch plays, kept once under its hash and a name of its own.

Owns: the words for what cannot be played. Must not: know who plays it.
"""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin.installation import installation
from admin.section_forms import SectionForm
from models import prompts
from models.tables import Prompt

BAD_SOUND: Final = {
    "not_wav": _l("No es un archivo WAV."),
    "not_pcm": _l("Es un WAV comprimido o dañado; guárdalo como WAV PCM."),
    "rate": _l("Su frecuencia de muestreo debe estar entre 8 y 96 kHz."),
    "channels": _l("Tiene más de dos canales."),
    "too_long": _l("Dura más de tres minutos."),
    "too_large": _l("Pesa más de 30 MB."),
    "empty": _l("No tiene sonido."),
}


def kept(form: SectionForm, content: bytes, filename: str, *, file: str, name: str) -> tuple[str, int, str] | None:
    """Stores the sound: hash, seconds and the name that it may have. None: the field `file` or `name` says why not."""
    try:
        converted = prompts.convert(content)
    except prompts.BadSound as problem:
        form.refuse(file, str(BAD_SOUND[problem.code]))
        return None
    wanted = " ".join((form[name].data or "").split())[:100] or filename.rsplit(".", 1)[0][:100]
    if not wanted.isprintable():
        form.refuse(name, _("El nombre tiene caracteres que no se permiten."))
        return None
    try:
        sha256, seconds = prompts.store(installation().settings.data_dir, converted)
    except OSError:
        form.refuse(file, _("El archivo no se pudo guardar en el disco del servidor."))
        return None
    return sha256, seconds, wanted


def free_name(name: str) -> str:
    """The name, with a number behind it when another message has it."""
    taken = {one for (one,) in Prompt.select(Prompt.name).tuples()}
    return next(one for one in (name, *(f"{name[:95]} {number}" for number in range(2, 10_000))) if one not in taken)
