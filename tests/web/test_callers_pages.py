"""What callers leave, and whom we refuse: listed, played, settled, blocked; each for whoever may."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from web.browser import Browser, fields, problems

from admin.installation import installation
from models import files, pins
from models.tables import Agent, BlockedNumber, CallbackRequest, CallbackState, CallCenter, Voicemail
from models.values.call import PhoneKind, Role

SOUND = b"RIFF" + bytes(40) + bytes(range(256)) * 250
AT = datetime(2026, 9, 1, 15, 0, tzinfo=UTC)
PAGES = (
    ("mensajes-de-voz", "Mensajes de voz", "Voice messages", True),
    ("llamadas-por-devolver", "Llamadas por devolver", "Calls to return", True),
    ("numeros-bloqueados", "Números bloqueados", "Blocked numbers", False),
)


@pytest.fixture
def message(app: Flask) -> Voicemail:
    with app.app_context():
        sha256 = files.store(installation().settings.data_dir, SOUND)
    return Voicemail.create(
        key="a", sha256=sha256, size=len(SOUND), seconds=4, recorded_at=AT, calling_number="88887777",
        call_center=CallCenter.select().first(),
    )  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("slug", "spanish", "english", "supervisor"), PAGES, ids=[row[0] for row in PAGES])
def test_each_page_for_whoever_may(
    looking: Flask, slug: str, spanish: str, english: str, supervisor: bool, role: Role
) -> None:
    allowed = role is Role.ADMINISTRATOR or (role is Role.SUPERVISOR and supervisor)
    for language, name in (("es", spanish), ("en", english)):
        browser = Browser(looking, role, language=language)
        page = browser.get(f"/{slug}/")
        assert page.status_code == (200 if allowed else 403)
        assert browser.get(f"/{slug}/descargar.csv").status_code == (200 if allowed else 403)
        if allowed:
            assert f"<h1>{name}" in page.get_data(as_text=True)


def test_a_message_is_listed_and_played_also_from_its_middle(admin: Browser, message: Voicemail) -> None:
    page = admin.get("/mensajes-de-voz/").get_data(as_text=True)
    assert f'src="/mensajes-de-voz/{message.id}/audio.wav"' in page
    whole = admin.get(f"/mensajes-de-voz/{message.id}/audio.wav")
    assert (whole.status_code, whole.mimetype, whole.data) == (200, "audio/wav", SOUND)
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    part = admin.get(f"/mensajes-de-voz/{message.id}/audio.wav", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, SOUND[100:200])
    assert Voicemail.get().heard_at is None, "playing alone marks nothing"


@pytest.mark.parametrize("role", [None, Role.AGENT])
def test_nobody_else_hears_it(app: Flask, message: Voicemail, role: Role | None) -> None:
    browser = Browser(app, role)
    assert browser.get(f"/mensajes-de-voz/{message.id}/audio.wav").status_code in (302, 403)
    assert browser.post(f"/mensajes-de-voz/{message.id}/escuchado", token="").status_code in (302, 400, 403)
    assert Voicemail.get().heard_at is None


def test_whose_sound_is_gone_is_not_found(admin: Browser, message: Voicemail) -> None:
    Voicemail.update(sha256="0" * 64).execute()
    assert admin.get(f"/mensajes-de-voz/{message.id}/audio.wav").status_code == 404
    assert admin.get("/mensajes-de-voz/999/audio.wav").status_code == 404


def test_a_supervisor_marks_it_heard_and_unheard_but_does_not_delete(app: Flask, message: Voicemail) -> None:
    browser = Browser(app, Role.SUPERVISOR)
    browser.post(f"/mensajes-de-voz/{message.id}/escuchado")
    heard = Voicemail.get()
    assert heard.heard_at is not None
    assert heard.heard_by.role is Role.SUPERVISOR
    browser.post(f"/mensajes-de-voz/{message.id}/escuchado")
    assert Voicemail.get().heard_at is None
    assert browser.post(f"/mensajes-de-voz/{message.id}/eliminar").status_code == 403


def test_a_deleted_message_takes_its_sound_with_it(app: Flask, admin: Browser, message: Voicemail) -> None:
    with app.app_context():
        path = files.path_of(installation().settings.data_dir, message.sha256)
    other = Voicemail.create(key="b", sha256=message.sha256, recorded_at=AT)
    admin.post(f"/mensajes-de-voz/{message.id}/eliminar")
    assert path.exists(), "another row has the same sound"
    admin.post(f"/mensajes-de-voz/{other.id}/eliminar")
    assert not path.exists()
    assert Voicemail.select().count() == 0


def test_a_request_is_settled_by_hand_once(admin: Browser) -> None:
    row = CallbackRequest.create(number="+50688887777", call_center=CallCenter.select().first())
    assert f"/llamadas-por-devolver/{row.id}/atendida" in admin.get("/llamadas-por-devolver/").get_data(as_text=True)
    admin.post(f"/llamadas-por-devolver/{row.id}/atendida")
    row = CallbackRequest.get()
    assert (row.state, row.reason) == (CallbackState.DONE, "by_hand")
    CallbackRequest.update(state=CallbackState.FAILED).execute()
    admin.post(f"/llamadas-por-devolver/{row.id}/atendida")
    assert CallbackRequest.get().state is CallbackState.FAILED
    assert "/atendida" not in admin.get("/llamadas-por-devolver/").get_data(as_text=True)


def test_a_number_is_blocked_and_freed(admin: Browser) -> None:
    admin.fill("/numeros-bloqueados/nuevo", pattern="8888 7777", note="Insulta")
    row = BlockedNumber.get()
    assert (row.canonical, row.note, row.created_by.role) == ("+50688887777", "Insulta", Role.ADMINISTRATOR)
    again = admin.fill("/numeros-bloqueados/nuevo", pattern="+506 8888-7777")
    assert problems(again)["pattern"]
    admin.post(f"/numeros-bloqueados/{row.id}/eliminar")
    assert BlockedNumber.select().count() == 0


@pytest.mark.parametrize("pattern", ["", "*", "9*", "X*", "XXXXXXXX", "abc", "1" * 41, "<script>"])
def test_what_would_block_everybody_or_is_no_number_is_refused(admin: Browser, pattern: str) -> None:
    page = admin.fill("/numeros-bloqueados/nuevo", pattern=pattern)
    assert page.status_code == 422
    assert problems(page)["pattern"]
    assert BlockedNumber.select().count() == 0


# ------------------------------------------------------------------------------------------------ the agents' PIN
@pytest.fixture
def agent() -> Agent:
    row = Agent.get(Agent.role == Role.AGENT, Agent.phone_kind == PhoneKind.SIP)
    Agent.update(pin_failures=4, pin_locked_until=AT).where(Agent.id == row.id).execute()
    return row


def test_a_pin_is_set_kept_and_never_shown(admin: Browser, agent: Agent) -> None:
    admin.fill(f"/agentes/{agent.id}", pin="2846")
    row = Agent.get_by_id(agent.id)
    assert row.pin_hash.startswith("$argon2id$")
    assert (row.pin_failures, row.pin_locked_until) == (0, None)
    page = admin.get(f"/agentes/{agent.id}").get_data(as_text=True)
    assert fields(page)["pin"] == ""
    assert row.pin_hash not in page
    admin.fill(f"/agentes/{agent.id}", name="Otra")
    assert Agent.get_by_id(agent.id).pin_hash == row.pin_hash


@pytest.mark.parametrize("pin", ["123", "1234", "4321", "7777", "12345678901", "28a6", "٢٨٤٦"])
def test_a_pin_that_is_easily_guessed_is_refused(admin: Browser, agent: Agent, pin: str) -> None:
    page = admin.fill(f"/agentes/{agent.id}", pin=pin)
    assert problems(page)["pin"]
    assert Agent.get_by_id(agent.id).pin_hash is None


def test_a_hash_is_argon2_and_holds_for_its_own_pin_only() -> None:
    hashed = pins.hash_pin("2846")
    assert pins._matches(hashed, "2846")
    assert not pins._matches(hashed, "2847")
    assert not pins._matches("no hash", "2846")
