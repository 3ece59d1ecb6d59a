"""Lists: searching, sorting, pages, filters together, on both databases; and how many queries a page takes."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from flask import Flask
from peewee import fn
from web.browser import Browser

from models.tables import AdditionalField, Agent, Call, CallCenter, Company, Contact, ContactList, Disposition, database
from models.values.call import Direction, Outcome, Role

LISTS = (
    "contactos",
    "historial-de-llamadas",
    "agentes",
    "callcenters",
    "companias",
    "adjuntos",
    "ips-click2dial",
    "adicionales",
    "disposiciones",
    "grupos-de-agentes",
    "impresoras",
    "historial-de-logueos",
    "forms",
)


def names(text: str) -> list[str]:
    """What stands in the first column, typed or shown."""
    text = re.sub(r'<td class="order">.*?</td>', "", text, flags=re.S)
    found = re.findall(r'<tr[^>]*>\s*<td class="[^"]*" data-label="[^"]*"><div>(.*?)</div></td>', text, re.S)
    plain = []
    for cell in found:
        typed = re.search(r'<input class="form-control"[^>]* value="([^"]*)"', cell)
        shown = re.sub(r'<span class="cell-note">.*?</span>|<[^>]+>', "", cell)
        plain.append((html.unescape(typed[1]) if typed else shown).strip())
    return plain


def total(text: str) -> int:
    found = re.search(r'<h1>[^<]*<span class="count">([\d\s.,\xa0\u202f]*)</span>', text)
    assert found is not None
    return int(re.sub(r"\D", "", found[1]))


@pytest.mark.parametrize("slug", LISTS)
def test_nothing_in_the_address_breaks_a_list(on_both: Flask, slug: str) -> None:
    browser = Browser(on_both, Role.ADMINISTRATOR)
    for query in (
        "sort=nothing",
        "sort=id",
        "sort=__class__",
        "sort=name&desc=1",
        "sort=name&desc=maybe",
        "page=999999999",
        "page=99999999999999999999",
        "page=-1",
        "page=0",
        "page=x",
        "page=1.5",
        "page=²",
        "size=1000000",
        "size=x",
        "size=25",
        "q=%25",
        "q=_",
        "q='",
        "q=%00",
        "q=" + "a" * 5000,
        "q=" + "+".join("abcdefghijklmnop"),
        "q=%F0%9F%98%80",
        "q=ñandú+ÁÉ",
        "flt0_0=1",
        "q=a&q=b",
    ):
        answer = browser.get(f"/{slug}/?{query}")
        assert answer.status_code == 200, query


def test_every_column_that_says_so_sorts(on_both: Flask) -> None:
    browser = Browser(on_both, Role.ADMINISTRATOR)
    seen = 0
    for slug in LISTS:
        page = browser.get(f"/{slug}/").get_data(as_text=True)
        for sort in set(re.findall(r"[?;]sort=(\w+)", page)):
            for desc in ("", "&desc=1"):
                seen += 1
                assert browser.get(f"/{slug}/?sort={sort}{desc}").status_code == 200, (slug, sort)
    assert seen > 60


def test_sorting_is_without_case_and_accents(on_both: Flask) -> None:
    Company.delete().where(
        ~(Company.id << Contact.select(Contact.company).where(Contact.company.is_null(False)))
    ).execute()
    for name in ("zorro", "Ábaco", "ñandú", "Nube", "abeja", "Zeta"):
        Company.create(name=name)
    browser = Browser(on_both, Role.ADMINISTRATOR)
    up = names(browser.get("/companias/?sort=name").get_data(as_text=True))
    wanted = [name for name in up if name in ("zorro", "Ábaco", "ñandú", "Nube", "abeja", "Zeta")]
    assert wanted == ["Ábaco", "abeja", "ñandú", "Nube", "Zeta", "zorro"]
    down = names(browser.get("/companias/?sort=name&desc=1").get_data(as_text=True))
    assert down == list(reversed(up))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/companias/?q=FERRETERIA+nato", ["Ferretería El Ñato"]),
        ("/companias/?q=ñato", ["Ferretería El Ñato"]),
        ("/agentes/?q=lucia+peña", ["Lucía Vargas Peña"]),
        ("/agentes/?q=8330106", ["Iván Muñoz Araya"]),
        ("/callcenters/?q=tecnico", ["Soporte Técnico Teslín"]),
        ("/callcenters/?q=40004101", ["Ventas Café del Monte"]),
        ("/disposiciones/?q=EQUIVOCADO", ["Número equivocado"]),
        ("/companias/?q=nothing+like+this", []),
        ("/companias/?q=%25", []),
    ],
)
def test_searching_is_without_case_and_accents(on_both: Flask, path: str, found: list[str]) -> None:
    page = Browser(on_both, Role.ADMINISTRATOR).get(path).get_data(as_text=True)
    assert names(page) == found
    if not found:
        assert "Nada coincide con la búsqueda" in page


def test_contacts_by_phone_however_typed(on_both: Flask) -> None:
    row = Contact.get(Contact.phone_key.is_null(False))
    digits = re.sub(r"\D", "", row.phone)
    browser = Browser(on_both, Role.ADMINISTRATOR)
    for typed in (digits, row.phone, row.phone_key.replace("+", "%2B")):
        page = browser.get(f"/contactos/?q={typed}").get_data(as_text=True)
        assert row.name in page


def test_pages(on_both: Flask) -> None:
    browser = Browser(on_both, Role.ADMINISTRATOR)
    seen: list[str] = []
    for number in (1, 2, 3):
        seen += names(browser.get(f"/contactos/?size=25&sort=external_id&page={number}").get_data(as_text=True))
    assert len(seen) == total(browser.get("/contactos/").get_data(as_text=True)) == Contact.select().count()
    last = browser.get("/contactos/?size=25&sort=external_id&page=3").get_data(as_text=True)
    beyond = browser.get("/contactos/?size=25&sort=external_id&page=999999999").get_data(as_text=True)
    assert names(beyond) == names(last)
    assert f"51 a 60 de {Contact.select().count()}" in beyond


def test_filters_stay_while_sorting_and_turning_pages(on_both: Flask) -> None:
    page = Browser(on_both, Role.ADMINISTRATOR).get("/contactos/?q=a&company=1&size=25").get_data(as_text=True)
    links = re.findall(r'href="(/contactos/\?[^"]*sort=[^"]*)"', page)
    assert links
    for link in links:
        assert "q=a" in link
        assert "company=1" in link
        assert "size=25" in link


class TestContactFilters:
    def expected(self, **wanted: str) -> int:
        query = Contact.select()
        if "company" in wanted:
            query = query.where(Contact.company == int(wanted["company"]))
        if "disposition" in wanted:
            query = query.where(Contact.disposition == int(wanted["disposition"]))
        found = set(query)
        if "list" in wanted:
            members = {member.contact_id for member in ContactList.get_by_id(int(wanted["list"])).members}
            found = {row for row in found if row.id in members}
        return len(found)

    def test_every_pair(self, on_both: Flask) -> None:
        """Two filters on two related tables at once: Flask-Admin's own answer 500 to them."""
        browser = Browser(on_both, Role.ADMINISTRATOR)
        values = {"company": "2", "disposition": "1", "list": "1"}
        for count in (1, 2, 3):
            for chosen in itertools.combinations(values, count):
                wanted = {name: values[name] for name in chosen}
                page = browser.get("/contactos/?" + urlencode(wanted)).get_data(as_text=True)
                assert total(page) == self.expected(**wanted), wanted

    def test_additional_fields_that_are_searchable(self, on_both: Flask) -> None:
        browser = Browser(on_both, Role.ADMINISTRATOR)
        field = AdditionalField.get(AdditionalField.name == "Provincia").id
        page = browser.get(f"/contactos/?extra_{field}=LIMON").get_data(as_text=True)
        assert 0 < total(page) < Contact.select().count()
        hidden = AdditionalField.get(AdditionalField.name == "Saldo").id
        page = browser.get(f"/contactos/?extra_{hidden}=1").get_data(as_text=True)
        assert total(page) == Contact.select().count()

    @pytest.mark.parametrize(
        "query", ["company=99999", "company=x", "list=1%20OR%201", "activity=forever", "disposition=-1"]
    )
    def test_what_is_no_choice_finds_nothing_and_says_so(self, looking: Flask, query: str) -> None:
        page = Browser(looking, Role.ADMINISTRATOR).get(f"/contactos/?{query}").get_data(as_text=True)
        assert total(page) == 0
        assert "No existe" in page


