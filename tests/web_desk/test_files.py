"""Files given to a form: from disk and from Adjuntos, private to the call, kept with the answer."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from web_desk.filled import GOOD, center_with_form

from models import files as stored
from models.tables import Agent, Attachment, FormAnswer, FormFile, FormVersion
from models.values.call import Role

LogIn = Callable[..., Any]
Record = Callable[..., None]
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


@pytest.fixture
def version(record: Record) -> FormVersion:
    center, version = center_with_form()
    record("c-1", "Ana", call_center_id=center.id)
    return version


def _upload(browser: Any, version: FormVersion, content: bytes = PNG, name: str = "foto.png", **more: Any) -> Any:
    data = {"version": str(version.id), "field": "foto", "file": (io.BytesIO(content), name)} | more
    return browser.post("/desk/calls/c-1/files", data=data, content_type="multipart/form-data")


def _save(browser: Any, version: FormVersion, **changes: Any) -> Any:
    return browser.save("c-1", forms=[{"version": version.id, "answers": GOOD | changes}])


def _there(tmp_path: Path, sha256: str) -> bool:
    return stored.path_of(tmp_path, sha256).is_file()


def test_kept_with_the_answer_under_its_names(log_in: LogIn, version: FormVersion, tmp_path: Path) -> None:
    ana = log_in("Ana")
    first = _upload(ana, version, name="../mis fotos/a<b>\u202egnp.exe")
    assert first.status_code == 201
    assert (first.json["name"], first.json["saved"]) == ("a_b_gnp.exe", False)
    row = FormFile.get()
    assert (row.mime, row.size, row.answer_id) == ("image/png", len(PNG), None)
    assert _there(tmp_path, row.sha256)
    shown = ana.get("/desk/calls/c-1/work").json["forms"][0]["files"]
    assert [one["name"] for one in shown] == ["a_b_gnp.exe"]
    assert _upload(ana, version, b"nota", "nota.txt").status_code == 201
    saved = _save(ana, version)
    assert saved.status_code == 200
    assert FormAnswer.get().answers["foto"] == ["a_b_gnp.exe", "nota.txt"]
    assert [one["saved"] for one in saved.json["forms"][0]["files"]] == [True, True]
    got = ana.get(f"/desk/files/{row.id}")
    assert (got.status_code, got.data) == (200, PNG)
    assert got.headers["Content-Disposition"].startswith("attachment")
    got.close()


def test_taken_out_before_saving_it_goes_at_once_and_afterwards_with_the_next_save(
    log_in: LogIn, version: FormVersion, tmp_path: Path
) -> None:
    ana = log_in("Ana")
    kept, unsaved = _upload(ana, version).json["id"], _upload(ana, version, b"otra").json["id"]
    sha = FormFile.get_by_id(unsaved).sha256
    assert ana.post(f"/desk/files/{unsaved}", json={}).status_code == 204
    assert not _there(tmp_path, sha)
    assert _save(ana, version).status_code == 200
    sha = FormFile.get_by_id(kept).sha256
    assert ana.post(f"/desk/files/{kept}", json={}).status_code == 204
    assert _there(tmp_path, sha)
    assert FormAnswer.get().answers["foto"] == ["foto.png"]
    assert ana.post(f"/desk/files/{kept}", json={"keep": True}).status_code == 204
    assert _save(ana, version, servicio="S-2").status_code == 200
    assert FormAnswer.get().answers["foto"] == ["foto.png"]
    assert ana.post(f"/desk/files/{kept}", json={}).status_code == 204
    assert _save(ana, version).status_code == 200
    assert "foto" not in FormAnswer.get().answers
    assert not _there(tmp_path, sha)


def test_discarding_takes_what_was_not_saved_and_leaves_what_was(log_in: LogIn, version: FormVersion) -> None:
    ana = log_in("Ana")
    kept = _upload(ana, version).json["id"]
    assert _save(ana, version).status_code == 200
    assert ana.post(f"/desk/files/{kept}", json={}).status_code == 204
    assert _upload(ana, version, b"otra").status_code == 201
    assert ana.post("/desk/calls/c-1/discard").status_code == 204
    assert [(row.id, row.leaves) for row in FormFile.select()] == [(kept, False)]


def test_a_required_file_must_be_there(log_in: LogIn, version: FormVersion, database: Any) -> None:
    from models.tables import FormField

    FormField.update(required=True).where(FormField.name == "foto").execute()
    ana = log_in("Ana")
    # What the page says of files does not count: the rows do.
    assert set(_save(ana, version, foto=["inventado.png"]).json["errors"]) == {f"form.{version.id}.foto"}
    assert _upload(ana, version).status_code == 201
    assert _save(ana, version).status_code == 200


def test_what_cannot_be_taken_is_told_in_words_and_nothing_is_kept(
    log_in: LogIn, version: FormVersion, tmp_path: Path
) -> None:
    ana = log_in("Ana")
    assert "vacío" in _upload(ana, version, b"").json["message"]
    big = _upload(ana, version, b"x" * (15 * 1024 * 1024 + 1))
    assert (big.status_code, big.json["message"]) == (422, "A lo sumo 15 MB.")
    for wrong in ({"field": "servicio"}, {"field": "no_hay"}, {"version": "99"}, {"version": "x"}):
        data = {"version": str(version.id), "field": "foto", "file": (io.BytesIO(PNG), "x.png")} | wrong
        assert ana.post("/desk/calls/c-1/files", data=data).status_code == 400, wrong
    for _ in range(10):
        assert _upload(ana, version).status_code == 201
    assert _upload(ana, version).status_code == 422
    assert FormFile.select().count() == 10


def test_from_adjuntos_the_private_ones_are_for_administrators(
    log_in: LogIn, version: FormVersion, agent: Any, tmp_path: Path
) -> None:
    sha = stored.store(tmp_path, b"precios")
    for name, private in (("Lista de précios.txt", False), ("Contrato secreto.pdf", True)):
        Attachment.create(filename=name, mime="text/plain", size=7, sha256=sha, private=private, description="Café")
    ana = log_in("Ana")
    found = ana.get("/desk/documents?q=PRECIOS").json["documents"]
    assert [one["name"] for one in found] == ["Lista de précios.txt"]
    assert [one["name"] for one in ana.get("/desk/documents?q=secreto").json["documents"]] == []
    open_one, secret = (Attachment.get(Attachment.private == private).id for private in (False, True))
    data = {"version": str(version.id), "field": "foto"}
    taken = ana.post("/desk/calls/c-1/files", data=data | {"attachment": str(open_one)})
    assert (taken.status_code, taken.json["shared"]) == (201, True)
    assert ana.post("/desk/calls/c-1/files", data=data | {"attachment": str(secret)}).status_code == 422
    # The document goes from Adjuntos: the answer keeps what it was given.
    Attachment.delete().where(Attachment.id == open_one).execute()
    got = ana.get(f"/desk/files/{taken.json['id']}")
    assert got.data == b"precios"
    got.close()
    Agent.update(role=Role.ADMINISTRATOR).where(Agent.id == agent("Ana").id).execute()
    assert [one["private"] for one in ana.get("/desk/documents?q=secreto").json["documents"]] == [True]


def test_others_neither_read_nor_take_out(log_in: LogIn, version: FormVersion, agent: Any) -> None:
    key = _upload(log_in("Ana"), version).json["id"]
    beto = log_in("Beto")
    assert beto.get(f"/desk/files/{key}").status_code == 403
    assert beto.post(f"/desk/files/{key}", json={}).status_code == 403
    assert _upload(beto, version).status_code == 403
    assert beto.get("/desk/files/99").status_code == 404
    Agent.update(role=Role.SUPERVISOR).where(Agent.id == agent("Beto").id).execute()
    got = beto.get(f"/desk/files/{key}")
    assert got.status_code == 200
    got.close()
    assert beto.post(f"/desk/files/{key}", json={}).status_code == 403
