"""Logos and attachments: type by content, limits, safe headers, bytes that go when nobody needs them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from web.browser import Browser, problems
from web.rows import everything

from admin.documents import MAX_ATTACHMENT, MAX_LOGO, type_of
from models import files
from models.demo import logo
from models.tables import Attachment, CallCenter
from models.values.call import Role

PNG = logo("#123456", 16)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><script>alert(1)</script>"


def upload(content: bytes, name: str = "a.png") -> Any:
    return (io.BytesIO(content), name)


def office(folder: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "x" * 9000)
        archive.writestr(f"{folder}/document.xml", "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0JFIF", "image/jpeg"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
        (SVG, "image/svg+xml"),
        (b"\xef\xbb\xbf \n" + HTML, "text/html"),
        (b"Nombre;Precio\n", "text/plain"),
        ("ñ".encode("cp1252"), "text/plain"),
        (b"\x00\x01\x02", "application/octet-stream"),
        (b"MZ\x90\x00", "application/octet-stream"),
        (office("word"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (office("xl"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (office("other"), "application/zip"),
        (b"", "text/plain"),
    ],
)
def test_the_type_is_in_the_bytes(content: bytes, mime: str) -> None:
    assert type_of(content) == mime


class TestLogos:
    def test_upload_and_serve(self, admin: Browser) -> None:
        assert admin.fill("/callcenters/1", logo=upload(PNG, "../../evil.html")).status_code == 302
        row = CallCenter.get_by_id(1)
        assert row.logo_mime == "image/png"
        answer = admin.get(f"/logos/{row.logo_sha256}")
        assert (answer.data, answer.mimetype) == (PNG, "image/png")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "immutable" in answer.headers["Cache-Control"]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (SVG, "No es una imagen"),
            (HTML, "No es una imagen"),
            (b"GIF", "No es una imagen"),
            (b"", "No es una imagen"),
            (PNG + b"\0" * MAX_LOGO, "A lo sumo 512 KB"),
        ],
    )
    def test_bad(self, admin: Browser, content: bytes, said: str) -> None:
        before = everything()
        answer = admin.fill("/callcenters/1", logo=upload(content), name="Changed")
        assert answer.status_code == 422
        assert said in problems(answer)["logo"][0]
        assert everything() == before

    def test_replaced_and_removed_the_old_bytes_go(self, admin: Browser, data_dir: Path) -> None:
        old = CallCenter.get_by_id(1).logo_sha256
        assert files.path_of(data_dir, old).exists()
        admin.fill("/callcenters/1", logo=upload(PNG))
        new = CallCenter.get_by_id(1).logo_sha256
        assert not files.path_of(data_dir, old).exists()
        CallCenter.update(logo_sha256=new).where(CallCenter.id == 2).execute()
        admin.fill("/callcenters/1", remove_logo="1")
        assert CallCenter.get_by_id(1).logo_sha256 is None
        assert files.path_of(data_dir, new).exists(), "another call center has the same one"

    @pytest.mark.parametrize("name", ["0" * 64, "x", "..%2f..%2fsecrets.json", "%00"])
    def test_not_there(self, looking: Flask, name: str) -> None:
        assert Browser(looking, Role.AGENT).get(f"/logos/{name}").status_code == 404

    def test_a_logo_is_not_the_way_to_other_documents(self, looking: Flask) -> None:
        private = Attachment.get(Attachment.private)
        assert Browser(looking, Role.AGENT).get(f"/logos/{private.sha256}").status_code == 404

    def test_agents_see_logos_and_nobody_else_does(self, looking: Flask) -> None:
        path = f"/logos/{CallCenter.get_by_id(1).logo_sha256}"
        assert Browser(looking, Role.AGENT).get(path).status_code == 200
        assert Browser(looking).get(path).status_code == 302


class TestAttachments:
    def test_upload(self, admin: Browser, data_dir: Path) -> None:
        sent = {"description": "Precios", "file": upload(HTML, "docs/precios.pdf"), "private": "1"}
        assert admin.post("/adjuntos/nuevo", sent).status_code == 302
        row = Attachment.get(Attachment.filename == "precios.pdf")
        assert (row.mime, row.size, row.private) == ("text/html", len(HTML), True)
        assert files.path_of(data_dir, row.sha256).read_bytes() == HTML

    def test_served_as_a_download_only(self, admin: Browser) -> None:
        admin.post("/adjuntos/nuevo", {"file": upload(HTML, 'o"dd\nñ.html')})
        admin.post("/adjuntos/nuevo", {"file": upload(HTML, "ñandú.html")})
        row = Attachment.get(Attachment.filename == "ñandú.html")
        answer = admin.get(f"/adjuntos/{row.id}/descargar")
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize(
        ("sent", "field", "said"),
        [
            ({}, "file", "Elige un archivo"),
            ({"file": upload(b"")}, "file", "Elige un archivo"),
            ({"file": upload(b"x", "a" * 300)}, "file", "A lo sumo 200"),
            ({"file": upload(b"x", ".htaccess")}, "file", "no sirve como nombre"),
            ({"file": upload(b"x"), "description": "y" * 201}, "description", "A lo sumo 200"),
        ],
    )
    def test_bad(self, admin: Browser, sent: dict[str, Any], field: str, said: str) -> None:
        before = everything()
        answer = admin.post("/adjuntos/nuevo", sent)
        assert answer.status_code == 422
        assert said in problems(answer)[field][0]
        assert everything() == before

    def test_too_large(self, admin: Browser) -> None:
        before = everything()
        answer = admin.post("/adjuntos/nuevo", {"file": upload(b"x" * (MAX_ATTACHMENT + 1))})
        assert answer.status_code == 422
        assert "A lo sumo 15 MB" in problems(answer)["file"][0]
        assert everything() == before

    def test_private_is_for_administrators(self, looking: Flask) -> None:
        private, public = Attachment.get(Attachment.private), Attachment.get(~Attachment.private)
        for role, status in ((Role.ADMINISTRATOR, 200), (Role.SUPERVISOR, 403), (Role.AGENT, 403)):
            assert Browser(looking, role).get(f"/adjuntos/{private.id}/descargar").status_code == status
            assert Browser(looking, role).get(f"/adjuntos/{public.id}/descargar").status_code == 200

    def test_a_new_version_takes_the_place_of_the_old(self, admin: Browser, data_dir: Path) -> None:
        row = Attachment.get_by_id(1)
        old = row.sha256
        assert admin.fill("/adjuntos/1", file=upload(PNG), description="Nueva").status_code == 302
        fresh = Attachment.get_by_id(1)
        assert (fresh.filename, fresh.mime, fresh.size, fresh.description) == (
            row.filename,
            "image/png",
            len(PNG),
            "Nueva",
        )
        assert not files.path_of(data_dir, old).exists()
        assert admin.get("/adjuntos/1/descargar").data == PNG

    def test_changed_words_keep_the_bytes(self, admin: Browser, data_dir: Path) -> None:
        old = Attachment.get_by_id(1).sha256
        assert admin.fill("/adjuntos/1", description="Otra").status_code == 302
        assert Attachment.get_by_id(1).sha256 == old
        assert files.path_of(data_dir, old).exists()

    def test_deleted_the_bytes_go_unless_another_row_has_them(self, admin: Browser, data_dir: Path) -> None:
        one = Attachment.get_by_id(1)
        Attachment.create(filename="copia", mime="x", size=1, sha256=one.sha256)
        admin.post("/adjuntos/1/eliminar")
        assert files.path_of(data_dir, one.sha256).exists()
        admin.post(f"/adjuntos/{Attachment.get(Attachment.filename == 'copia').id}/eliminar")
        assert not files.path_of(data_dir, one.sha256).exists()

    def test_gone_from_the_disk(self, admin: Browser, data_dir: Path) -> None:
        files.path_of(data_dir, Attachment.get_by_id(1).sha256).unlink()
        assert admin.get("/adjuntos/1/descargar").status_code == 404


def test_the_colours_are_a_sheet_of_their_own(looking: Flask) -> None:
    answer = Browser(looking, Role.ADMINISTRATOR).get("/call-centers.css")
    assert answer.mimetype == "text/css"
    assert ".cc-1{--cc:#1f6feb;--cc-ink:" in answer.get_data(as_text=True)
    again = Browser(looking, Role.ADMINISTRATOR).get(
        "/call-centers.css", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304