class TestHistory:
    """*Historial de llamadas*: every filter alone, every pair, and all together."""

    def values(self) -> dict[str, str]:
        """Of a call that has everything, so that all filters together find it, with other days before and after it."""
        days = Call.select(fn.MIN(Call.offered_at), fn.MAX(Call.offered_at)).scalar(as_tuple=True)
        first, last = (moment.replace(hour=0, minute=0, second=0) for moment in days)
        call = (
            Call.select(Call, Contact)
            .join(Contact)
            .where(
                Call.outcome == Outcome.ANSWERED,
                Call.disposition.is_null(False),
                Contact.company.is_null(False),
                Call.call_center.is_null(False),
                Contact.id.in_(_listed()),
                Call.offered_at >= first + timedelta(days=1),
                Call.offered_at < last,
            )
            .order_by(Call.id)
            .first()
        )
        assert call is not None
        stamp = call.offered_at
        return {
            "type": call.direction.value,
            "start": stamp.strftime("%Y-%m-%dT00:00") + "+00:00",
            "end": stamp.strftime("%Y-%m-%dT23:59") + "+00:00",
            "contact": call.contact.name,
            "disposition": str(call.disposition_id),
            "agent": str(call.agent_id),
            "company": str(call.contact.company_id),
            "call_center": str(call.call_center_id),
            "list": str(call.contact.lists.get().list_id),
            "outcome": call.outcome.value,
        }

    def test_alone_in_pairs_and_together(self, on_both: Flask) -> None:
        browser = Browser(on_both, Role.ADMINISTRATOR)
        values = self.values()
        everything = Call.select().count()
        alone: dict[str, set[str]] = {}
        for name, value in values.items():
            alone[name] = self.found(browser, {name: value})
            assert 0 < len(alone[name]) < everything, name
        for one, other in itertools.combinations(values, 2):
            both = self.found(browser, {one: values[one], other: values[other]})
            assert both == alone[one] & alone[other], (one, other)
        assert self.found(browser, values) == set.intersection(*alone.values())

    @staticmethod
    def found(browser: Browser, wanted: dict[str, str]) -> set[str]:
        """The calls found, told apart by their start and caller in the download."""
        text = browser.get("/historial-de-llamadas/descargar.csv?" + urlencode(wanted)).get_data(as_text=True)
        page = browser.get("/historial-de-llamadas/?" + urlencode(wanted)).get_data(as_text=True)
        lines = text.strip().split("\r\n")[1:]
        assert total(page) == len(lines)
        return set(lines)

    def test_by_number(self, looking: Flask) -> None:
        """Of the other side: who called or, of a call that an agent made, who was called."""
        call = Call.get(Call.calling_number != "", Call.direction == Direction.INBOUND)
        digits = re.sub(r"\D", "", call.calling_number)[-8:]
        found = self.found(Browser(looking, Role.ADMINISTRATOR), {"contact": digits})
        called_us = Call.calling_number.contains(digits) & (Call.direction != Direction.OUTBOUND)
        was_called = Call.called_number.contains(digits) & (Call.direction != Direction.INBOUND)
        assert len(found) == Call.select().where(called_us | was_called).count() > 0

    def test_of_one_contact(self, looking: Flask) -> None:
        contact = Call.get(Call.contact.is_null(False)).contact
        browser = Browser(looking, Role.ADMINISTRATOR)
        page = browser.get(f"/historial-de-llamadas/?contact_id={contact.id}").get_data(as_text=True)
        assert total(page) == Call.select().where(Call.contact == contact).count()
        assert 'class="chip"' in page
        assert total(browser.get("/historial-de-llamadas/?contact_id=99999").get_data(as_text=True)) == 0

    @pytest.mark.parametrize(
        "query",
        [
            "start=yesterday",
            "end=2026-13-01",
            "start=0001-01-01",
            "end=9999-12-31T23:59",
            "type=sideways",
            "agent=0",
            "call_center=x",
            "outcome=unknown",
        ],
    )
    def test_what_is_not_understood_finds_nothing_and_says_so(self, looking: Flask, query: str) -> None:
        page = Browser(looking, Role.ADMINISTRATOR).get(f"/historial-de-llamadas/?{query}").get_data(as_text=True)
        assert total(page) == 0
        assert "field__problem" in page

    def test_times_are_the_accounts(self, app: Flask) -> None:
        from datetime import UTC, datetime

        Call.delete().execute()
        Call.create(
            id="one",
            direction=Direction.INBOUND,
            offered_at=datetime(2026, 5, 1, 5, 30, tzinfo=UTC),
            ended_at=datetime(2026, 5, 1, 5, 31, tzinfo=UTC),
            outcome=Outcome.ABANDONED,
            wait_ms=42_000,
        )
        browser = Browser(app, Role.ADMINISTRATOR)
        inside = browser.get("/historial-de-llamadas/?start=2026-04-30T23:00&end=2026-04-30T23:45").get_data(
            as_text=True
        )
        assert total(inside) == 1
        assert "23:30:00 → 23:31:00" in inside
        assert "Abandonada después de 42 s" in inside
        assert total(browser.get("/historial-de-llamadas/?start=2026-05-01").get_data(as_text=True)) == 0

    def test_cards(self, looking: Flask) -> None:
        browser = Browser(looking, Role.ADMINISTRATOR)
        page = browser.get("/historial-de-llamadas/?size=200").get_data(as_text=True)
        cards = page.split('<article class="call ')[1:]
        assert len(cards) == min(200, Call.select().count())
        newest = Call.select().order_by(Call.offered_at.desc(), Call.id).limit(200)
        call = next(call for call in newest if call.outcome == Outcome.ANSWERED and call.cost and call.comment)
        card = cards[list(newest).index(call)]
        for part in (
            call.comment,
            call.agent.name,
            call.call_center_name,
            f"cc-{call.call_center_id}",
            "Contestada a los",
            "₡",
            "Timbró",
            "contestó",
        ):
            assert part in card, part

    def test_every_outcome_has_words(self, app: Flask) -> None:
        one = Call.get(Call.outcome == Outcome.ANSWERED)
        for outcome in Outcome:
            Call.update(outcome=outcome).where(Call.id == one.id).execute()
            for language in ("es", "en"):
                page = Browser(app, Role.ADMINISTRATOR, language=language).get(
                    f"/historial-de-llamadas/?outcome={outcome.value}&contact_id={one.contact_id}"
                )
                card = page.get_data(as_text=True).split('<article class="call ', 1)[1]
                end = re.search(r'call__end"><span class="pill[^>]*>([^<]+)<', card)
                assert end is not None
                assert end[1] != outcome.value

    def test_whose_agent_center_and_contact_are_none(self, app: Flask) -> None:
        Call.update(
            agent=None,
            call_center=None,
            contact=None,
            disposition=None,
            calling_number="",
            call_center_name="",
            ended_at=None,
            cost=None,
        ).execute()
        browser = Browser(app, Role.ADMINISTRATOR)
        assert browser.get("/historial-de-llamadas/").status_code == 200
        assert browser.get("/historial-de-llamadas/descargar.csv").status_code == 200
        assert browser.get("/").status_code == 200


