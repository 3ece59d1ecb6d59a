"""A small HTTP server whose answers the test plays: the engine's control, ARI, the web.

Owns: serving and noting what was asked. Must not: know what the answers mean.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, Any]
Route = Callable[[Any], Reply]


class PlayedServer:
    """HTTP on a given port. `routes["GET /calls"]` takes the request's JSON and gives status and JSON."""

    def __init__(self, port: int) -> None:
        self.routes: dict[str, Route] = {}
        self.requests: list[tuple[str, Any, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                name = f"{self.command} {self.path}"
                outer.requests.append((name, body, self.headers.get("Authorization", "")))
                route = outer.routes.get(name)
                status, content = route(body) if route else (404, {"error": "not_found", "message": "No such path."})
                sent = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = _serve

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
