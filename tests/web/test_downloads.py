"""CSV downloads: whole, streamed, and never a formula."""

from __future__ import annotations

import csv
import io

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st
from web.browser import Browser

from admin import contact_lines, csv_stream, formats
from models.tables import Account, Call, Company, Contact, from_epoch_ms
from models.values.call import Role


def read(browser: Browser, path: str) -> list[list[str]]:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("\n=1", "'\n=1"),
        ("＝1+1", "'＝1+1"),
        ("\r=1+1", "'=1+1"),
        ("\x00=1", "'=1"),
        ("+506 4000 4000", "+506 4000 4000"),
        ("-12.50", "-12.50"),
        ("8300-0001", "8300-0001"),
        ("normal", "normal"),
        ("ñandú «€»", "ñandú «€»"),
        (None, ""),
        (12, "12"),
        ("a\x00b\x07c", "abc"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_cell(value: object, cell: str) -> None:
    assert csv_stream.cell(value) == cell


def test_everything_the_search_found_not_only_the_page(on_both: Flask) -> None:
    browser = Browser(on_both, Role.ADMINISTRATOR)
    rows = read(browser, "/contactos/descargar.csv?size=25&page=2")
    assert len(rows) == Contact.select().count() + 1
    assert rows[0][:2] == ["Nombre", "Teléfono"]
    assert "Provincia" in rows[0]
    few = read(browser, "/contactos/descargar.csv?company=1")
    assert len(few) == Contact.select().where(Contact.company == 1).count() + 1
    province = few[0].index("Provincia")
    assert all(row[province] for row in few[1:])


def test_in_the_order_of_the_list(on_both: Flask) -> None:
    rows = read(Browser(on_both, Role.ADMINISTRATOR), "/companias/descargar.csv?sort=name&desc=1")
    names = [row[0] for row in rows[1:]]
    assert names == sorted(names, key=str.casefold, reverse=True)


def test_formulas_in_names(app: Flask) -> None:
    Company.create(name='=HYPERLINK("http://evil.example","x")', description="@x")
    row = next(
        row for row in read(Browser(app, Role.ADMINISTRATOR), "/companias/descargar.csv") if "HYPERLINK" in row[0]
    )
    assert row[0].startswith("'=")
    assert row[1] == "'@x"


def test_in_english(looking: Flask) -> None:
    rows = read(Browser(looking, Role.ADMINISTRATOR, language="en"), "/historial-de-llamadas/descargar.csv")
    assert rows[0][:4] == ["Type", "Start", "Answered", "End"]
    assert len(rows) == Call.select().count() + 1


def test_many_rows_in_pieces(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than a piece holds: none twice, none missing, and no more in memory than a piece."""
    monkeypatch.setattr(csv_stream, "CHUNK", 7)
    Company.insert_many([{"name": f"Zeppelin {n:03d}", "name_key": f"zeppelin {n:03d}"} for n in range(100)]).execute()
    answer = Browser(app, Role.ADMINISTRATOR).get("/companias/descargar.csv?q=zeppelin", buffered=False)
    pieces = list(answer.response)
    assert len(pieces) >= 14
    rows = list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows[1:]] == [f"Zeppelin {n:03d}" for n in range(100)]


def test_contacts_that_come_meanwhile_shift_nothing(on_both: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as keep their keys in a file, and somebody who calls while the file is on its way."""
    monkeypatch.setattr(contact_lines, "CHUNK", 7)
    monkeypatch.setattr(csv_stream, "_IN_MEMORY", 64)
    wanted = [row.name for row in Contact.select().order_by(Contact.search, Contact.id)]
    answer = Browser(on_both, Role.ADMINISTRATOR).get("/contactos/descargar.csv?sort=name", buffered=False)
    pieces = iter(answer.response)
    got = next(pieces) + next(pieces)
    Contact.create(name="Aaron, que llama ahora")
    Contact.update(name="Zzz", search="zzz").where(Contact.name == wanted[-1]).execute()
    got += b"".join(pieces)
    names = [row[0] for row in csv.reader(io.StringIO(got.decode("utf-8-sig"), newline=""))][1:]
    assert names == [*wanted[:-1], "Zzz"]


def test_many_moments_as_one(app: Flask) -> None:
    """What writes moments by the thousand writes each as `stamp` does, wherever the clocks are."""
    for zone in ("America/Costa_Rica", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Madrid"):
        Account.update(timezone=zone).execute()
        with app.test_request_context("/"):
            write = formats.Stamps()
            moments = list(range(1_774_000_000_000, 1_806_000_000_000, 8_641_237))
            right = [formats.stamp(from_epoch_ms(at)) for at in moments]
            assert [write(at) for at in moments] == write.column(moments) == right, zone
            for first in range(0, len(moments), 40):  # some days: a change of the clocks in the middle of some
                assert write.column([None, *moments[first : first + 40]]) == ["", *right[first : first + 40]], zone
            assert write(None) == formats.stamp(None) == ""
            assert write.column([None, None]) == ["", ""]


NUMBERS = st.from_regex(r"[-+=@]?[0-9]{0,3}[-+]?[0-9]?", fullmatch=True)


@given(st.lists(st.one_of(st.text(max_size=6), NUMBERS), min_size=1))
@example(["+50688881234", "+1+2"])
@example(["0", "+"])
@example(["+", "0"])
@example(["88881234", "-12", "=1"])
@example(["a\x00b"])
def test_a_column_as_its_cells(values: list[str]) -> None:
    assert list(csv_stream.column(values)) == [csv_stream.cell(value) for value in values]
    mixed = [None, 3, *values]
    assert list(csv_stream.column(mixed)) == [csv_stream.cell(value) for value in mixed]
