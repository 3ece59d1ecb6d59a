"""Mail that the engine sends: a caller's message to its call center's address.

Owns: the letter and the conversation with the mail server, in a thread, with a limit. Must not: hold anything up: a
letter that can't be sent is a line in the log; the message is in the admin all the same.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import structlog

from models.callers_left import VoicemailRow

log = structlog.get_logger(__name__)

SECONDS: Final = 20.0
PORTS: Final = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class Mailer:
    """`url`: smtp://, smtps:// or smtp+starttls://[user:password@]host[:port]; empty: nothing is sent."""

    def __init__(self, url: str, sender: str, *, timezone: str = "UTC", language: str = "es") -> None:
        self._url = url
        self._sender = sender
        self.timezone = timezone
        self.language = language

    async def send_voicemail(self, address: str, center: str, row: VoicemailRow, sound: bytes) -> None:
        if not (self._url and self._sender and address):
            return
        letter = self._letter(address, center, row, sound)
        try:
            await asyncio.to_thread(self._send, letter)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            log.error("voicemail_not_mailed", recording=row.key, error=str(error))
        else:
            log.info("voicemail_mailed", recording=row.key)

    def _letter(self, address: str, center: str, row: VoicemailRow, sound: bytes) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        when = datetime.fromtimestamp(row.recorded_at / 1000, UTC).astimezone(ZoneInfo(self.timezone))
        at, number = when.strftime("%d/%m/%Y %H:%M"), row.calling_number
        if self.language == "en":
            letter["Subject"] = f"Voice message for {center} from {number or 'a withheld number'}"
            text = f"Received {at}, {row.seconds} s. The recording is attached; it is in Centralita too.\n"
        else:
            letter["Subject"] = f"Mensaje de voz para {center}, de {number or 'un número oculto'}"
            text = f"Recibido el {at}, {row.seconds} s. Va adjunto; también está en Centralita.\n"
        letter["From"], letter["To"] = self._sender, address
        letter.set_content(text)
        name = when.strftime("%Y-%m-%d %H.%M") + ".wav"
        letter.add_attachment(sound, maintype="audio", subtype="wav", filename=name)
        return letter

    def _send(self, letter: EmailMessage) -> None:
        parts = urlsplit(self._url)
        port, host = parts.port or PORTS[parts.scheme], parts.hostname or ""
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=SECONDS)
        with server:
            if parts.scheme == "smtp+starttls":
                server.starttls(context=context)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(letter)
