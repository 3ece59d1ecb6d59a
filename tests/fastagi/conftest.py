"""A FastAGI server over a real database and a played engine; the test plays Asterisk on a real socket.

Owns: `serving`, `asterisk`, and the account's few rows. Must not: know what an entry should do.
"""

from __future__ import annotations

import socket
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastagi.played_asterisk import PlayedAsterisk
from peewee import Database
from played_server import PlayedServer

from agi_scripts.engine import Engine
from agi_scripts.entries import ENTRIES
from agi_scripts.house import House
from agi_scripts.server import Entry, Server
from models import db, pins, tables
from models.settings import Settings

PIN = "2846"


@dataclass
class Serving:
    server: Server
    house: House
    engine: PlayedServer
    agent: tables.Agent
    center: tables.CallCenter
    played: list[PlayedAsterisk] = field(default_factory=list)

    def asterisk(self, entry: str, *arguments: str, **env: str) -> PlayedAsterisk:
        self.played.append(PlayedAsterisk(self.server.port, entry, *arguments, **env))
        return self.played[-1]


@pytest.fixture(scope="session")
def pin_hash() -> str:
    return pins.hash_pin(PIN)


@pytest.fixture
def database(migrated_url: Callable[[str], str]) -> Iterator[Database]:
    opened = db.open_database(migrated_url("sqlite"))
    tables.Account.create(id=1, name="Prueba")
    yield opened
    opened.close()


@pytest.fixture
def serve(database: Database, tmp_path: Path, pin_hash: str) -> Iterator[Callable[..., Serving]]:
    made: list[Serving] = []

    def start(entries: dict[str, Entry] | None = None, **options: Any) -> Serving:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = int(taken.getsockname()[1])
        engine = PlayedServer(port)
        settings = Settings(data_dir=tmp_path, control_port=port)
        house = House(settings, database, Engine(port, "token", seconds=1.0))
        agent = tables.Agent.create(name="Ana Solís", email="ana@example.org", endpoint="8330107", pin_hash=pin_hash)
        center = tables.CallCenter.create(name="Soporte")
        tables.CallCenterNumber.create(call_center=center, pattern="40004000", canonical="+50640004000")
        server = Server(house, ENTRIES if entries is None else entries, **options)
        server.start(0)
        made.append(Serving(server, house, engine, agent, center))
        return made[-1]

    yield start
    for one in made:
        for played in one.played:
            played.close()
        one.server.stop()
        one.house.close()
        one.engine.stop()


@pytest.fixture
def serving(serve: Callable[..., Serving]) -> Serving:
    return serve()


def record(place: str, seconds: float) -> None:
    """As Asterisk's RECORD FILE leaves it."""
    with wave.open(f"{place}.wav", "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x01\x02" * int(8000 * seconds))
