"""docs/secciones.md as a test reads it, and a page of the web as a table of texts.

Owns: the reading. Must not: judge.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from lxml import html
from web.browser import Browser

PAGE = Path(__file__).resolve().parents[2] / "docs" / "secciones.md"
KINDS = ("Campo arriba", "Columna", "Filtro", "Botón", "Regla")


@dataclass
class Promised:
    """A section of the page. Each table's rows by their first cell; the other cells by their headings."""

    title: str
    path: str = ""
    tables: dict[str, dict[str, dict[str, str]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})

    def named(self, kind: str) -> dict[str, dict[str, str]]:
        return self.tables[kind]

    @property
    def slug(self) -> str:
        return self.path.strip("/")


def read(text: str | None = None) -> list[Promised]:
    """Every section, the common part first. Raises on a table that is none of the kinds."""
    sections: list[Promised] = []
    heads: list[str] = []
    for line in (PAGE.read_text("utf-8") if text is None else text).splitlines():
        if line.startswith("## "):
            sections.append(Promised(re.sub(r"^\d+\. ", "", line[3:])))
            heads = []
        elif sections and re.fullmatch(r"`/[a-z0-9-]*/?`", line):
            sections[-1].path = line.strip("`")
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if not heads:
                heads = cells
                assert heads[0] in KINDS, f"no such table: {line}"
            elif not set("".join(cells)) <= set("-"):
                assert len(cells) == len(heads), line
                row = dict(zip(heads, cells, strict=True))
                table = sections[-1].tables[heads[0]]
                assert cells[0] not in table, f"twice: {line}"
                table[cells[0]] = row
        else:
            heads = []
    return sections


# ---------------------------------------------------------------- a page
def text_of(node: Any) -> str:
    """What a person reads in a cell: of controls their value, of a tick yes or no; without its small print."""
    for dead in node.xpath(".//*[@class='sr-only' or starts-with(@class,'cell-note') or @class='field__problem']"):
        dead.drop_tree()
    parts = []
    for one in node.iter():
        if one.tag == "select":
            chosen = one.xpath("./option[@selected]") or one.xpath("./option[1]")
            parts.append(chosen[0].text_content())
        elif one.tag == "textarea":
            parts.append(one.text or "")
        elif one.tag == "input" and one.get("type") == "checkbox":
            parts.append("Sí" if one.get("checked") is not None else "No")
        elif one.tag == "input" and one.get("type") not in ("hidden", "file", "color"):
            parts.append(one.get("value") or "")
        elif one.tag not in ("option", "svg", "use") and one.text:
            parts.append(one.text)
        if one.tail and one is not node:
            parts.append(one.tail)
    return " ".join(" ".join(parts).split())


@dataclass
class Listed:
    """A list page: what it offers, and its rows by the headings of its columns."""

    document: Any
    columns: list[str]
    sortable: list[str]
    rows: list[dict[str, str]]
    total: int
    buttons: set[str]
    filters: dict[str, tuple[str, list[tuple[str, str]]]]  # label -> name, options
    quick: list[str]
    edited: set[str]

    def texts(self, column: str) -> list[str]:
        return [row[column] for row in self.rows]


def words(node: Any) -> str:
    """Of a button: its title when it is a picture, else what it says."""
    return " ".join((node.get("title") or node.text_content().strip() or node.get("aria-label") or "").split())


def listed(browser: Browser, path: str, **arguments: str) -> Listed:
    answer = browser.get(f"{path}?{urlencode({'size': '200'} | arguments)}")
    assert answer.status_code == 200, (path, arguments, answer.status_code)
    main = html.fromstring(answer.get_data(as_text=True)).find(".//main")
    buttons = {
        words(one) for one in main.xpath(".//button | .//a[contains(@class,'btn')] | .//a[@class='call__explain']")
    }
    filters = {}
    for one in main.xpath(".//form[@role='search']//*[@name and @id]"):
        label = main.xpath(f".//form[@role='search']//label[@for='{one.get('id')}']")
        options = [(option.get("value"), option.text_content()) for option in one.xpath("./option[@value!='']")]
        filters[" ".join(label[0].text_content().split())] = (one.get("name"), options)
    count = main.xpath(".//h1/*[@class='count']")
    table = main.xpath(".//table[not(contains(@class,'table--short'))]")
    columns, sortable, rows, edited = [], [], [], set()
    if table:
        for head in table[0].xpath(".//thead//th"):
            name = " ".join(head.text_content().split())
            columns.append(name)
            if head.xpath("./a"):
                sortable.append(name)
        for row in table[0].xpath(".//tbody/tr"):
            cells = row.xpath("./td")
            edited |= {
                name for name, cell in zip(columns, cells, strict=True)
                if cell.xpath(".//*[self::select or self::textarea or self::input[not(@type='hidden')]]")
            }  # fmt: skip
            rows.append({name: text_of(cell) for name, cell in zip(columns, cells, strict=True)})
    columns = [name for name in columns if name not in ("Acciones", "Orden")]
    quick = [" ".join(one.text_content().split()) for one in main.xpath(".//form[contains(@class,'quick')]//label")]
    total = int(re.sub(r"\D", "", count[0].text_content())) if count else 0
    return Listed(main, columns, sortable, rows, total, buttons, filters, quick, edited)


def downloaded(browser: Browser, path: str, **arguments: str) -> list[dict[str, str]]:
    """The rows of the list's csv."""
    answer = browser.get(f"{path}descargar.csv?{urlencode(arguments)}")
    assert answer.status_code == 200, (path, arguments, answer.status_code)
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
