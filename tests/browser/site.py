"""The real web on a free port, over a real database filled with the demonstration account.

Owns: the web's thread. Must not: know the engine: whoever tests says on which port the desks' socket is.
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from peewee import Database
from werkzeug.serving import BaseWSGIServer, make_server

from admin.app import create_app
from models.secrets import Secrets, load_or_create
from models.settings import Settings


def _not_yet(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("503 Service Unavailable", [])
    return []


class Site:
    """`with Site(...) as site`: the pages are at `site.url` until the block ends.

    The port is bound at once, so that a socket server can be told of it; the application comes with `serve`.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, _not_yet, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, name="site", daemon=True)
        self.settings: Settings | None = None
        self.secrets: Secrets = load_or_create(data_dir / "secrets.json")

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, database: Database, **settings: Any) -> None:
        """Puts the application on the port. `settings`: whatever is not the default, at least `desk_port`."""
        self.settings = Settings(data_dir=self.data_dir, web_port=self.port, **settings)
        app = create_app(self.settings, self.secrets, database)
        app.testing = True
        app.config["RATELIMIT_ENABLED"] = False
        self._server.app = app

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()
