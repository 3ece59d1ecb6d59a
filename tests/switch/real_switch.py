"""A real Asterisk for tests: our own configuration on free ports in a folder of its own.

Owns: starting and ending it, and asking it (ARI over HTTP, its command line, its CEL file). Knows no engine.
"""

from __future__ import annotations

import base64
import csv
import json
import random
import re
import signal
import socket
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from switch.waiting import wait_until

from centralita import asterisk_conf
from centralita.asterisk_conf import ARI_USER, SwitchConfig
from centralita.asterisk_process import AsteriskProcess, SwitchFailed
from centralita.embedded import AsteriskDist
from dialplan import names
from dialplan.phone import ConfigRequest, PhoneObject, ha1, phone_objects, push_requests, removal_requests

_given: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """A port that is free for both TCP and UDP at this moment, and not given to anybody in this process before."""
    for _ in range(200):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((host, 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind((host, port))
            except OSError:
                continue
            if port in _given:
                continue
            _given.add(port)
            return port
    raise AssertionError("no free port")


class RealSwitch:
    """One Asterisk. `start()` and `stop()` may be repeated; the ports stay the same."""

    def __init__(self, dist: AsteriskDist, folder: Path, **changes: Any):
        rtp_start = random.randrange(11000, 31000, 500)
        values: dict[str, Any] = {
            "root": folder / "asterisk",
            "log_dir": folder / "log",
            "ari_password": "only-for-tests-" + base64.b32encode(random.randbytes(10)).decode(),
            "ari_port": free_port(),
            "sip_port": free_port(),
            "rtp_start": rtp_start,
            "rtp_end": rtp_start + 1999,
            "rtp_timeout_seconds": 600,
        }
        self.config = SwitchConfig(**{**values, **changes})
        self.dist = dist
        self.folder = folder
        self.process = AsteriskProcess(dist, self.config)

    # -- life --------------------------------------------------------------------------------------------------------
    def start(self, seconds: float = 30.0) -> RealSwitch:
        asterisk_conf.write(self.config, self.dist)
        self.process = AsteriskProcess(self.dist, self.config)
        self.process.start()
        try:
            self.process.wait_ready(seconds)
        except SwitchFailed:
            self.process.stop()
            raise
        return self

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        """As a crash: SIGKILL, by its own process id."""
        running = self.process.process
        if running is not None and running.poll() is None:
            running.send_signal(signal.SIGKILL)
            running.wait(10)

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def sip(self) -> tuple[str, int]:
        return self.config.sip_address, self.config.sip_port

    @property
    def websocket_url(self) -> str:
        """The events' websocket, with the credentials in the query as ARI takes them."""
        key = urllib.parse.quote(f"{ARI_USER}:{self.config.ari_password}")
        return f"ws://127.0.0.1:{self.config.ari_port}/ari/events?app={names.STASIS_APP}&api_key={key}"

    # -- asking ------------------------------------------------------------------------------------------------------
    def cli(self, command: str) -> str:
        return self.process.rx(command)

    def ari(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        """One ARI request over HTTP: status and decoded body. No status is an error here."""
        url = f"{self.config.ari_url}/{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        key = base64.b64encode(f"{ARI_USER}:{self.config.ari_password}".encode()).decode()
        headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        return status, json.loads(text) if text.strip() else None

    def channels(self) -> list[dict[str, Any]]:
        """Without the one on which messages are taken: it is no call, and stays."""
        listed = self.ari("GET", "channels")[1]
        return [channel for channel in listed if not channel["name"].startswith(names.MESSAGE_CHANNEL)]

    def bridges(self) -> list[dict[str, Any]]:
        return list(self.ari("GET", "bridges")[1])

    def wait_quiet(self, seconds: float = 5.0) -> None:
        """Returns when no channel and no bridge is left."""

        def quiet() -> bool:
            left = [c["name"] for c in self.channels()] + [b["id"] for b in self.bridges()]
            self._left = left
            return not left

        try:
            wait_until(quiet, seconds)
        except AssertionError:
            raise AssertionError(f"channels and bridges left: {self._left}") from None

    def hang_up_everything(self) -> None:
        """So that one test's strays are not the next one's."""
        for channel in self.channels():
            self.ari("DELETE", f"channels/{channel['id']}")
        for bridge in self.bridges():
            self.ari("DELETE", f"bridges/{bridge['id']}")

    def cel(self) -> list[dict[str, str]]:
        """The CEL record so far, each row by the names of `dialplan.names.CEL_COLUMNS`."""
        if not self.config.cel_file.exists():
            return []
        columns = [name for name, _ in names.CEL_COLUMNS]
        with self.config.cel_file.open(newline="", encoding="utf-8") as handle:
            return [dict(zip(columns, row, strict=True)) for row in csv.reader(handle)]

    # -- phones ------------------------------------------------------------------------------------------------------
    def push_phone(self, endpoint: str, secret: str, **options: Any) -> list[PhoneObject]:
        """Pushes a phone as the engine does. No qualifying unless asked for."""
        options.setdefault("qualify_seconds", 0)
        pushed = phone_objects(endpoint, digest_ha1=ha1(endpoint, secret), **options)
        self.configure(push_requests(pushed))
        return pushed

    def remove_phone(self, endpoint: str) -> None:
        self.configure(removal_requests(endpoint))

    def configure(self, requests: list[ConfigRequest]) -> None:
        """Sends configuration requests as their class says."""
        for request in requests:
            if request.only_if_absent and self.ari("GET", request.uri)[0] != 404:
                continue
            status, answer = self.ari(request.method, request.uri, request.body)
            assert status in (200, 204) or (request.method == "DELETE" and status == 404), (request, status, answer)

    def contact_of(self, endpoint: str) -> str:
        """The SIP address this phone is registered at (`sip:8330101@127.0.0.1:5062`), empty when it is not."""
        match = re.search(rf"Contact:\s+{re.escape(endpoint)}/(\S+)", self.cli("pjsip show contacts"))
        return match[1] if match else ""
