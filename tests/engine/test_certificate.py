"""The desks' websocket over TLS: a renewed certificate is taken up by new connections, half a pair is not."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from websockets.asyncio.client import connect

from ari_app.certificate import Certificate
from centralita import certificate as making
from centralita.certificate import LIFE
from models.settings import Settings


def shown(port: int, authority: Path) -> int:
    """The serial number of the certificate that a client is shown, and believes."""
    context = ssl.create_default_context(cafile=str(authority))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        return x509.load_der_x509_certificate(wrapped.getpeercert(True) or b"").serial_number


def test_a_desk_over_wss_and_the_next_certificate_without_a_restart(bench: Any, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, tls="own")
    assert settings.certificate_files is not None
    making.ensure(settings)
    authority = tmp_path / "tls" / "authority.pem"

    async def scene() -> None:
        served = Certificate(*settings.certificate_files)  # type: ignore[misc]
        async with bench() as b:
            await b.hub.stop()
            await b.hub.start("127.0.0.1", 0, served.context)
            trusting = ssl.create_default_context(cafile=str(authority))
            url = f"wss://127.0.0.1:{b.hub.port}/desk"
            async with connect(url, ssl=trusting, origin="https://127.0.0.1:8000", proxy=None) as socket:  # type: ignore[arg-type]
                await socket.send(json.dumps({"type": "hello", "token": b.token(1), "tab": "t"}))
                assert json.loads(await socket.recv())["type"] == "welcome"
                first = await asyncio.to_thread(shown, b.hub.port, authority)
                assert not served.look()

                whole = settings.certificate_files[1].read_bytes()  # type: ignore[index]
                settings.certificate_files[1].write_text("half a pair")  # type: ignore[index]
                assert not served.look()
                assert await asyncio.to_thread(shown, b.hub.port, authority) == first
                settings.certificate_files[1].write_bytes(whole)  # type: ignore[index]

                making.ensure(settings, datetime.now(UTC) + LIFE)
                assert served.look()
                # Not yet good by the clock, so only its number is asked.
                pem = settings.certificate_files[0].read_bytes()  # type: ignore[index]
                renewed = x509.load_pem_x509_certificate(pem).serial_number
                assert await asyncio.to_thread(unchecked, b.hub.port) == renewed != first
                await socket.send('{"type":"beat"}')
                await socket.ping()

    asyncio.run(scene())


def unchecked(port: int) -> int:
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number
