"""The filters of docs/secciones.md that no column shows: each with what it must find.

Owns: `FILTERS`, by section and label. Must not: repeat what a column can tell.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from web.browser import Browser
from web.promised import downloaded, listed

from models.tables import AgentLogin, Call, Contact, ContactList, ContactListMember, Recording

Check = Callable[[Browser, str, list[Any]], None]
FILTERS: dict[tuple[str, str], Check] = {}


def of(slug: str, label: str) -> Callable[[Check], Check]:
    def keep(check: Check) -> Check:
        FILTERS[slug, label] = check
        return check

    return keep


def total(browser: Browser, slug: str, **arguments: str) -> int:
    return listed(browser, f"/{slug}/", **arguments).total


@of("contactos", "Última actividad")
def _activity(browser: Browser, name: str, options: list[Any]) -> None:
    Contact.update(last_activity_at=None).execute()
    ids = [row.id for row in Contact.select(Contact.id).order_by(Contact.id).limit(3)]
    for key, days in zip(ids, (0, 5, 200), strict=True):
        moment = datetime.now(UTC) - timedelta(days=days, hours=1)
        Contact.update(last_activity_at=moment).where(Contact.id == key).execute()
    found = {value: total(browser, "contactos", **{name: value}) for value, _label in options}
    assert found == {"1": 1, "7": 2, "30": 2, "365": 3, "never": Contact.select().count() - 3}


def _list_of_two() -> ContactList:
    chosen = ContactList.create(name="Dos de prueba")
    for row in Contact.select().join(Call).group_by(Contact.id).order_by(Contact.id).limit(2):
        ContactListMember.create(list=chosen, contact=row)
    return chosen


@of("contactos", "Lista")
def _contacts_of_a_list(browser: Browser, name: str, options: list[Any]) -> None:
    assert total(browser, "contactos", **{name: str(_list_of_two().id)}) == 2


@of("historial-de-llamadas", "Lista")
def _calls_of_a_list(browser: Browser, name: str, options: list[Any]) -> None:
    chosen = _list_of_two()
    members = ContactListMember.select(ContactListMember.contact).where(ContactListMember.list == chosen)
    wanted = Call.select().where(Call.contact.in_(members)).count()
    assert 0 < wanted < Call.select().count()
    assert total(browser, "historial-de-llamadas", **{name: str(chosen.id)}) == wanted


@of("historial-de-llamadas", "Grabación")
def _calls_with_a_recording(browser: Browser, name: str, options: list[Any]) -> None:
    all_calls = Call.select().count()
    recorded = Call.select().order_by(Call.offered_at).get()
    row = Recording.create(
        name=f"{recorded.id}.record.1", call_id=recorded.id, began_at=recorded.offered_at, ended_at=recorded.offered_at
    )
    assert total(browser, "historial-de-llamadas", **{name: "1"}) == 1
    assert total(browser, "historial-de-llamadas", **{name: "0"}) == all_calls - 1
    row.delete_instance()


@of("historial-de-llamadas", "Inicio")
def _from(browser: Browser, name: str, options: list[Any]) -> None:
    _since_and_until(browser, name, later=True)


@of("historial-de-llamadas", "Fin")
def _until(browser: Browser, name: str, options: list[Any]) -> None:
    _since_and_until(browser, name, later=False)


def _since_and_until(browser: Browser, name: str, *, later: bool) -> None:
    starts = sorted(row["Inicio"] for row in downloaded(browser, "/historial-de-llamadas/"))
    middle = starts[len(starts) // 2]
    found = downloaded(browser, "/historial-de-llamadas/", **{name: middle.replace(" ", "T")})
    assert 0 < len(found) < len(starts)
    assert all(row["Inicio"] >= middle if later else row["Inicio"] <= middle for row in found)


@of("historial-de-llamadas", "Contacto")
def _contact(browser: Browser, name: str, options: list[Any]) -> None:
    rows = downloaded(browser, "/historial-de-llamadas/")
    person = next(row["Contacto"] for row in rows if " " in row["Contacto"])
    found = downloaded(browser, "/historial-de-llamadas/", **{name: person})
    assert {row["Contacto"] for row in found} == {person}
    assert len(found) == sum(row["Contacto"] == person for row in rows)
    # Of a call from outside: an agent's own extension is no contact's number.
    outside = (row["Número que llamó"] for row in rows if row["Tipo"] == "Entrante")
    digits = next(number for number in outside if len(number) > 6)[-6:]
    found = downloaded(browser, "/historial-de-llamadas/", **{name: digits})
    assert found
    assert len(found) < len(rows)


@of("historial-de-llamadas", "Cómo terminó")
def _ending(browser: Browser, name: str, options: list[Any]) -> None:
    sizes = {value: total(browser, "historial-de-llamadas", **{name: value}) for value, _label in options}
    assert sizes == {value: Call.select().where(Call.outcome == value).count() for value in sizes}
    assert sum(sizes.values()) == Call.select().count()
    assert sum(size > 0 for size in sizes.values()) > 2


@of("historial-de-logueos", "Mes")
def _month(browser: Browser, name: str, options: list[Any]) -> None:
    AgentLogin.create(agent=3, session="hace-mucho", login_at=datetime(2020, 2, 29, 12, tzinfo=UTC))
    assert total(browser, "historial-de-logueos", **{name: "2020-02"}) == 1
    assert total(browser, "historial-de-logueos", **{name: "2020-03"}) == 0


@of("historial-de-logueos", "Cantidad por página")
def _rows_of_a_page(browser: Browser, name: str, options: list[Any]) -> None:
    for number in range(60):
        AgentLogin.create(agent=3, session=f"otro-{number}")
    assert [len(listed(browser, "/historial-de-logueos/", **{name: size}).rows) for size in ("25", "50")] == [25, 50]
