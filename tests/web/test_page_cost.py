"""What makes pages cheap changes nothing of them: texts, addresses, related rows."""

from __future__ import annotations

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale, gettext, lazy_gettext
from web.browser import Browser

from admin import addresses, related
from admin.audit_view import changes
from models.tables import Agent, AuditEntry, Call, Contact, Disposition
from models.values.call import Role


def _rendered(app: Flask, source: str, language: str, **values: object) -> str:
    with app.test_request_context("/"):
        from flask import session

        session["language"] = language
        return render_template_string(source, **values)


# ---------------------------------------------------------------- texts
def test_a_text_is_of_the_requests_language_each_time(app: Flask) -> None:
    source = '{{ _("Salir") }} {{ _("Salir") }}'
    assert _rendered(app, source, "es") == "Salir Salir"
    english = _rendered(app, source, "en")
    assert "Salir" not in english
    assert len(set(english.split(" ", 2)[:1])) == 1
    assert _rendered(app, source, "es") == "Salir Salir"


def test_what_is_put_into_a_text_is_escaped_and_the_text_is_not(app: Flask) -> None:
    source = '{{ _("Editar %(name)s", name=name) }}|{{ _("<b>50%%</b>") }}'
    assert _rendered(app, source, "es", name="<i>&</i>") == "Editar &lt;i&gt;&amp;&lt;/i&gt;|<b>50%</b>"


def test_a_slip_in_another_language_leaves_the_page_in_its_own(app: Flask) -> None:
    lazy = lazy_gettext("Salir")
    with app.test_request_context("/"):
        here = gettext("Salir"), str(lazy)
        with force_locale("en"):
            there = gettext("Salir"), str(lazy)
        assert here == ("Salir", "Salir") == (gettext("Salir"), str(lazy))
        assert "Salir" not in there
        assert len(set(there)) == 1


# ---------------------------------------------------------------- addresses
_VALUES: tuple[object, ...] = (
    0,
    7,
    2**62,
    "a",
    "a-1_b.c~",
    "1759.12",
    "ñ",
    "a/b",
    "a b",
    "..",
    "",
    "%s",
    "a&b=c",
    None,
    -1,
    True,
)


@pytest.mark.parametrize("root", ["", "/centralita"])
def test_every_address_is_the_one_that_flask_makes(app: Flask, root: str) -> None:
    quick = addresses.quick(app.url_for)
    made = 0
    with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}):
        for rule in app.url_map.iter_rules():
            arguments = sorted(rule.arguments)
            for value in _VALUES:
                for values in (dict.fromkeys(arguments, value), dict.fromkeys(arguments, value) | {"q": value}):
                    try:
                        expected = app.url_for(rule.endpoint, **values)
                    except (ValueError, LookupError, TypeError):
                        continue
                    assert quick(rule.endpoint, **values) == expected == quick(rule.endpoint, **values)
                    made += 1
    assert made > 1000


def test_an_address_that_is_known_is_not_built_again(app: Flask) -> None:
    asked = []

    def build(endpoint: str, **values: object) -> str:
        asked.append(values)
        return app.url_for(endpoint, **values)  # type: ignore[arg-type]

    quick = addresses.quick(build)
    with app.test_request_context("/"):
        shown = [quick("contacts.edit_view", row_id=key) for key in range(50)]
    assert shown[49] == "/contactos/49"
    assert len(asked) == 1


def test_made_up_arguments_fill_no_memory(app: Flask) -> None:
    quick = addresses.quick(app.url_for)
    with app.test_request_context("/"):
        for number in range(5_000):
            assert quick("contacts.index_view", **{f"a{number}": 1}) == f"/contactos/?a{number}=1"
    kept = quick.__closure__ or ()
    assert all(len(shapes) <= 2_000 for cell in kept if isinstance(cell.cell_contents, dict)
               for shapes in cell.cell_contents.values())  # fmt: skip


# ---------------------------------------------------------------- related rows
def test_related_rows_are_those_of_a_join(app: Flask) -> None:
    with app.app_context():
        calls = list(Call.select().order_by(Call.id))
        related.attach(calls, Call.agent, Call.contact)
        for call in calls:
            one = Call.get_by_id(call.id)
            assert (call.agent and call.agent.name) == (one.agent and one.agent.name)
            assert (call.contact and call.contact.phone) == (one.contact and one.contact.phone)
        assert any(call.agent_id for call in calls)
        assert any(call.agent_id is None for call in calls)


# ---------------------------------------------------------------- what is counted, what is told
def test_uses_of_a_disposition_are_counted_up_to_some(on_both: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from admin.sections import dispositions

    row = Disposition.create(name="Muy usada", position=99)
    for number in range(5):
        Contact.create(name=f"Usa {number}", disposition=row)
    browser = Browser(on_both, Role.ADMINISTRATOR)
    assert '"Usos"><div>5</div>' in browser.get("/disposiciones/").get_data(as_text=True)
    monkeypatch.setattr(dispositions, "MOST_USES", 4)
    assert '"Usos"><div>+4</div>' in browser.get("/disposiciones/").get_data(as_text=True)


def test_a_code_of_the_log_reads_in_words_and_several_values_too(app: Flask) -> None:
    agent = Agent.select().first()
    entry = AuditEntry(section="contacts", act="edit", before={"agent": str(agent.id)}, after={"agent": ["a", "b"]})
    with app.test_request_context("/"):
        ((_label, before, after),) = changes(entry)
    assert (before, after) == (agent.name, "a, b")
