"""What a request and an event cost: our ARI client, ari-py, and the plainest client there is, on one real switch.

    python -m bench.ari_client [--requests 5000]

Owns: the figures of docs/decisions/0002-own-ari-client.md. Must not: measure calls (`python -m bench` does).

A request is `GET /ari/asterisk/ping`, the cheapest: what is left is the way there and back. "CPU" is this process's
alone, user and system.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from websockets.asyncio.client import ClientConnection, connect

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from ari_app.ari.aripy import AriPy
from ari_app.ari.client import WebsocketAri
from ari_app.ari.decode import decode
from ari_app.ari.port import AriPort
from bench.stage import start_switch
from centralita.asterisk_conf import ARI_USER

AT_ONCE = 50

_CHANNEL = (
    '{"id":"centralita-1795476871.0.agent.1","name":"PJSIP/8330101-00000001","state":"Up","protocol_id":'
    '"c0c547b4-498a-493d-b475-e62f9fb458b6","caller":{"name":"","number":"8330101"},"connected":{"name":"María Ñandú",'
    '"number":"88887777"},"accountcode":"","dialplan":{"context":"from-agent","exten":"s","priority":1,"app_name":'
    '"Stasis","app_data":"centralita"},"creationtime":"2026-11-23T23:34:31.388+0000","language":"es","channelvars":'
    '{"CENTRALITA_CALL":"centralita-1795476871.0","CENTRALITA_CALLED":"","CENTRALITA_AGENT":"7"}}'
)
_TAIL = '"asterisk_id":"02:fc:00:00:00:01","application":"centralita"}'
_AT = '"timestamp":"2026-11-23T23:34:31.400+0000",'
# As Asterisk 22.10.1 sent them in a call.
EVENTS = {
    "StasisStart": f'{{"type":"StasisStart",{_AT}"args":["inbound","40001000"],"channel":{_CHANNEL},{_TAIL}',
    "Dial": f'{{"type":"Dial",{_AT}"dialstatus":"ANSWER","forward":"","dialstring":"","peer":{_CHANNEL},{_TAIL}',
    "ChannelHangupRequest": f'{{"cause":32,"soft":true,"type":"ChannelHangupRequest",{_AT}"channel":{_CHANNEL},{_TAIL}',
    "ChannelDestroyed": (
        f'{{"type":"ChannelDestroyed",{_AT}"cause":16,"cause_txt":"Normal Clearing",' + f'"channel":{_CHANNEL},{_TAIL}'
    ),
    "RESTResponse": '{"type":"RESTResponse","transaction_id":"9","request_id":"9","status_code":204,"reason_phrase":'
    f'"No Content","uri":"channels/centralita-1795476871.0.agent.1/dial",{_AT}{_TAIL}',
}


class Plain:
    """websockets' coroutines and json, no more: what one writes in an afternoon."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())
        self._number = 0

    async def _read(self) -> None:
        async for raw in self._connection:
            message = json.loads(raw)
            if message["type"] == "RESTResponse":
                self._waiting.pop(message["request_id"]).set_result(message)

    async def ping(self) -> None:
        self._number += 1
        number = str(self._number)
        self._waiting[number] = future = asyncio.get_running_loop().create_future()
        request = {"type": "RESTRequest", "transaction_id": number, "request_id": number, "method": "GET"}
        await self._connection.send(json.dumps(request | {"uri": "asterisk/ping"}))
        await future


Ask = Callable[[], Awaitable[Any]]


async def measure(ask: Ask, requests: int) -> tuple[float, float, float, float]:
    """One after the other: median and p99 in ms. Fifty at once: ms a request. CPU of the latter in ms a request."""
    for _ in range(200):
        await ask()
    single = []
    for _ in range(min(requests, 2000)):
        began = time.perf_counter()
        await ask()
        single.append((time.perf_counter() - began) * 1000)
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(requests // AT_ONCE):
        await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    single.sort()
    count = requests // AT_ONCE * AT_ONCE
    return statistics.median(single), single[int(len(single) * 0.99)], wall / count * 1000, used / count * 1000


async def with_driver(kind: Callable[..., AriPort], url: str, password: str, requests: int) -> tuple[float, ...]:
    port = kind(url, "bench", ARI_USER, password)
    up = asyncio.Event()
    port.start(lambda event: None, up.set, lambda down: None)
    await up.wait()
    try:
        return await measure(lambda: port.submit("asterisk.ping"), requests)
    finally:
        await port.close()


async def with_plain(url: str, password: str, requests: int) -> tuple[float, ...]:
    key = base64.b64encode(f"{ARI_USER}:{password}".encode()).decode()
    address = "ws" + url.removeprefix("http") + "/events?app=bench-plain"
    headers = {"Authorization": f"Basic {key}"}
    async with connect(address, additional_headers=headers, compression=None) as connection:
        return await measure(Plain(connection).ping, requests)


def decoding(rounds: int = 20_000) -> list[tuple[str, float, float]]:
    """Each event: microseconds of CPU to the core's event with ours, and to a dict with json."""
    figures = []
    for name, text in EVENTS.items():
        raw = text.encode()
        assert decode(raw, 1) is not None
        took = []
        for work in (lambda raw=raw: decode(raw, 1), lambda raw=raw: json.loads(raw)):
            best = float("inf")
            for _ in range(5):
                began = time.process_time()
                for _ in range(rounds):
                    work()
                best = min(best, time.process_time() - began)
            took.append(best / rounds * 1e6)
        figures.append((name, took[0], took[1]))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=5000)
    requests = parser.parse_args().requests
    print("| decoding, CPU µs an event | ours, to the core's event | json.loads, to a dict |\n|---|---|---|")
    for name, ours, plain in decoding():
        print(f"| {name} | {ours:.1f} | {plain:.1f} |")
    with tempfile.TemporaryDirectory(prefix="centralita-bench-") as folder:
        switch = start_switch(Path(folder))
        try:
            url, password = switch.config.ari_url, switch.config.ari_password
            runs = {
                "ours, uvloop": (uvloop.run, lambda: with_driver(WebsocketAri, url, password, requests)),
                "ours, asyncio": (asyncio.run, lambda: with_driver(WebsocketAri, url, password, requests)),
                "plain websockets + json, uvloop": (uvloop.run, lambda: with_plain(url, password, requests)),
                "plain websockets + json, asyncio": (asyncio.run, lambda: with_plain(url, password, requests)),
                "ari-py, its threads": (asyncio.run, lambda: with_driver(AriPy, url, password, requests)),
            }
            print("\n| a request | alone, median ms | alone, p99 ms | 50 at once, ms | 50 at once, CPU ms |")
            print("|---|---|---|---|---|")
            for name, (runner, scenario) in runs.items():
                print(f"| {name} | " + " | ".join(f"{figure:.3f}" for figure in runner(scenario())) + " |", flush=True)
        finally:
            switch.stop()


if __name__ == "__main__":
    main()
