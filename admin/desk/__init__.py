"""The agent's desk: one page, its token for the engine's websocket, and what it reads and saves.

Owns: /desk. Must not: speak to a call: that goes over the websocket (docs/protocols/desk-websocket.md).
"""

from flask import Flask

from admin.desk import call_views, callback_views, print_views, ticket_views  # noqa: F401  # the addresses of one call
from admin.desk.views import blueprint
from admin.messaging import chat_views


def register(app: Flask) -> None:
    """Adds the desk to the web. `admin.installation` is attached and `admin.login` registered by then."""
    app.register_blueprint(blueprint)
    app.register_blueprint(ticket_views.blueprint)
    app.register_blueprint(callback_views.blueprint)
    app.register_blueprint(chat_views.blueprint)
    app.register_blueprint(print_views.blueprint)
