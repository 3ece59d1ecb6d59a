"""Which part of a contact a column of the file is.

Owns: the parts there are, and the guess from a column's title. Must not: read values.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from models.tables import AdditionalField, fold

NAME: Final = "name"
PHONE: Final = "phone"
EMAIL: Final = "email"
EXTERNAL_ID: Final = "external_id"
COMPANY: Final = "company"
DISPOSITION: Final = "disposition"
AGENT: Final = "agent"
EXTRA: Final = "extra_"

# In the order of the template, with the titles that people use.
PARTS: Final[tuple[tuple[str, Any, tuple[str, ...]], ...]] = (
    (NAME, _l("Nombre"), ("nombre", "name", "cliente", "contacto", "nombre completo", "full name", "contact")),
    (
        PHONE,
        _l("Teléfono"),
        ("telefono", "phone", "tel", "celular", "movil", "numero", "extension", "extension o telefono", "telefono o "
         "extension", "mobile", "phone number", "numero de telefono"),
    ),
    (EMAIL, _l("Email"), ("email", "e-mail", "correo", "correo electronico", "mail")),
    (EXTERNAL_ID, _l("ID"), ("id", "codigo", "identificador", "external id")),
    (COMPANY, _l("Compañía"), ("compania", "company", "empresa")),
    (DISPOSITION, _l("Disposición"), ("disposicion", "disposition")),
    (AGENT, _l("Agente a cargo"), ("agente a cargo", "agente", "agent", "agent in charge")),
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    key: str
    label: Any


def parts(fields: Iterable[AdditionalField]) -> list[Part]:
    """What a column may be, in the template's order."""
    return [
        *(Part(key, label) for key, label, _titles in PARTS),
        *(Part(f"{EXTRA}{one.id}", one.name) for one in fields),
    ]


def guess(titles: Sequence[str], fields: Iterable[AdditionalField]) -> list[str]:
    """A part for each column, "" for those that are not known; no part twice."""
    by_title = {fold(one.name): f"{EXTRA}{one.id}" for one in fields}
    for key, label, known in PARTS:
        for title in (*known, fold(str(label))):
            by_title.setdefault(title, key)
    taken: set[str] = set()
    guessed = []
    for title in titles:
        part = by_title.get(fold(title).rstrip(" *:"), "")
        guessed.append("" if part in taken else part)
        taken.add(part)
    return guessed
