"""CallCenters: how callers wait and where they go: saved, shown again, refused beside the field; messages uploaded."""

from __future__ import annotations

import io
import math
import struct
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from web.browser import Browser, fields, problems

from models import prompts
from models.tables import CallCenter, Prompt
from models.values.queue import OverflowTo

GOOD: dict[str, Any] = {
    "name": "Soporte Técnico Teslín",
    "numbers": "4000 4000",
    "color": "#1f6feb",
    "price": "35",
    "currency": "CRC",
    "cost_unit": "minute",
    "strategy": "all",
    "ring_seconds": "20",
    "max_wait_seconds": "120",
    "wrap_up_seconds": "15",
    "service_level_seconds": "20",
    "active": "1",
    "queue_priority": "2",
    "max_waiting": "12",
    "music": "default",
    "welcome": "stock:queue-thankyou",
    "announce_seconds": "30",
    "announce_position": "1",
    "callback_key": "1",
    "voicemail_key": "2",
    "voicemail_email": "buzon@example.com",
    "pause_after_misses": "3",
    "hours_0": "8-12; 13-17:30",
    "hours_5": "22:00-02:00",
    "closed_on_holidays": "1",
    "closed_dates": "24/12 Nochebuena\n31/12/2026",
    "closed_to": "voicemail",
    "closed_message": "stock:vm-nobodyavail",
    "full_to": "outside",
    "full_number": "+506 8800-1122",
    "waited_to": "call_center",
    "waited_center": "2",
    "nobody_to": "message",
}


def sound(seconds: float = 0.5, rate: int = 44_100, channels: int = 2, width: int = 2) -> bytes:
    """A tone of 440 Hz."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        top = 2 ** (8 * width - 1) - 1
        frames = bytearray()
        for index in range(int(seconds * rate)):
            value = int(0.8 * top * math.sin(2 * math.pi * 440 * index / rate))
            packed = bytes([value + 128]) if width == 1 else struct.pack("<q", value)[:width]
            frames += packed * channels
        file.writeframes(bytes(frames))
    return buffer.getvalue()


@pytest.fixture
def support() -> Any:
    return CallCenter.get(CallCenter.name == GOOD["name"])


def test_all_of_it_is_saved_and_shown_again(admin: Browser, support: Any) -> None:
    page = f"/callcenters/{support.id}"
    assert admin.post(page, GOOD).status_code == 302
    row = CallCenter.get_by_id(support.id)
    assert row.opening_hours == "08:00-12:00, 13:00-17:30|||||22:00-02:00|"
    assert row.closed_dates == "24/12 Nochebuena\n2026-12-31"
    assert (row.queue_priority, row.max_waiting, row.music, row.pause_after_misses) == (2, 12, "default", 3)
    assert (row.announce_seconds, row.announce_position, row.announce_wait) == (30, True, False)
    assert (row.closed_to, row.closed_message) == (OverflowTo.VOICEMAIL, "stock:vm-nobodyavail")
    assert (row.full_to, row.full_target) == (OverflowTo.OUTSIDE, "+50688001122")
    assert (row.waited_to, row.waited_target) == (OverflowTo.CALL_CENTER, "2")
    shown = fields(admin.get(page).get_data(as_text=True))
    assert shown["hours_0"] == "08:00-12:00, 13:00-17:30"
    assert shown["closed_dates"].split() == ["24/12", "Nochebuena", "2026-12-31"]
    assert (shown["full_number"], shown["waited_center"]) == ("+50688001122", "2")
    assert admin.post(page, GOOD).status_code == 302, "what is shown may be saved again"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("hours_1", "ocho a doce", "no son horas"),
        ("hours_1", "8-12, 11-13", "se traslapan"),
        ("closed_dates", "31/02", "no es una fecha"),
        ("queue_priority", "0", "entre 1 y 9"),
        ("max_waiting", "-1", "entre 0 y 500"),
        ("music", "../x", "no es una de las opciones"),
        ("welcome", "prompt:" + "0" * 64, "No existe"),
        ("welcome", "stock:../../etc/passwd", "No existe"),
        ("announce_seconds", "5", "Al menos 10"),
        ("callback_key", "A", "no es una de las opciones"),
        ("voicemail_key", "1", "ya lleva a otra parte"),
        ("voicemail_email", "nadie", "no es un correo"),
        ("pause_after_misses", "99", "entre 0 y 50"),
        ("waited_center", "", "Hace falta"),
        ("waited_center", "999", "No existe"),
        ("waited_center", "1", "a sí mismo"),
        ("full_number", "", "Hace falta"),
        ("full_number", "Panadería", "no es un número de teléfono"),
        ("full_number", "88001122@otra.example", "no es un número de teléfono"),
        ("closed_to", "mars", "no es una de las opciones"),
    ],
)
def test_refused_beside_its_field(admin: Browser, support: Any, field: str, value: str, said: str) -> None:
    assert support.id == 1
    answer = admin.post(f"/callcenters/{support.id}", {**GOOD, field: value})
    assert answer.status_code == 422
    assert any(said in text for text in problems(answer)[field]), problems(answer)


class TestMessages:
    def upload(self, admin: Browser, support: Any, content: bytes, **more: Any) -> Any:
        data = {**GOOD, "welcome": "upload", "prompt_file": (io.BytesIO(content), "saludo.wav"), **more}
        return admin.post(f"/callcenters/{support.id}", data)

    @pytest.mark.parametrize(
        "content", [sound(), sound(rate=8000, channels=1), sound(rate=16_000, width=1), sound(rate=48_000, width=3)]
    )
    def test_an_uploaded_message_becomes_what_the_switch_plays(
        self, admin: Browser, data_dir: Path, support: Any, content: bytes
    ) -> None:
        assert self.upload(admin, support, content, prompt_name="Saludo").status_code == 302
        row = Prompt.get(Prompt.name == "Saludo")
        assert CallCenter.get_by_id(support.id).welcome == f"prompt:{row.sha256}"
        path = prompts.path_of(data_dir, row.sha256)
        with wave.open(str(path)) as made:
            assert (made.getframerate(), made.getnchannels(), made.getsampwidth()) == (8000, 1, 2)
            assert abs(made.getnframes() - 4000) <= 1
            samples = struct.unpack(f"<{made.getnframes()}h", made.readframes(made.getnframes()))
        crossings = sum(before < 0 <= after for before, after in pairwise(samples))
        assert abs(crossings - 220) <= 3, "still 440 Hz"
        assert max(samples) > 20_000

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"ID3 not a wave at all", "No es un archivo WAV"),
            (b"RIFF\x00\x00\x00\x00WAVEjunk", "comprimido o dañado"),
            (sound(rate=6000), "entre 8 y 96 kHz"),
            (sound(channels=3), "más de dos canales"),
            (sound(seconds=0), "No tiene sonido"),
        ],
    )
    def test_what_cannot_be_played_is_refused_in_words(
        self, admin: Browser, support: Any, content: bytes, said: str
    ) -> None:
        answer = self.upload(admin, support, content)
        assert answer.status_code == 422
        assert any(said in text for text in problems(answer)["prompt_file"]), problems(answer)
        assert not Prompt.select().exists()

    def test_choosing_the_upload_without_a_file_is_refused(self, admin: Browser, support: Any) -> None:
        answer = admin.post(f"/callcenters/{support.id}", {**GOOD, "welcome": "upload"})
        assert "Falta el archivo" in problems(answer)["prompt_file"][0]