def _listed() -> list[int]:
    from models.tables import ContactListMember

    return [key for (key,) in ContactListMember.select(ContactListMember.contact).tuples()]


class TestQueries:
    """A page asks the database as often for two hundred rows as for twenty-five."""

    @pytest.fixture
    def counted(self) -> Iterator[Callable[[], int]]:
        count = 0

        def hook(event: object) -> None:
            nonlocal count
            count += 1

        database.query_hooks.append(hook)

        def take() -> int:
            nonlocal count
            taken, count = count, 0
            return taken

        yield take
        database.query_hooks.remove(hook)

    @pytest.mark.parametrize("slug", ["contactos", "historial-de-llamadas", "historial-de-logueos"])
    def test_the_same_for_many_rows(self, looking: Flask, counted: Callable[[], int], slug: str) -> None:
        browser = Browser(looking, Role.ADMINISTRATOR)
        browser.get(f"/{slug}/")
        counted()
        browser.get(f"/{slug}/?size=25")
        few = counted()
        browser.get(f"/{slug}/?size=200")
        assert counted() == few
        assert 0 < few < 25

    @pytest.mark.parametrize(
        "slug", ["companias", "agentes", "callcenters", "grupos-de-agentes", "forms", "disposiciones"]
    )
    def test_not_more_for_more_rows(self, app: Flask, counted: Callable[[], int], slug: str) -> None:
        browser = Browser(app, Role.ADMINISTRATOR)
        browser.get(f"/{slug}/")
        counted()
        browser.get(f"/{slug}/")
        few = counted()
        for number in range(20):
            Company.create(name=f"C{number}")
            Agent.create(name=f"A{number}", email=f"a{number}@x.example", endpoint=f"99{number:02d}")
            CallCenter.create(name=f"K{number}")
            Disposition.create(name=f"D{number}")
        counted()
        browser.get(f"/{slug}/")
        assert counted() == few
