"""The English catalogue: brings it up to date with the texts in the code. `python -m admin.catalogue`

Owns: extraction, the .po and the compiled .mo, both kept in the repository. Must not: run in the web: it is a tool of
whoever changes a text. What it leaves untranslated, tests/web/test_catalogue.py names.
"""

import io
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ADMIN: Final = Path(__file__).parent
PO: Final = ADMIN / "translations" / "en" / "LC_MESSAGES" / "messages.po"
MO: Final = PO.with_suffix(".mo")
_METHODS: Final = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_KEYWORDS: Final = {
    "_": None, "gettext": None, "_l": None, "lazy_gettext": None, "_n": (1, 2), "ngettext": (1, 2),
}  # fmt: skip


def template() -> Catalog:
    """Every text of the code and the templates, without places: a moved line changes nothing."""
    catalog = Catalog(project="Centralita", charset="utf-8", fuzzy=False)
    for _file, _line, message, _comments, context in extract_from_dir(
        str(ADMIN), method_map=_METHODS, keywords=_KEYWORDS, options_map={}
    ):
        catalog.add(message, context=context)
    return catalog


def read() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def compiled(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    missing = []
    for message in catalog:
        texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.id and (message.fuzzy or not all(texts)):
            missing.append(message.id if isinstance(message.id, str) else message.id[0])
    return missing


def update() -> list[str]:
    """Adds new texts, drops those that are gone, compiles. The texts that want a translation."""
    catalog = read() if PO.exists() else Catalog(locale="en", project="Centralita", charset="utf-8", fuzzy=False)
    made = catalog.creation_date
    catalog.update(template(), no_fuzzy_matching=True)
    catalog.creation_date = made  # a run that finds nothing new changes nothing
    catalog.obsolete.clear()
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, catalog, width=118, sort_output=True, omit_header=False)
    MO.write_bytes(compiled(catalog))
    return untranslated(catalog)


if __name__ == "__main__":
    for text in update():
        print(text)
