"""Recorded conversations on Historial: who may hear them, in ranges, in parts, noted; what is said of those gone."""

from __future__ import annotations

import pytest
from flask import Flask
from web.browser import Browser

from admin.installation import installation
from models.recordings import path_of
from models.tables import AuditEntry, Call, Recording
from models.values.call import Role
from models.values.recording import RecordingProblem, RecordingState

SOUND = b"RIFF" + bytes(40) + bytes(range(256)) * 250


@pytest.fixture
def call(database: object) -> Call:
    return Call.select().order_by(Call.offered_at.desc()).get()


def part(app: Flask, call: Call, number: int, **columns: object) -> Recording:
    name = f"centralita-1790000000.77.record.{number}"
    values = {
        "state": RecordingState.KEPT, "sha256": "a" * 64, "size": len(SOUND), "duration_ms": 4_000,
        "began_at": call.offered_at, "ended_at": call.offered_at, **columns,
    }  # fmt: skip
    with app.app_context():
        path = path_of(installation().settings.data_dir, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(SOUND)
    return Recording.create(name=name, call_id=call.id, part=number, **values)


def url(row: Recording, end: str = ".wav") -> str:
    return f"/historial-de-llamadas/{row.call_id}/grabacion/{row.id}{end}"


def listened() -> list[tuple[str, str]]:
    return list(AuditEntry.select(AuditEntry.act, AuditEntry.row_key).order_by(AuditEntry.id).tuples())


def test_it_is_heard_also_from_its_middle_and_noted_once(app: Flask, admin: Browser, call: Call) -> None:
    row = part(app, call, 1)
    assert f'src="{url(row)}"' in admin.get("/historial-de-llamadas/").get_data(as_text=True)
    whole = admin.get(url(row), headers={"Range": "bytes=0-"})
    assert (whole.status_code, whole.mimetype, whole.data) == (206, "audio/wav", SOUND)
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in whole.headers["Cache-Control"]
    middle = admin.get(url(row), headers={"Range": "bytes=100-199"})
    assert (middle.status_code, middle.data) == (206, SOUND[100:200])
    assert admin.get(url(row), headers={"Range": "bytes=99999999-"}).status_code == 416
    assert listened() == [("listen", f"recording {row.id}")], "a player asks often; it was heard once"
    saved = admin.get(url(row, "/descargar"))
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert listened()[-1] == ("download", f"recording {row.id}")
    explained = admin.get(f"/historial-de-llamadas/{call.id}/explicar").get_data(as_text=True)
    assert f'src="{url(row)}"' in explained


def test_one_whose_file_is_gone_is_told_and_has_no_player(app: Flask, admin: Browser, call: Call) -> None:
    row = part(app, call, 1)
    with app.app_context():
        path_of(installation().settings.data_dir, row.name).unlink()
    for page in ("/historial-de-llamadas/", f"/historial-de-llamadas/{call.id}/explicar"):
        text = admin.get(page).get_data(as_text=True)
        assert "su archivo ya no está en el disco" in text
        assert url(row) not in text
    assert admin.get(url(row)).status_code == 404


@pytest.mark.parametrize("role", [None, Role.AGENT, Role.SUPERVISOR])
def test_supervisors_hear_it_agents_do_not(app: Flask, call: Call, role: Role | None) -> None:
    row = part(app, call, 1)
    browser = Browser(app, role)
    for end in (".wav", "/descargar"):
        assert browser.get(url(row, end)).status_code == {None: 302, Role.AGENT: 403, Role.SUPERVISOR: 200}[role]
    assert len(listened()) == (2 if role is Role.SUPERVISOR else 0)


def test_parts_gaps_and_what_became_of_the_others_are_told(app: Flask, admin: Browser, call: Call) -> None:
    part(app, call, 1, cuts=[[32_000, 18_000, "agent"], [40_000, 500, "hold"], [61_000, 5_000, "hold"]])
    part(app, call, 3, state=RecordingState.DELETED, deleted_at=call.offered_at)
    part(app, call, 4, state=RecordingState.PENDING)
    part(app, call, 5, state=RecordingState.LOST)
    for number, problem in enumerate(RecordingProblem, 6):
        part(app, call, number, state=RecordingState.FAILED, problem=problem)
    page = admin.get("/historial-de-llamadas/").get_data(as_text=True)
    for said in (
        "Parte 1 de 7", "en 0:32 faltan 0:18: el agente la pausó; en 1:01 faltan 0:05: en espera.",
        "Grabación borrada el",
        "todavía está en la central", "no se encontró", "No hay grabación: la central no escribió nada en ella",
        "No hay grabación: lo que escribió la central no es", "No hay grabación: la central no puede leer su archivo",
    ):  # fmt: skip
        assert said in page
    english = Browser(app, Role.ADMINISTRATOR, language="en").get("/historial-de-llamadas/").get_data(as_text=True)
    assert "at 0:32, 0:18 are missing: paused by the agent" in english
    rows = {row.part: row for row in Recording.select()}
    assert [admin.get(url(rows[number])).status_code for number in (1, 3, 4, 5, 6)] == [200, 410, 404, 404, 404]


def test_no_path_no_other_call_and_no_row_that_is_not_there(app: Flask, admin: Browser, call: Call) -> None:
    row = part(app, call, 1)
    other = Call.select().where(Call.id != call.id).get()
    assert admin.get(f"/historial-de-llamadas/{other.id}/grabacion/{row.id}.wav").status_code == 404
    for bad in ("999999", "99999999999999999999", "../../../etc/passwd", "-1"):
        assert admin.get(f"/historial-de-llamadas/{call.id}/grabacion/{bad}.wav").status_code == 404
    with app.app_context():
        path_of(installation().settings.data_dir, row.name).unlink()
    assert admin.get(url(row)).status_code == 404
    for name in ("../../etc/passwd", "a/b", "", ".", "centralita-1.", "centralita-1790000000.7/../x", "x" * 200):
        with app.app_context(), pytest.raises(ValueError, match="name"):
            path_of(installation().settings.data_dir, name)


def test_calls_with_a_recording_are_found(app: Flask, admin: Browser, call: Call) -> None:
    row = part(app, call, 1)
    found = admin.get("/historial-de-llamadas/?recorded=1").get_data(as_text=True)
    assert found.count('<article class="call ') == 1
    assert url(row) in found
    assert url(row) not in admin.get("/historial-de-llamadas/?recorded=0").get_data(as_text=True)


def test_one_is_deleted_by_an_administrator_and_by_nobody_else(app: Flask, admin: Browser, call: Call) -> None:
    row, other = part(app, call, 1), part(app, call, 2)
    where = f"{url(row, '/eliminar')}?back=/historial-de-llamadas/?recorded=1"
    for role in (Role.SUPERVISOR, Role.AGENT, None):
        browser = Browser(app, role)
        assert browser.get(where).status_code == (403 if role else 302)
        assert browser.post(url(row, "/eliminar")).status_code == (403 if role else 401)
    listing = Browser(app, Role.SUPERVISOR).get("/historial-de-llamadas/").get_data(as_text=True)
    assert "Eliminar grabación" not in listing
    assert admin.post(url(row, "/eliminar"), token="no").status_code == 400

    asked = admin.get(where).get_data(as_text=True)
    for said in ("¿Eliminar esta grabación?", "parte 1 de 2, 0:04, ", "No se puede deshacer"):
        assert said in asked
    assert states() == ["kept", "kept"]
    assert admin.fill(where).headers["Location"] == "/historial-de-llamadas/?recorded=1"

    assert states() == ["deleted", "kept"]
    with app.app_context():
        paths = [path_of(installation().settings.data_dir, one.name) for one in (row, other)]
    assert [path.exists() for path in paths] == [False, True]
    page = admin.get("/historial-de-llamadas/").get_data(as_text=True)
    assert f"Grabación eliminada por {Recording.get_by_id(row.id).deleted_by.name} (" in page
    entry = AuditEntry.select().order_by(AuditEntry.id.desc()).get()
    assert (entry.act, entry.row_key) == ("delete", f"recording {row.id}")
    assert row.sha256 in str(entry.before)
    # Twice, by two tabs: it is said, and nothing else happens.
    assert admin.post(url(row, "/eliminar")).status_code == 302
    assert "Esa grabación ya no está." in admin.get("/historial-de-llamadas/").get_data(as_text=True)
    assert AuditEntry.select().where(AuditEntry.act == "delete").count() == 1
    assert admin.get(url(row)).status_code == 410


def test_what_the_disk_does_not_let_go_is_not_called_deleted(
    app: Flask, admin: Browser, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = part(app, call, 1)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    assert admin.post(url(row, "/eliminar")).status_code == 302
    monkeypatch.undo()
    assert states() == ["kept"]
    assert not AuditEntry.select().where(AuditEntry.act == "delete").exists()
    assert "no se pudo borrar del disco: Permission denied" in admin.get("/historial-de-llamadas/").get_data(
        as_text=True
    )


def states() -> list[str]:
    return [row.state.value for row in Recording.select().order_by(Recording.part)]
