"""A voicemail by mail: to a mail server of the test's own, whole, in the account's language and time."""

from __future__ import annotations

import asyncio
import email
import socket
import threading
from collections.abc import Iterator
from email import policy

import pytest

from ari_app.mailing import Mailer
from models.callers_left import VoicemailRow

ROW = VoicemailRow("c.1.voicemail.2", "c.1", 1, "88887777", "40001000", 1_795_500_000_000, 7, "a" * 64, 4)


class MailServer(threading.Thread):
    """Takes one letter (RFC 5321, the least of it)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.letter = b""
        self.commands: list[str] = []

    def run(self) -> None:
        connection, _ = self.socket.accept()
        with connection, connection.makefile("rwb") as line:
            say = lambda text: (line.write(text + b"\r\n"), line.flush())  # noqa: E731
            say(b"220 test")
            while command := line.readline().decode().strip():
                self.commands.append(command)
                if command.upper() == "DATA":
                    say(b"354 go on")
                    while (part := line.readline()) != b".\r\n":
                        self.letter += part.removeprefix(b".")
                say(b"250 ok")
                if command.upper() == "QUIT":
                    return


@pytest.fixture
def server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.socket.close()


def send(mailer: Mailer, address: str = "buzon@example.com") -> None:
    asyncio.run(mailer.send_voicemail(address, "Pizza Ñandú", ROW, b"RIFF"))


def test_the_letter_has_the_message_and_who_called_when(server: MailServer) -> None:
    send(Mailer(f"smtp://127.0.0.1:{server.port}", "central@example.com", timezone="America/Costa_Rica"))
    server.join(5)
    letter = email.message_from_bytes(server.letter, policy=policy.default)
    assert letter["Subject"] == "Mensaje de voz para Pizza Ñandú, de 88887777"
    assert (letter["From"], letter["To"]) == ("central@example.com", "buzon@example.com")
    body, sound = letter.iter_parts()
    assert "24/11/2026 00:00, 7 s" in body.get_content()
    assert (sound.get_content_type(), sound.get_content()) == ("audio/wav", b"RIFF")
    assert sound.get_filename().endswith(".wav")


@pytest.mark.parametrize(("url", "address"), [("", "buzon@example.com"), ("smtp://127.0.0.1:1", "")])
def test_without_a_server_or_an_address_nothing_is_sent(url: str, address: str) -> None:
    send(Mailer(url, "central@example.com"), address)


def test_a_server_that_is_away_holds_nothing_up(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    send(Mailer(f"smtp://127.0.0.1:{port}", "central@example.com"))
    assert "voicemail_not_mailed" in "".join(capfd.readouterr())
