"""Operations: the decorator that every view of the API wears, and the OpenAPI document made of them.

Owns: the order of the gates (who, how often, what is sent), what the document says of all operations alike. Must not:
know a resource. SpecTree reads paths, queries and bodies off the views; docs/decisions/0024-rest-api.md says why.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel
from spectree import Response, SpecTree

from admin.api import access, idempotency
from admin.api.marks import V1
from admin.api.problems import PROBLEMS, ApiProblem, of_validation
from admin.api.shapes import Problem
from admin.api.tokens import RESOURCES
from admin.permissions import Act

MAX_BODY: Final = 256 * 1024

pages = Blueprint("api", __name__, url_prefix=V1)


def _refuse(_request: Any, _response: Any, error: Any, _instance: Any, _adapter: Any) -> None:
    if error is not None:
        raise of_validation(error)


def _quiet(_request: Any, _response: Any, _error: Any, _instance: Any, _adapter: Any) -> None:
    """Answers are models: they were checked when they were made."""


tree = SpecTree(
    "flask",
    mode="strict",
    title="Centralita",
    version="1",
    openapi_version="3.1.0",
    before=_refuse,
    after=_quiet,
    validation_error_model=Problem,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
)


@dataclass(frozen=True, slots=True)
class Operation:
    resource: str
    act: Act
    summary: Any
    edits: bool  # a row that there is: If-Match
    repeatable: bool  # takes an Idempotency-Key
    problems: tuple[str, ...]
    has_body: bool
    one: bool  # its answer carries an ETag


OPERATIONS: Final[dict[str, Operation]] = {}


def operation(
    resource: str,
    act: Act,
    summary: Any,
    *,
    section: str | None = "",
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
    status: int = 200,
    edits: bool = False,
    one: bool = False,
    problems: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view of the API. `section`: whose permissions count; "": the resource's own; None: nobody's."""
    repeatable = request_is_new = act is Act.CREATE

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        responses = Response(**{f"HTTP_{status}": answer})
        checked = tree.validate(
            query=query, json=body, resp=responses, tags=[resource], operation_id=view.__name__,
            security={"token": []},
        )(view)  # fmt: skip

        @wraps(checked)
        def gate(**path: Any) -> Any:
            access.enter(resource, act, resource if section == "" else section)
            if body is not None:
                _read_object()
            if edits and not request.headers.get("If-Match"):
                raise ApiProblem(
                    "if_match_required", _("Envía en If-Match el ETag de lo que leíste, o * para cambiarlo a ciegas.")
                )
            if request_is_new:
                return idempotency.once(lambda: checked(**path))
            return checked(**path)

        OPERATIONS[view.__name__] = Operation(
            resource, act, summary, edits, repeatable, problems, body is not None, one
        )
        return gate

    return decorate


def _read_object() -> None:
    """SpecTree takes a body that is no JSON for an empty one."""
    if request.mimetype != "application/json":
        raise ApiProblem("not_json", _("Envía application/json."))
    try:
        sent = json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise ApiProblem("malformed", _("El cuerpo no es JSON.")) from None
    if not isinstance(sent, dict):
        raise ApiProblem("malformed", _("El cuerpo debe ser un objeto JSON."))


# ---------------------------------------------------------------- the document
_HEADERS: Final = {
    "If-Match": _l("El ETag de lo que se leyó: si cambió mientras tanto, nada se guarda. * guarda de todos modos."),
    "Idempotency-Key": _l("Un texto al azar: la misma petición repetida con él se hace una sola vez."),
    "ETag": _l("Con él se guardan cambios después (If-Match)."),
    "Retry-After": _l("Cuántos segundos esperar."),
}


def document() -> dict[str, Any]:
    """The OpenAPI document, its summaries in the language of the request."""
    made: dict[str, Any] = deepcopy(tree.spec)
    made["info"]["description"] = _(
        "Los datos y las reglas del administrador, para programas. Cada petición lleva un token de la página "
        "«Tokens de API» y actúa como su dueño, con los permisos de los dos."
    )
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["components"]["schemas"]["Problem"].setdefault("description", "RFC 9457")
    made["tags"] = [{"name": name, "description": str(words)} for name, words in RESOURCES.items()]
    made["paths"] = dict(sorted(made["paths"].items()))
    schemas = made["components"]["schemas"]
    for methods in made["paths"].values():
        for one in methods.values():
            _describe(one, OPERATIONS[one["operationId"]])
            if "requestBody" in one:
                _no_defaults(
                    schemas[one["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]]
                )
    return made


def _no_defaults(schema: dict[str, Any]) -> None:
    """What is not sent stays as it is, or is what the section begins with: no body has a default of its own."""
    for one in schema["properties"].values():
        one.pop("default", None)
        if "patternProperties" in one:
            one["additionalProperties"] = False


def _describe(one: dict[str, Any], known: Operation) -> None:
    one["summary"] = str(known.summary)
    what = "read" if known.act is Act.READ else "write"
    one["description"] = f"{known.resource}:{what}"
    for parameter in one["parameters"]:
        parameter.setdefault("schema", {})
        if parameter["in"] == "path":
            parameter["schema"] = {"type": "integer", "minimum": 1} if parameter["name"] != "call_id" else {
                "type": "string", "maxLength": 64, "pattern": "^[A-Za-z0-9._:-]+$"}  # fmt: skip
    if known.edits:
        one["parameters"].append(_header("If-Match", required=True))
    if known.repeatable:
        one["parameters"].append(_header("Idempotency-Key", required=False, pattern=idempotency.KEY_PATTERN))
    if known.has_body:
        one["requestBody"]["required"] = True
    codes = ["malformed", "unauthorized", "forbidden", "too_many_requests", *known.problems]
    if any(parameter["in"] == "path" for parameter in one["parameters"]):
        codes.append("not_found")
    if known.has_body:
        codes += ["too_large", "not_json", "invalid"]
    if known.edits:
        codes += ["changed_meanwhile", "if_match_required", "conflict"]
    if known.repeatable:
        codes += ["conflict", "invalid"]
    if any(parameter["in"] == "query" for parameter in one["parameters"]):
        codes.append("invalid")
    one["responses"].pop("422", None)
    if known.one:
        for status in ("200", "201"):
            if status in one["responses"]:
                one["responses"][status]["headers"] = {"ETag": _described("ETag")}
    for code in codes:
        _add_problem(one["responses"], code)
    one["responses"] = dict(sorted(one["responses"].items()))


def _add_problem(responses: dict[str, Any], code: str) -> None:
    status, title = PROBLEMS[code]
    known = responses.get(str(status))
    if known is not None:
        if str(title) not in known["description"]:
            known["description"] += f" · {title}"
        return
    responses[str(status)] = {
        "description": str(title),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == 429:
        responses[str(status)]["headers"] = {"Retry-After": _described("Retry-After", kind="integer")}


def _described(name: str, kind: str = "string") -> dict[str, Any]:
    return {"description": str(_HEADERS[name]), "schema": {"type": kind}}


def _header(name: str, *, required: bool, pattern: str = "") -> dict[str, Any]:
    schema = {"type": "string"} | ({"pattern": pattern} if pattern else {"minLength": 1})
    return {
        "name": name, "in": "header", "required": required, "description": str(_HEADERS[name]), "schema": schema,
    }  # fmt: skip
