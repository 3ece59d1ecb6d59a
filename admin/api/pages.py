"""The API put into the web: its addresses, its document, the page on which it is read, its errors.

Owns: what of the API is open to everybody. Must not: know a resource.
"""

from typing import Any

from flask import Flask, jsonify, render_template
from werkzeug.exceptions import HTTPException

from admin.api import agents, call_centers, calls, contacts, dispositions, tickets
from admin.api.problems import PROBLEMS, ApiProblem, answer, of_http
from admin.api.spec import MAX_BODY, document, pages

__all__ = ["agents", "call_centers", "calls", "contacts", "dispositions", "register", "tickets"]


def register(app: Flask) -> None:
    """A program carries no session, so there is no form's token to ask for: `access` asks for its own."""
    app.register_blueprint(pages)
    app.extensions["csrf"].exempt(pages)


@pages.before_request
def limit_size() -> None:
    from flask import request

    request.max_content_length = MAX_BODY


@pages.get("/openapi.json")
def openapi() -> Any:
    response = jsonify(document())
    response.headers["Cache-Control"] = "no-cache"
    return response


@pages.get("/docs")
def docs() -> Any:
    """Made by us of the document, without a script: nothing is fetched from elsewhere."""
    return render_template("api_docs.html", api=document(), problems=PROBLEMS)


@pages.errorhandler(ApiProblem)
def _problem(problem: ApiProblem) -> Any:
    return answer(problem)


@pages.errorhandler(HTTPException)
def _http(error: HTTPException) -> Any:
    return error if error.code is None or error.code < 400 else of_http(error)
