"""An engine's control API on a real socket, played by the test: notes what is asked and answers what it was told."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HEALTHY = {
    "engine": "ok",
    "switch": {"connected": True, "version": "22.6.0", "since": 0},
    "database": {"ok": True, "journal": 0},
    "calls": 2,
    "desks": 3,
}


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    authorization: str
    body: Any


@dataclass
class PlayedEngine:
    """`answers`: path -> (status, body); `raw` goes out as it is. Use it as a context."""

    answers: dict[str, tuple[int, Any]] = field(default_factory=lambda: {"/reload": (200, {"generation": 7})})
    asked: list[Asked] = field(default_factory=list)
    raw: bytes | None = None
    hold: threading.Event | None = None

    def __enter__(self) -> PlayedEngine:
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(
                    self.command, self.path, self.headers.get("Authorization", ""), json.loads(body) if body else None
                )
                engine.asked.append(asked)
                if engine.hold is not None:
                    engine.hold.wait(30)
                status, answer = engine.answers.get(self.path, (404, {"error": "not_found"}))
                sent = engine.raw if engine.raw is not None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = _any

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.hold is not None:
            self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def paths(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]
