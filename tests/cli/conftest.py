"""Fixtures of the command's tests: settings with free ports, and a control API played by the test."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_process import PORTS
from played_server import PlayedServer

from models.secrets import Secrets, load_or_create
from models.settings import Settings


def free_ports(count: int) -> list[int]:
    """Ports free for TCP and UDP a moment ago, all different."""
    held: list[socket.socket] = []
    try:
        found: list[int] = []
        while len(found) < count:
            stream = socket.socket()
            held.append(stream)
            stream.bind(("127.0.0.1", 0))
            port = stream.getsockname()[1]
            datagram = socket.socket(type=socket.SOCK_DGRAM)
            held.append(datagram)
            try:
                datagram.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
        return found
    finally:
        for one in held:
            one.close()


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    def make(**changes: Any) -> Settings:
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        return Settings(**{"data_dir": tmp_path / "data", **ports, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """Of a data folder that exists and has its secrets."""
    made = make_settings()
    made.data_dir.mkdir(mode=0o700)
    load_or_create(made.secrets_file)
    return made


@pytest.fixture
def secrets(settings: Settings) -> Secrets:
    return load_or_create(settings.secrets_file)


@pytest.fixture
def play(request: pytest.FixtureRequest) -> Iterator[Callable[[int], PlayedServer]]:
    """Serves a port until the test ends."""
    servers: list[PlayedServer] = []

    def start(port: int) -> PlayedServer:
        servers.append(PlayedServer(port))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
